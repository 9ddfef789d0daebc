// What the control socket, the metrics and the page need of the daemon, and nothing else of it. Plain objects, as they are
// printed and sent. Types only; no I/O.
import type { Succession } from '../net/socket-place.js';

export type Version = {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  readonly config: string;
  readonly startedAt: string;
};

/** What a verdict rests on, as fields of one level. One is missing where there was no such thing. */
export type FlatEvidence = {
  readonly backchannel?: string;
  /** SESSIONID. */
  readonly session?: string;
  /** What Cyrus said. */
  readonly code?: string;
  readonly enhanced?: string;
  readonly said?: string;
  /** The address of the witness, and what it was found to be. */
  readonly witness?: string;
  readonly witnessSaid?: string;
  readonly rule?: string;
  /** Of the message for which there was no room. */
  readonly messageBytes?: number;
};

/** One decision, as `tail` and `explain` show it. A field is missing where there was no such thing. */
export type DecisionLine = {
  readonly time: string;
  readonly map: string;
  /** UTF-8 where the bytes are that. */
  readonly key: string;
  readonly reply: string;
  readonly verdict: string;
  readonly source: string;
  readonly ms: number;
  readonly connection?: number;
  readonly reason?: string;
  readonly ageMs?: number;
  readonly queueId?: string;
} & FlatEvidence;

export type DecisionFilter = {
  /** The first word of a verdict, or of a reply. */
  readonly verdict?: string | undefined;
  readonly domain?: string | undefined;
};

/** What is remembered of a mailbox. */
export type Remembered = {
  readonly mailbox: string;
  readonly state: string;
  readonly ageMs: number;
  /** Whether a lookup now would be answered from it. */
  readonly believed: boolean;
  /** The back-channel that said so; missing where it is gone. */
  readonly by?: string;
};

/** What tells whether the answers of a back-channel are still true. */
export type ProofState = {
  /** What it is, and how it stands. */
  readonly words: string;
  /** What was asked longer ago is outdated: milliseconds; missing where nothing is outdated. */
  readonly floorAgoMs?: number;
  /** Nothing that is remembered may be believed now. */
  readonly closed?: true;
};

export type Explanation = {
  readonly key: string;
  /** Undefined where the key names none. */
  readonly recipient?: { readonly address: string; readonly mailbox: string; readonly detail?: string };
  /** Why it names none, or why nobody needs to be asked. */
  readonly rule?: string;
  /** Whom it would ask; or that nobody serves the domain. */
  readonly backchannel: string;
  /** Of that back-channel. */
  readonly proof?: ProofState;
  readonly remembered?: Remembered;
  /** What a lookup would be answered now, if it is known. */
  readonly answer?: string;
  /** What Cyrus said just now, beside the cache. */
  readonly asked?: DecisionLine;
  readonly decisions: readonly DecisionLine[];
};

export type Flush =
  { readonly what: 'key' | 'domain'; readonly name: string } | { readonly what: 'negative' | 'all' };

export type ReloadReport = {
  /** Why the new file was refused; undefined where it was taken. */
  readonly refused?: string;
  readonly config: string;
  /** Keys that have another value now than before this reload. */
  readonly changed: readonly string[];
  /** Keys that have another value than at the start, and hold it only after a restart. */
  readonly needRestart: readonly string[];
};

export type BackchannelFigures = {
  readonly name: string;
  /** `untried`: nobody was asked yet. */
  readonly state: 'up' | 'down' | 'untried';
  readonly sessions: number;
  readonly waiting: number;
  readonly questions: number;
  readonly batches: number;
  /** Seconds since its last answer; undefined where there was none. */
  readonly answeredAgo?: number;
  /** Why it is down. */
  readonly trouble?: string;
  readonly witness?: string;
  readonly witnessState?: 'standing' | 'failed' | 'missing' | 'untried';
  /** Of a mupdate master. */
  readonly list?: {
    readonly standing: string;
    readonly mailboxes: number;
    /** How often it came whole. */
    readonly loads: number;
    /** Servers that the configuration does not name. */
    readonly strangers: readonly string[];
  };
};

/** Counters since the start, and sizes of now. */
export type Figures = {
  readonly uptimeSeconds: number;
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
  readonly connections: number;
  readonly lingering: number;
  readonly accepted: number;
  readonly closed: { readonly [reason: string]: number };
  readonly requests: number;
  readonly replies: { readonly [status: string]: number };
  readonly lookups: readonly {
    readonly map: string;
    readonly verdict: string;
    readonly source: string;
    readonly count: number;
  }[];
  readonly misses: {
    readonly bounds: readonly number[];
    readonly cumulative: readonly number[];
    readonly sumSeconds: number;
    readonly count: number;
  };
  readonly caches: readonly {
    readonly store: string;
    readonly entries: number;
    readonly max: number;
    readonly evictions: number;
  }[];
  readonly backchannels: readonly BackchannelFigures[];
  readonly events?: {
    readonly received: { readonly [event: string]: number };
    readonly gaps: number;
    readonly handedOn: number;
    readonly dropped: number;
  };
  /** What crosses machines, where something does. */
  readonly fleet?: {
    readonly publishing:
      | {
          readonly stream: string;
          readonly instance: string;
          readonly seq: number;
          readonly lastId: string;
          readonly followers: number;
          readonly waiting: number;
          readonly held: number;
          readonly expired: number;
          readonly trouble: string | undefined;
        }
      | undefined;
    readonly following: readonly {
      readonly stream: string;
      readonly lease: boolean;
      readonly behind: number;
      readonly lastId: string;
      readonly taken: number;
      readonly forgottenAll: number;
      readonly trouble: string | undefined;
    }[];
  };
  readonly harvest: { readonly begun: number; readonly active: readonly string[] };
  readonly unlogged: { readonly [verb: string]: number };
  readonly loopDelaySeconds: number;
  /** The proof by mailboxes.db, where there is one. */
  readonly clock?: { readonly standing: string; readonly reason?: string; readonly changes: number };
  /** The list of all mailboxes, where it is held. */
  readonly directory?: {
    readonly standing: string;
    readonly reason?: string | undefined;
    readonly mailboxes: number;
    readonly loads: number;
    readonly confirmed: number;
    readonly missing: number;
  };
  readonly sasldb?: { readonly used: number; readonly max: number };
  /** Of the policy service, where there is one. */
  readonly policy?: {
    readonly connections: number;
    readonly requests: number;
    readonly replies: { readonly [status: string]: number };
  };
  /** The other socketmap beside ours, where there is one. */
  readonly shadow?: {
    readonly answers: { readonly [result: string]: number };
    readonly differences: { readonly [kind: string]: number };
  };
};

export type Readiness = {
  readonly ready: boolean;
  /** One line for each that was looked at: what, and how it is. */
  readonly reasons: readonly string[];
};

/** What a successor has to know of the running daemon before it takes over. */
export type Standing = {
  readonly listeners: readonly string[];
  /** Whether another process can listen on its ports too. */
  readonly sharesPorts: boolean;
  /** Which file it was read from at its start. */
  readonly program: string;
  /** It has taken over itself, and is not done with that. */
  readonly taking: boolean;
  /** Microseconds within which systemd wants signs of life: it tells that only to a process that it starts. */
  readonly watchdog?: string;
};

/** A successor, whose sockets wait beside those that they are to replace. */
export type TakeoverRequest = {
  readonly pid: number;
  readonly places: readonly Succession[];
};

/** A takeover that is under way. */
export type Handing = {
  /** What the successor is told, until the end. */
  lines(): AsyncGenerator<readonly object[]>;
  /** It is gone: where it had not been told the end, everything is taken back. */
  abandon(): void;
};

export interface Operations {
  standing(): Standing;
  /** @throws UnavailableError where it cannot be; then nothing has changed */
  handOver(request: TakeoverRequest): Promise<Handing>;
  version(): Version;
  figures(): Figures;
  readiness(): Readiness;
  /** @param key latin1 @param ask whether Cyrus is asked, beside the cache */
  explain(key: string, ask: boolean): Promise<Explanation>;
  /** @returns how many remembered mailboxes are forgotten */
  flush(what: Flush): Promise<number>;
  /** All that is remembered, in portions that do not hold up lookups. */
  dump(domain: string | undefined): AsyncGenerator<readonly Remembered[]>;
  /** The newest first. */
  lastRefused(max: number): readonly DecisionLine[];
  /** @returns what ends it */
  tail(filter: DecisionFilter, take: (line: DecisionLine) => void): () => void;
  reload(): Promise<ReloadReport>;
}

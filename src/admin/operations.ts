// What the control socket, the metrics and the page need from the daemon, and nothing more: plain objects, as they are printed
// and sent. Types only; no I/O.
import type { Succession } from '../net/socket-place.js';

export type Version = {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  readonly config: string;
  readonly startedAt: string;
};

/** The evidence for a verdict, as fields on one level. A field is left out where there is nothing to say of it. */
export type FlatEvidence = {
  readonly backchannel?: string;
  /** The SESSIONID by which Cyrus' own log names the conversation. */
  readonly session?: string;
  /** What Cyrus said. */
  readonly code?: string;
  readonly enhanced?: string;
  readonly said?: string;
  /** The address of the witness, and what it was found to be. */
  readonly witness?: string;
  readonly witnessSaid?: string;
  readonly rule?: string;
  /** The size of the message for which there was no room. */
  readonly messageBytes?: number;
};

/** One decision, as `tail` and `explain` show it. A field is left out where there is nothing to say of it. */
export type DecisionLine = {
  readonly time: string;
  readonly map: string;
  /** Read as UTF-8 where the bytes are valid UTF-8. */
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
  /** Whether a lookup would be answered from it now. */
  readonly believed: boolean;
  /** The back-channel that said so; left out where there is no such back-channel any more. */
  readonly by?: string;
};

/** The proof of currency of a back-channel: what tells us whether its answers are still true. */
export type ProofState = {
  /** What kind of proof it is, and whether it works now. */
  readonly words: string;
  /** What was asked longer ago than so many milliseconds is outdated; left out where nothing is outdated. */
  readonly floorAgoMs?: number;
  /** Set where nothing that is remembered may be believed now. */
  readonly closed?: true;
};

export type Explanation = {
  readonly key: string;
  /** Undefined where the key is no recipient. */
  readonly recipient?: { readonly address: string; readonly mailbox: string; readonly detail?: string };
  /** Why the key is no recipient, or why nobody needs to be asked. */
  readonly rule?: string;
  /** The back-channel that would be asked; or that none serves the domain. */
  readonly backchannel: string;
  /** The proof of that back-channel. */
  readonly proof?: ProofState;
  readonly remembered?: Remembered;
  /** How a lookup would be answered now, if that is known without asking. */
  readonly answer?: string;
  /** What Cyrus has just said, asked past the cache. */
  readonly asked?: DecisionLine;
  readonly decisions: readonly DecisionLine[];
};

export type Flush =
  { readonly what: 'key' | 'domain'; readonly name: string } | { readonly what: 'negative' | 'all' };

export type ReloadReport = {
  /** Why the new file was refused; undefined where it was taken. */
  readonly refused?: string;
  readonly config: string;
  /** The configuration keys that this reload has changed. */
  readonly changed: readonly string[];
  /** The configuration keys that were changed since the start, but need a restart. */
  readonly needRestart: readonly string[];
};

export type BackchannelFigures = {
  readonly name: string;
  /** `untried`: there was no answer and no failure yet. */
  readonly state: 'up' | 'down' | 'untried';
  readonly sessions: number;
  readonly waiting: number;
  readonly questions: number;
  readonly batches: number;
  /** How many seconds ago it answered last; undefined where it never did. */
  readonly answeredAgo?: number;
  /** Why it is down. */
  readonly trouble?: string;
  readonly witness?: string;
  readonly witnessState?: 'standing' | 'failed' | 'missing' | 'untried';
  /** The list of a mupdate master. */
  readonly list?: {
    readonly standing: string;
    readonly mailboxes: number;
    /** How often the complete list came. */
    readonly loads: number;
    /** Servers on the list that the configuration does not name. */
    readonly strangers: readonly string[];
  };
};

/** Counters since the start, and present sizes. */
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
  /** The clock of mailboxes.db, where there is one. */
  readonly clock?: { readonly standing: string; readonly reason?: string; readonly changes: number };
  /** The directory, our copy of the list of all mailboxes, where there is one. */
  readonly directory?: {
    readonly standing: string;
    readonly reason?: string | undefined;
    readonly mailboxes: number;
    readonly loads: number;
    readonly confirmed: number;
    readonly missing: number;
  };
  readonly sasldb?: { readonly used: number; readonly max: number };
  /** The policy service, where there is one. */
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
  /** One line for each thing that was checked: what it is, and how it stands. */
  readonly reasons: readonly string[];
};

/** What a successor must know of the running daemon before it takes over. */
export type Standing = {
  readonly listeners: readonly string[];
  /** Whether another process can listen on its ports too. */
  readonly sharesPorts: boolean;
  /** The file from which the program was started. */
  readonly program: string;
  /** Whether the daemon is itself still taking over from another one. */
  readonly taking: boolean;
  /** By the names of back-channels, addresses that Cyrus has confirmed: a successor without canaries asks about these at first. */
  readonly witnesses: Readonly<Record<string, readonly string[]>>;
  /** WATCHDOG_USEC: how often systemd wants signs of life. It tells that only to a process that it starts itself. */
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
  /** The successor is gone: if it had not been told that all is done, everything is undone. */
  abandon(): void;
};

export interface Operations {
  standing(): Standing;
  /** @throws UnavailableError where a takeover is not possible; then nothing has changed */
  handOver(request: TakeoverRequest): Promise<Handing>;
  version(): Version;
  figures(): Figures;
  readiness(): Readiness;
  /** @param key latin1 @param ask whether to ask Cyrus too, past the cache */
  explain(key: string, ask: boolean): Promise<Explanation>;
  /** @returns how many mailboxes were forgotten */
  flush(what: Flush): Promise<number>;
  /** All that is remembered, in portions so small that they do not hold up lookups. */
  dump(domain: string | undefined): AsyncGenerator<readonly Remembered[]>;
  /** The last refusals, the newest first. */
  lastRefused(max: number): readonly DecisionLine[];
  /** Calls `take` for each decision from now on. @returns a function that ends this */
  tail(filter: DecisionFilter, take: (line: DecisionLine) => void): () => void;
  reload(): Promise<ReloadReport>;
}

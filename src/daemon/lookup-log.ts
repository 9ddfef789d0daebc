// Writes lookups to the log: refused and deferred recipients at info, accepted ones at debug. A dictionary attack must not fill
// the disk, and its lines must not cost more than its lookups: so beyond a number of lines a second the others are counted, and
// told in one line. No I/O of its own.
import type { Log } from '../log/log.js';
import type { Outcome } from '../validation/outcome.js';
import { flatEvidence } from './flat-evidence.js';
import type { Verdict } from '../validation/verdict.js';
import * as verbs from '../log/verbs/lookups.js';

const SECOND_MS = 1000;

const VERBS = {
  deliverable: verbs.found,
  unknown: verbs.notfound,
  overquota: verbs.overquota,
  refused: verbs.refused,
  deferred: verbs.deferred,
} as const satisfies { readonly [kind in Verdict['kind']]: unknown };

export class LookupLog {
  readonly #log: Log;
  readonly #now: () => number;
  /** How many lines about refused and deferred recipients a second may have. */
  maxRefusedPerSecond: number;
  #since = -Infinity;
  #lines = 0;
  /** How many had no line in this second, by verb. */
  readonly #unlogged = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  /** How many had no line since the start, by verb. */
  readonly unlogged = new Map<string, number>();

  /** @param now monotonic milliseconds */
  constructor(log: Log, maxRefusedPerSecond: number, now: () => number) {
    this.#log = log;
    this.maxRefusedPerSecond = maxRefusedPerSecond;
    this.#now = now;
  }

  /**
   * @param connection of the mail server, counted from the start
   * @param queueId of the mail server, where it sends it along
   */
  accepted(
    map: string,
    key: string,
    connection: number | undefined,
    outcome: Outcome,
    ms: number,
    queueId?: string,
  ): void {
    if (!this.#log.isLevelEnabled('debug')) return;
    verbOf(outcome).at('debug', this.#log, fields(map, key, connection, outcome, ms, queueId));
  }

  /** @param ageMs of the denial that answered; undefined where none did */
  refused(
    map: string,
    key: string,
    connection: number | undefined,
    outcome: Outcome,
    ms: number,
    ageMs: number | undefined,
    queueId?: string,
    now = this.#now(),
  ): void {
    if (!this.#log.isLevelEnabled('info')) return;
    const verb = verbOf(outcome);
    if (this.#hasRoom(now)) {
      const age = ageMs === undefined ? undefined : { ageMs: Math.round(ageMs) };
      verb.at('info', this.#log, { ...fields(map, key, connection, outcome, ms, queueId), ...age });
    } else {
      this.#unlogged.set(verb.verb, (this.#unlogged.get(verb.verb) ?? 0) + 1);
      this.unlogged.set(verb.verb, (this.unlogged.get(verb.verb) ?? 0) + 1);
    }
  }

  /** Ends this second: tells how many had no line. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#since = -Infinity;
    if (this.#unlogged.size === 0) return;
    verbs.unlogged(this.#log, { counts: Object.fromEntries(this.#unlogged) });
    this.#unlogged.clear();
  }

  /** Whether this second has a line left. The first lookup that finds none arranges for the line that tells their number. */
  #hasRoom(now: number): boolean {
    if (now - this.#since >= SECOND_MS) {
      this.#since = now;
      this.#lines = 0;
    }
    if (this.#lines < this.maxRefusedPerSecond) {
      this.#lines += 1;
      return true;
    }
    this.#timer ??= setTimeout(() => this.end(), this.#since + SECOND_MS - now).unref();
    return false;
  }
}

/** A key is bytes: as UTF-8 it is readable, and the log's JSON escapes whatever a stranger put into it. */
function fields(
  map: string,
  key: string,
  connection: number | undefined,
  outcome: Outcome,
  ms: number,
  queueId: string | undefined,
) {
  const { verdict, source } = outcome;
  const named = {
    map,
    ...(queueId === undefined ? {} : { queueId }),
    key: Buffer.from(key, 'latin1').toString(),
    verdict: verdict.kind,
    source,
    ms: rounded(ms),
    ...(connection === undefined ? {} : { connection }),
  };
  if (verdict.kind === 'deliverable') return named;
  const evidence = flatEvidence(verdict.evidence);
  return verdict.kind === 'deferred'
    ? { ...named, reason: verdict.reason, ...evidence }
    : { ...named, ...evidence };
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function verbOf({ verdict, source }: Outcome) {
  return source === 'stale' ? verbs.stale : VERBS[verdict.kind];
}

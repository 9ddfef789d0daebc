// The daemon as the control socket sees it: one object with the operations, made of the daemon's parts. No I/O of its own.
import type {
  DecisionFilter,
  DecisionLine,
  Explanation,
  Figures,
  Flush,
  Handing,
  Operations,
  Readiness,
  ReloadReport,
  Remembered,
  Standing,
  TakeoverRequest,
  Version,
} from '../admin/operations.js';
import type { Backchannels } from '../backchannels/build.js';
import type { Config } from '../config/config.js';
import { answersByDomain, replyPolicyFor } from '../config/domain-answers.js';
import { UnavailableError } from '../errors.js';
import { SHARES_PORTS } from '../net/shared-port.js';
import { packageVersion, programFile } from '../package.js';
import type { Validator } from '../validation/validator.js';
import type { VerdictCache } from '../validation/verdict-cache.js';
import { decisionLine, matches } from './decision-line.js';
import type { Decisions } from './decisions.js';
import { explain } from './explain.js';
import { learnedWitnesses } from './learned-witnesses.js';
import { readinessOf } from './readiness.js';
import { dump, flush } from './remembered.js';

export type OperatorParts = {
  readonly validator: Validator;
  readonly cache: VerdictCache;
  readonly decisions: Decisions;
  /** The configuration that is in force now; a reload brings another one. */
  readonly config: () => Config;
  readonly backchannels: () => Backchannels;
  readonly figures: () => Figures;
  readonly listeners: () => readonly string[];
  readonly handOver: (request: TakeoverRequest) => Promise<Handing>;
  readonly taking: () => boolean;
  /** What systemd wants as a sign of life, WATCHDOG_USEC of the environment, in microseconds. */
  readonly watchdog: string | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly wallClock: () => number;
};

export class Operator implements Operations {
  readonly #parts: OperatorParts;
  readonly #startedAt: string;
  readonly #program = programFile();
  /** Set by whoever reads the configuration file. */
  reloader: (() => Promise<ReloadReport>) | undefined;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
    this.#startedAt = new Date(parts.wallClock()).toISOString();
  }

  version(): Version {
    return {
      version: packageVersion(),
      node: process.version,
      pid: process.pid,
      config: this.#parts.config().file ?? 'built-in',
      startedAt: this.#startedAt,
    };
  }

  figures(): Figures {
    return this.#parts.figures();
  }

  readiness(): Readiness {
    const { config, listeners, figures } = this.#parts;
    return readinessOf(config(), listeners().length, figures().backchannels);
  }

  standing(): Standing {
    const { listeners, taking, watchdog, backchannels } = this.#parts;
    return {
      listeners: listeners(),
      sharesPorts: SHARES_PORTS,
      program: this.#program,
      taking: taking(),
      witnesses: learnedWitnesses(backchannels().cyrus),
      ...(watchdog !== undefined && { watchdog }),
    };
  }

  handOver(request: TakeoverRequest): Promise<Handing> {
    return this.#parts.handOver(request);
  }

  explain(key: string, ask: boolean): Promise<Explanation> {
    const { validator, cache, decisions, config, backchannels, now } = this.#parts;
    const inForce = config();
    const { defaultMap, lookup } = inForce;
    return explain(key, ask, {
      validator,
      cache,
      decisions,
      route: backchannels().route,
      policy: replyPolicyFor(key, defaultMap, answersByDomain(inForce)),
      deadlineMs: lookup.deadlineMs,
      now,
      wall: this.#wall,
    });
  }

  flush(what: Flush): Promise<number> {
    const { cache, validator } = this.#parts;
    return flush(what, cache, validator);
  }

  dump(domain: string | undefined): AsyncGenerator<readonly Remembered[]> {
    return dump(domain, this.#parts);
  }

  lastRefused(max: number): readonly DecisionLine[] {
    return this.#parts.decisions
      .newest('refused', () => true, max)
      .map((each) => decisionLine(each, this.#wall));
  }

  tail(filter: DecisionFilter, take: (line: DecisionLine) => void): () => void {
    return this.#parts.decisions.listen((decision) => {
      if (matches(filter, decision)) take(decisionLine(decision, this.#wall));
    });
  }

  reload(): Promise<ReloadReport> {
    if (this.reloader === undefined) throw new UnavailableError('the daemon is still starting');
    return this.reloader();
  }

  get #wall(): number {
    return this.#parts.wallClock() - this.#parts.now();
  }
}

// A lookup as a mail server sees it: the map's policy makes a reply of the validator's outcome, and the log and
// the metrics hear of it. Refused and deferred recipients are logged at info, accepted ones at debug. No I/O.
import type { Config } from './config.js';
import type { Log } from './log.js';
import type { Metrics } from './metrics.js';
import type { Lookup } from './socketmap/lookup.js';
import type { DetailRule, Outcome, Validator } from './validation/validator.js';
import { replyFor, type Reply, type ReplyPolicy, type Verdict } from './validation/verdict.js';

/** What a map makes of verdicts and of details. */
export type MapPolicy = ReplyPolicy & { readonly detail: DetailRule };

/** The policy of a map by its name; an unknown name takes the default. */
export type Policies = (map: string) => MapPolicy;

/** Of the configuration: a map without a table is as the default one. */
export function policiesOf({ maps, defaultMap }: Pick<Config, 'maps' | 'defaultMap'>): Policies {
  return (map) => maps.get(map) ?? defaultMap;
}

export class Lookups implements Lookup {
  readonly #validator: Validator;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #now: () => number;
  policies: Policies;

  constructor(validator: Validator, policies: Policies, log: Log, metrics: Metrics, now: () => number) {
    this.#validator = validator;
    this.policies = policies;
    this.#log = log;
    this.#metrics = metrics;
    this.#now = now;
  }

  answerNow(map: string, key: string): Reply | undefined {
    const policy = this.policies(map);
    const outcome = this.#validator.known(key, policy.detail);
    return outcome === undefined ? undefined : this.#reply(map, key, policy, outcome, 0);
  }

  answerLater(map: string, key: string): Promise<Reply> {
    const start = this.#now();
    const policy = this.policies(map);
    return this.#validator.ask(key, policy.detail).then((outcome) => {
      const ms = this.#now() - start;
      this.#metrics.missed(ms);
      return this.#reply(map, key, policy, outcome, ms);
    });
  }

  #reply(map: string, key: string, policy: ReplyPolicy, outcome: Outcome, ms: number): Reply {
    const { verdict, source } = outcome;
    this.#metrics.count(verdict.kind, source);
    const reply = replyFor(verdict, key, policy);
    if (reply.status === 'OK') {
      if (this.#log.isLevelEnabled('debug')) this.#log.debug(fields(map, key, outcome, ms), verbOf(outcome));
    } else if (this.#log.isLevelEnabled('info')) {
      this.#log.info(fields(map, key, outcome, ms), verbOf(outcome));
    }
    return reply;
  }
}

/** A key is bytes: as UTF-8 it is readable, and the log's JSON escapes whatever a stranger put into it. */
function fields(map: string, key: string, { verdict, source }: Outcome, ms: number): object {
  const named = {
    map,
    key: Buffer.from(key, 'latin1').toString(),
    verdict: verdict.kind,
    source,
    ms: rounded(ms),
  };
  return verdict.kind === 'deferred' ? { ...named, reason: verdict.reason } : named;
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function verbOf({ verdict, source }: Outcome): string {
  return source === 'stale' ? 'stale' : VERBS[verdict.kind];
}

const VERBS: { readonly [kind in Verdict['kind']]: string } = {
  deliverable: 'found',
  unknown: 'notfound',
  overquota: 'overquota',
  refused: 'refused',
  deferred: 'deferred',
};

// A lookup as a mail server sees it: the map's policy makes a reply of the validator's outcome, and the log and
// the metrics hear of it. No I/O.
import type { Config, MapConfig } from '../config/config.js';
import { answersByDomain, replyPolicyFor, type AnswersOf } from '../config/domain-answers.js';
import { domainMap, type DomainMap } from './domain-map.js';
import type { LookupLog } from './lookup-log.js';
import type { Decisions } from './decisions.js';
import type { Harvest } from './harvest.js';
import type { Metrics } from './metrics.js';
import { queueIdLength } from './queue-id.js';
import type { Tally } from './tally.js';
import type { Lookup } from '../socketmap/lookup.js';
import type { Outcome } from '../validation/outcome.js';
import type { Asker } from '../validation/probe.js';
import type { Room } from '../validation/room.js';
import type { DetailRule } from '../validation/detail.js';
import type { Validator } from '../validation/validator.js';
import { replyFor, type Reply, type ReplyPolicy, type Verdict } from '../validation/verdict.js';

/** What a map makes of verdicts and of details, and whether the queue's id stands before its keys. */
export type MapPolicy = ReplyPolicy & {
  readonly detail: DetailRule;
  readonly queueId: boolean;
  /** Undefined for a map of recipients. */
  readonly domains?: DomainMap;
  readonly tally: Tally;
  /** The answers that the domain of a key has instead; undefined where no domain has any. */
  readonly answersOf?: AnswersOf | undefined;
  /** Makes the reply, for a front that speaks another language than a socketmap; by default replyFor() does. */
  readonly reply?: (verdict: Verdict, address: string) => Reply;
  /** For a front that knows how large the message is. */
  readonly room?: Room;
};

/** The policy of a map by its name; an unknown name takes the default. */
export type Policies = (map: string) => MapPolicy;

/** The policies that a configuration has: a map without a table of its own is as the default one. */
export function policiesOf(
  config: Pick<Config, 'maps' | 'defaultMap' | 'domains' | 'domainAnswers' | 'lookup'>,
  metrics: Metrics,
): Policies {
  const { maps, defaultMap, domains } = config;
  const served = domainMap(domains);
  const answersOf = answersByDomain(config);
  const policy = ({ keys, ...rest }: MapConfig, name: string): MapPolicy => {
    const counted = { ...rest, answersOf, tally: metrics.tallyOf(name) };
    return keys === 'domains' ? { ...counted, domains: served } : counted;
  };
  const named = new Map(
    [[DEFAULT_MAP, defaultMap] as const, ...maps].map(([name, each]) => [name, policy(each, name)]),
  );
  const others = policy(defaultMap, OTHER_MAPS);
  return (map) => named.get(map) ?? others;
}

/** As FEATURE(mrs_cyrus) declares it. */
const DEFAULT_MAP = 'cyrus';
/** Maps that no table names are counted together, since a stranger may ask by any number of names. */
const OTHER_MAPS = 'other';

/** Who hears of each decision. */
export type LookupParts = {
  readonly log: LookupLog;
  readonly metrics: Metrics;
  readonly decisions: Decisions;
  readonly harvest: Harvest;
  /** Monotonic milliseconds. */
  readonly now: () => number;
};

export class Lookups implements Lookup {
  readonly #validator: Validator;
  readonly #parts: LookupParts;
  policies: Policies;

  constructor(validator: Validator, policies: Policies, parts: LookupParts) {
    this.#validator = validator;
    this.policies = policies;
    this.#parts = parts;
  }

  answerNow(map: string, key: string, asker?: Asker, messageBytes?: number): Reply | undefined {
    const policy = this.policies(map);
    if (policy.domains !== undefined) return policy.domains(key);
    const id = policy.queueId ? queueIdLength(key) : 0;
    const outcome = this.#validator.known(addressOf(key, id), policy.detail);
    if (outcome === undefined) return undefined;
    const { room, detail } = policy;
    if (messageBytes !== undefined && room?.counts(outcome, addressOf(key, id), detail) === true)
      return undefined;
    return this.#reply(map, key, id, asker, policy, outcome, 0);
  }

  answerLater(map: string, key: string, asker?: Asker, waitedMs = 0, messageBytes?: number): Promise<Reply> {
    const { now, metrics } = this.#parts;
    const start = now();
    const policy = this.policies(map);
    const id = policy.queueId ? queueIdLength(key) : 0;
    const { room, detail } = policy;
    const address = addressOf(key, id);
    const mailbox = this.#validator.ask(address, detail, asker, waitedMs);
    const asked =
      messageBytes === undefined || room === undefined
        ? mailbox
        : mailbox.then((outcome) =>
            room.judge(outcome, { address, detail, messageBytes }, start - waitedMs, asker),
          );
    return asked.then((outcome) => {
      const ms = now() - start;
      metrics.missed(ms);
      return this.#reply(map, key, id, asker, policy, outcome, ms);
    });
  }

  /** @param id the length of the queue's id before the address, or 0 */
  #reply(
    map: string,
    key: string,
    id: number,
    asker: Asker | undefined,
    policy: MapPolicy,
    outcome: Outcome,
    ms: number,
  ): Reply {
    const { verdict, source } = outcome;
    const { log, decisions, harvest } = this.#parts;
    const address = addressOf(key, id);
    const queueId = id === 0 ? undefined : key.slice(0, id);
    policy.tally.add(verdict.kind, source);
    const reply = replyOf(verdict, address, policy);
    const connection = asker?.number;
    if (reply.status === 'OK') {
      decisions.add(map, address, connection, 'OK', outcome, ms, undefined, queueId);
      log.accepted(map, address, connection, outcome, ms, queueId);
      return reply;
    }
    const at = this.#parts.now();
    if (verdict.kind === 'unknown') harvest.unknown(address, source, at);
    const ageMs = source === 'negative' ? this.#validator.deniedMs(address) : undefined;
    decisions.add(map, address, connection, reply.status, outcome, ms, ageMs, queueId, at);
    log.refused(map, address, connection, outcome, ms, ageMs, queueId, at);
    return reply;
  }
}

/** A mailbox that takes mail has the same answer in every domain; so the domain is looked at only for other verdicts. */
function replyOf(verdict: Verdict, address: string, policy: MapPolicy): Reply {
  if (policy.reply !== undefined) return policy.reply(verdict, address);
  const asMap = verdict.kind === 'deliverable' || policy.answersOf === undefined;
  return replyFor(verdict, address, asMap ? policy : replyPolicyFor(address, policy, policy.answersOf));
}

/** The address behind a queue id of that length: the whole key, where there is none. */
function addressOf(key: string, id: number): string {
  return id === 0 ? key : key.slice(id + 1);
}

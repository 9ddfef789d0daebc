// What Postfix' policy requests are answered: at RCPT and at the end of a message, about recipients in domains that are served
// here. Everything else is left to Postfix. The same heart and the same cache as for a socketmap. No I/O.
import type { Config } from '../config/config.js';
import { DUNNO, policyReplies } from '../policy/action.js';
import type { Lookup } from '../socketmap/lookup.js';
import type { Asker } from '../validation/probe.js';
import type { Validator } from '../validation/validator.js';
import { Room } from '../validation/room.js';
import { routeByDomain } from '../validation/routing.js';
import type { Reply } from '../validation/verdict.js';
import { Lookups, type LookupParts, type Policies } from './lookups.js';

/** The name of a map under which its lookups stand in the log, the metrics and the decisions. */
const POLICY_MAP = 'policy';

/** The stages that are answered: at others there is no recipient, or it is open yet whether there will be a message. */
const STAGES: ReadonlySet<string> = new Set(['RCPT', 'END-OF-MESSAGE']);

export class PolicyLookups implements Lookup {
  readonly #lookups: Lookups;
  readonly #validator: Validator;
  readonly #parts: LookupParts;
  #isServed: (domain: string) => boolean;

  constructor(validator: Validator, config: Config, parts: LookupParts) {
    this.#lookups = new Lookups(validator, policiesOfActions(config, validator, parts), parts);
    this.#validator = validator;
    this.#parts = parts;
    this.#isServed = servedBy(config);
  }

  /** Takes the answers and the domains of a new configuration. */
  take(config: Config): void {
    this.#lookups.policies = policiesOfActions(config, this.#validator, this.#parts);
    this.#isServed = servedBy(config);
  }

  answerNow(stage: string, recipient: string, asker?: Asker, messageBytes?: number): Reply | undefined {
    if (!this.#concerns(stage, recipient)) return DUNNO;
    return this.#lookups.answerNow(POLICY_MAP, recipient, asker, messageBytes);
  }

  answerLater(
    stage: string,
    recipient: string,
    asker?: Asker,
    waitedMs?: number,
    messageBytes?: number,
  ): Promise<Reply> {
    if (!this.#concerns(stage, recipient)) return Promise.resolve(DUNNO);
    return this.#lookups.answerLater(POLICY_MAP, recipient, asker, waitedMs, messageBytes);
  }

  /** Whether the request is ours. At the end of a message with several recipients Postfix names none of them. */
  #concerns(stage: string, recipient: string): boolean {
    const at = recipient.lastIndexOf('@');
    return STAGES.has(stage) && at !== -1 && this.#isServed(recipient.slice(at + 1));
  }
}

/** What becomes of verdicts, in actions of access(5). */
function policiesOfActions(config: Config, validator: Validator, { metrics, now }: LookupParts): Policies {
  const answers = {
    ...config.defaultMap,
    queueId: false,
    tally: metrics.tallyOf(POLICY_MAP),
    reply: policyReplies(config),
    room: new Room(validator, config.lookup.deadlineMs, now),
  };
  return () => answers;
}

function servedBy({ domains }: Config): (domain: string) => boolean {
  const route = routeByDomain(
    domains.map(({ domain }) => ({ domain, probe: { domain } })),
    true,
  );
  return (domain) => typeof route(domain) === 'object';
}

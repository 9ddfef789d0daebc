// The answers of the policy service: for each verdict an action of Postfix' access(5). No I/O.
import type { Config } from '../config/config.js';
import { answersByDomain } from '../config/domain-answers.js';
import type { Reply, Verdict } from '../validation/verdict.js';

/** The action for each verdict, from the configuration. */
export type Actions = { readonly [kind in Verdict['kind']]: string };

/** The actions of a domain that has some of its own. */
type OwnActions = {
  readonly policyDeliverable?: string | undefined;
  readonly policyUnknown?: string | undefined;
  readonly policyOverQuota?: string | undefined;
  readonly policyRefused?: string | undefined;
  readonly policyDeferred?: string | undefined;
};

/** The answer where we have nothing to say: at another stage, or for another domain. */
export const DUNNO: Reply = Object.freeze({ status: 'OK', text: 'DUNNO' });

/** An action with the status that a socketmap would have, for the counters and for the ring of decisions. */
export function replyOfAction(action: string): Reply {
  if (/^(?:5|REJECT)/i.test(action)) return { status: 'NOTFOUND', text: action };
  return { status: /^(?:4|DEFER)/i.test(action) ? 'TEMP' : 'OK', text: action };
}

/** @param own the actions of the recipient's domain; where it has one for a verdict, that one counts */
export function repliesOf(actions: Actions, own: OwnActions = {}): (verdict: Verdict) => Reply {
  const replies = {
    deliverable: replyOfAction(own.policyDeliverable ?? actions.deliverable),
    unknown: replyOfAction(own.policyUnknown ?? actions.unknown),
    overquota: replyOfAction(own.policyOverQuota ?? actions.overquota),
    refused: replyOfAction(own.policyRefused ?? actions.refused),
    deferred: replyOfAction(own.policyDeferred ?? actions.deferred),
  };
  return ({ kind }) => replies[kind];
}

/** What the policy service answers for a verdict about a recipient. */
export function policyReplies(config: Config): (verdict: Verdict, recipient: string) => Reply {
  const { deliverable, unknown, overQuota, refused, deferred } = config.policy;
  const actions = { deliverable, unknown, overquota: overQuota, refused, deferred };
  const answersOf = answersByDomain(config);
  const others = repliesOf(actions);
  const ofDomains = new Map([...config.domainAnswers.values()].map((own) => [own, repliesOf(actions, own)]));
  return (verdict, recipient) => {
    const own = answersOf?.(recipient);
    return ((own && ofDomains.get(own)) ?? others)(verdict);
  };
}

export function formatAction({ text }: Reply): string {
  return `action=${text}\n\n`;
}

// The answers of a policy service: actions of Postfix' access(5), one for each verdict. No I/O.
import type { Config } from '../config/config.js';
import { answersByDomain } from '../config/domain-answers.js';
import type { Reply, Verdict } from '../validation/verdict.js';

/** What is answered for each verdict: as the configuration has it. */
export type Actions = { readonly [kind in Verdict['kind']]: string };

/** Those of a domain that has some of its own. */
type OwnActions = {
  readonly policyDeliverable?: string | undefined;
  readonly policyUnknown?: string | undefined;
  readonly policyOverQuota?: string | undefined;
  readonly policyRefused?: string | undefined;
  readonly policyDeferred?: string | undefined;
};

/** For what is none of our business: another stage, another domain. */
export const DUNNO: Reply = Object.freeze({ status: 'OK', text: 'DUNNO' });

/** With its status as a socketmap has it: for the counters, and for who looks at decisions. */
export function replyOfAction(action: string): Reply {
  if (/^(?:5|REJECT)/i.test(action)) return { status: 'NOTFOUND', text: action };
  return { status: /^(?:4|DEFER)/i.test(action) ? 'TEMP' : 'OK', text: action };
}

/** @param own of the recipient's domain: where it has an answer, that one */
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

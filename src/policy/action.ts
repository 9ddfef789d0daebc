// The answers of a policy service: actions of Postfix' access(5), one for each verdict. No I/O.
import type { Reply, Verdict } from '../validation/verdict.js';

/** What is answered for each verdict: as the configuration has it. */
export type Actions = { readonly [kind in Verdict['kind']]: string };

/** For what is none of our business: another stage, another domain. */
export const DUNNO: Reply = Object.freeze({ status: 'OK', text: 'DUNNO' });

/** With its status as a socketmap has it: for the counters, and for who looks at decisions. */
export function replyOfAction(action: string): Reply {
  if (/^(?:5|REJECT)/i.test(action)) return { status: 'NOTFOUND', text: action };
  return { status: /^(?:4|DEFER)/i.test(action) ? 'TEMP' : 'OK', text: action };
}

export function repliesOf(actions: Actions): (verdict: Verdict) => Reply {
  const replies = {
    deliverable: replyOfAction(actions.deliverable),
    unknown: replyOfAction(actions.unknown),
    overquota: replyOfAction(actions.overquota),
    refused: replyOfAction(actions.refused),
    deferred: replyOfAction(actions.deferred),
  };
  return ({ kind }) => replies[kind];
}

export function formatAction({ text }: Reply): string {
  return `action=${text}\n\n`;
}

// What several servers answer to one question, asked side by side: whose answer counts, and when nobody's does. No I/O.
import { DeadlineError } from '../errors.js';
import { denialOfAll } from './denials.js';
import type { Asker, Found, Probe } from './probe.js';
import type { Recipient } from './recipient.js';
import type { Verdict } from './verdict.js';

/** What came of asking one server: what it said, or why it could not be asked. */
export type Answer = Found | { readonly by: Probe; readonly error: Error };

/** Never rejects: what a probe throws is an answer too. */
export async function answerOf(
  by: Probe,
  recipient: Recipient,
  deadline: number,
  asker: Asker | undefined,
): Promise<Answer> {
  try {
    return { by, verdict: await by.check(recipient, deadline, asker) };
  } catch (fault) {
    const error = fault instanceof Error ? fault : new DeadlineError(`${by.name} could not be asked`);
    return { by, error };
  }
}

/** Asks all servers at the same time; ends as soon as one of them says yes. */
export function askAll(
  members: readonly Probe[],
  ask: (member: Probe) => Promise<Answer>,
): Promise<readonly Answer[]> {
  return new Promise((resolve) => {
    const answers: Answer[] = [];
    for (const member of members) {
      void ask(member).then((answer) => {
        answers.push(answer);
        if (kindOf(answer) === 'deliverable' || answers.length === members.length) resolve(answers);
      });
    }
  });
}

/**
 * @param together the probe of all servers, for a verdict that is not the word of one of them
 * @throws where one server could not be asked, and no other has the mailbox
 */
export function judgeAll(answers: readonly Answer[], together: Probe): Found {
  const has = hasIt(answers);
  if (has !== undefined) return has;
  const said: Verdict[] = [];
  for (const each of answers) {
    if ('error' in each) throw each.error;
    said.push(each.verdict);
  }
  const doubt = said.find(({ kind }) => kind === 'deferred') ?? said.find(({ kind }) => kind === 'refused');
  return { verdict: doubt ?? denialOfAll(said), by: together };
}

export function kindOf(answer: Answer): Verdict['kind'] | undefined {
  return 'verdict' in answer ? answer.verdict.kind : undefined;
}

export function areDenials(answers: readonly Answer[]): boolean {
  return answers.every((each) => kindOf(each) === 'unknown');
}

/** The server that has the mailbox. One that takes mail for it goes before one that says that it is over its quota. */
export function hasIt(answers: readonly Answer[]): Found | undefined {
  const said = answers.filter((each) => 'verdict' in each);
  return (
    said.find(({ verdict }) => verdict.kind === 'deliverable') ??
    said.find(({ verdict }) => verdict.kind === 'overquota')
  );
}

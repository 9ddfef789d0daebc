// The answer of imapd to one command (RFC 3501 section 2.2.2), and the only text of a refusal which says that a mailbox does not
// exist. No I/O.
import { saidOf } from '../../validation/evidence.js';
import { addEvidence, deferred, UNKNOWN, type Verdict } from '../../validation/verdict.js';
import type { ImapResponse } from './response.js';

/** A tagged response, and the untagged responses that came before it. */
export type ImapAnswer = {
  readonly status: 'OK' | 'NO' | 'BAD';
  readonly code: string | undefined;
  readonly text: string;
  readonly data: readonly ImapResponse[];
};

/** IMAP_MAILBOX_NONEXISTENT of Cyrus' imap/imap_err.et, in 3.2 to 3.12. */
const NONEXISTENT = 'Mailbox does not exist';
const NONEXISTENT_SAID = addEvidence(UNKNOWN, { said: saidOf('NO', '', NONEXISTENT) });

export function describeAnswer({ status, code, text }: ImapAnswer): string {
  return `${status} ${code === undefined ? '' : `[${code}] `}${text}`.trimEnd();
}

/** The verdict where a command was refused: unknown for that one text only, deferred for any other. */
export function denial(answer: ImapAnswer): Verdict {
  const { status, code, text } = answer;
  if (status === 'NO' && code === undefined && text === NONEXISTENT) return NONEXISTENT_SAID;
  const said = saidOf(status, code ?? '', text);
  return addEvidence(deferred(`imapd said ${describeAnswer(answer)}`), { said });
}

// Which recipients a list of mailboxes can decide: those whose name lmtpd looks up exactly as it is written. No I/O.
import type { Recipient } from '../../validation/recipient.js';

const [DOT, HYPHEN, AT, UNDERSCORE] = [0x2e, 0x2d, 0x40, 0x5f];
/** Left out, since lmtpd has a rule of its own for it. */
const POSTMASTER = 'postmaster';

export function isListable({ mailbox, shared, folder }: Recipient): boolean {
  return !shared && !folder && isPlain(mailbox) && !isPostmaster(mailbox);
}

/**
 * Such names lmtpd looks up as they are: parts of `a-z0-9_-` with dots between them, and maybe a domain. A dot at the beginning or
 * end, or two in a row, may mean something else to it. Each name that is asked for comes here: a loop is faster than an expression.
 */
function isPlain(name: string): boolean {
  let partBegins = true;
  let inDomain = false;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (isLetterOrDigit(code) || code === HYPHEN || (code === UNDERSCORE && !inDomain)) partBegins = false;
    else if (partBegins) return false;
    else if (code === DOT) partBegins = true;
    else if (code === AT && !inDomain) partBegins = inDomain = true;
    else return false;
  }
  return !partBegins;
}

function isLetterOrDigit(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);
}

function isPostmaster(name: string): boolean {
  if (!name.startsWith(POSTMASTER)) return false;
  return name.length === POSTMASTER.length || name.charCodeAt(POSTMASTER.length) === AT;
}

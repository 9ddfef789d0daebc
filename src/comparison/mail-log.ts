// Finds the recipients in a mail log of Sendmail or Postfix: those of mail that was delivered, deferred or refused. It takes one
// line at a time, since such a log may be large. No I/O.
import { asKey } from './addresses.js';

/** The longest line that is read; syslogd does not write longer ones. */
const LINE_MAX = 16_384;

/** ` to=<a@x>,<b@y>, delay=…` is written by both; ` to=<a@x> proto=…` where Postfix refuses, and `orig_to` by Postfix. */
const RECIPIENTS =
  /(?:^|[ ,;:])(?:to|orig_to)=((?:<[^<>]*>|"[^"]*"@[^\s,]+|[^\s,<>]+)(?:,(?:<[^<>]*>|[^\s,<>]+))*)/g;

/** Where Sendmail refuses: `ruleset=check_rcpt, arg1=<a@x>, …`, and `<a@x>... User unknown`. */
const REFUSED = /(?:ruleset=check_rcpt, arg1=|: )(<[^<>\s]+>)(?:,|\.\.\. )/g;

export function addressesOfMailLog(line: string): string[] {
  if (line.length > LINE_MAX) return [];
  const found: string[] = [];
  for (const [, list = ''] of line.matchAll(RECIPIENTS))
    for (const [address] of list.matchAll(/<[^<>]*>|[^,<>]+/g)) found.push(asKey(address));
  for (const [, address = ''] of line.matchAll(REFUSED)) found.push(asKey(address));
  return found.filter((address) => address.includes('@') && !/[|/]/.test(address.slice(0, 1)));
}

// The recipients in a mail log of Sendmail or Postfix: of what was delivered, deferred and refused. Read line by line, in
// slices, since such a log may be large. No I/O.
import { asKey } from './addresses.js';

/** Longest line that is looked at; syslogd cuts before. */
const LINE_MAX = 16_384;

/** ` to=<a@x>,<b@y>, delay=…` of both, ` to=<a@x> proto=…` of what Postfix refuses, and its `orig_to`. */
const RECIPIENTS =
  /(?:^|[ ,;:])(?:to|orig_to)=((?:<[^<>]*>|"[^"]*"@[^\s,]+|[^\s,<>]+)(?:,(?:<[^<>]*>|[^\s,<>]+))*)/g;

/** What Sendmail refuses: `ruleset=check_rcpt, arg1=<a@x>, …`, and `<a@x>... User unknown`. */
const REFUSED = /(?:ruleset=check_rcpt, arg1=|: )(<[^<>\s]+>)(?:,|\.\.\. )/g;

export function addressesOfMailLog(line: string): string[] {
  if (line.length > LINE_MAX) return [];
  const found: string[] = [];
  for (const [, list = ''] of line.matchAll(RECIPIENTS))
    for (const [address] of list.matchAll(/<[^<>]*>|[^,<>]+/g)) found.push(asKey(address));
  for (const [, address = ''] of line.matchAll(REFUSED)) found.push(asKey(address));
  return found.filter((address) => address.includes('@') && !/[|/]/.test(address.slice(0, 1)));
}

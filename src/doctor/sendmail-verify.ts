// Reads what `sendmail -bv` says of an address: where its own rules would send it, which nothing else knows better.
// As Sendmail 8.15 to 8.18 print it. No I/O.

type Verified =
  | { readonly kind: 'mailer'; readonly mailer: string; readonly user: string }
  | { readonly kind: 'unknown' }
  /** A map that could not answer, or anything else that is no verdict. */
  | { readonly kind: 'deferred'; readonly said: string };

export type SendmailSaid = {
  /** By address, as it was asked. */
  readonly verified: ReadonlyMap<string, Verified>;
  /** Why it does not even start, such as `line 128: fileclass: cannot open '/etc/mail/local-host-names'`. */
  readonly broken: string | undefined;
};

export type SendmailAnswer = SendmailSaid & {
  /** Asked about, and known to exist; undefined where none is known. */
  readonly somebody: string | undefined;
  readonly nobody: string | undefined;
};

/** @param output both streams of `sendmail -bv ADDRESS …` */
export function parseVerified(output: string, addresses: readonly string[]): SendmailSaid {
  const lines = output.split('\n').map((line) => line.trim());
  const verified = new Map<string, Verified>();
  for (const address of addresses) {
    // The last line counts, since an alias is named before what it leads to.
    const said = lines.findLast((line) => line.startsWith(`${address}... `));
    const verdict = said === undefined ? undefined : verdictOf(said.slice(address.length + 4), lines);
    if (verdict !== undefined) verified.set(address, verdict);
  }
  const broken = verified.size > 0 ? undefined : lines.find((line) => BROKEN.test(line));
  return { verified, broken };
}

/** `/etc/mail/sendmail.cf: line 128: fileclass: …` */
const BROKEN = /: line \d+: |cannot open|No mailer|unknown configuration/;

function verdictOf(said: string, lines: readonly string[]): Verified | undefined {
  if (said.startsWith('User unknown')) return { kind: 'unknown' };
  if (!said.startsWith('deliverable: mailer ')) return { kind: 'deferred', said };
  const rest = said.slice('deliverable: mailer '.length);
  const comma = rest.indexOf(',');
  const mailer = comma === -1 ? rest : rest.slice(0, comma);
  const at = rest.indexOf(' user ');
  const user = at === -1 ? '' : rest.slice(at + 6);
  if (mailer !== '*error*') return { kind: 'mailer', mailer, user };
  if (/^"?5\d\d |User unknown/.test(user)) return { kind: 'unknown' };
  return { kind: 'deferred', said: lines.find((line) => line.startsWith('socket map ')) ?? user };
}

// Where the addresses come from that two socketmaps are compared by: plain lines, lists of mailboxes, and the tables in which
// Sendmail has its domains (mailertable, and files of classes such as virtdomains). A character a byte. No I/O.

/**
 * One address a line, `#` begins a comment. Of a line with tabs the first field: so the output of `cyrusmapd dump` is one too, and
 * so is a list file.
 */
export function addressesOfLines(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [first = ''] = line.replace(/\r$/, '').replace(/#.*/, '').split('\t');
    const address = asKey(first.trim());
    return address === '' ? [] : [address];
  });
}

/**
 * Of a file of a class each word, and of a mailertable each domain that a mailer of Cyrus serves: one with `cyrus` in its name; where
 * no line has that, all of them. `.example.jp` stands for subdomains that nobody names, and is left out.
 */
export function domainsOfTable(text: string): string[] {
  const lines = text.split('\n').flatMap((line) => {
    const found = /^([^\s#]\S*)\s*(.*)/.exec(line.replace(/\r$/, ''));
    return found === null ? [] : [{ domain: found[1] ?? '', value: found[2] ?? '' }];
  });
  const ofCyrus = lines.filter(({ value }) => /cyrus/i.test(value));
  const served = lines.filter(({ value }) => value === '' || ofCyrus.length === 0 || /cyrus/i.test(value));
  return served
    .map(({ domain }) => domain.replace(/^@|\.$/g, '').toLowerCase())
    .filter((domain) => domain !== '' && !domain.startsWith('.'));
}

/** As Sendmail asks: without angle brackets, quotes, backslashes and the dot at the end of the domain. */
export function asKey(address: string): string {
  const bare = address.replace(/^<|>$/g, '');
  const unquoted = bare.startsWith('"') ? bare.replace(/["\\]/g, '') : bare;
  return unquoted.includes('@') && unquoted.endsWith('.') ? unquoted.slice(0, -1) : unquoted;
}

/** Folded; undefined where it has none. */
export function domainOfKey(key: string): string | undefined {
  const at = key.lastIndexOf('@');
  return at === -1 ? undefined : key.slice(at + 1).toLowerCase();
}

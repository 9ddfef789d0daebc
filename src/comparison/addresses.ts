// Reads the addresses by which two socketmaps are compared: from plain lines, lists of mailboxes, and the tables in which Sendmail
// has its domains (mailertable, and files of classes such as virtdomains). Each character is one byte. No I/O.

/**
 * Each line has one address; `#` begins a comment. In a line with tabs the first field is the address, so that the output of
 * `cyrusmapd dump` and a list file can be read too.
 */
export function addressesOfLines(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [first = ''] = line.replace(/\r$/, '').replace(/#.*/, '').split('\t');
    const address = asKey(first.trim());
    return address === '' ? [] : [address];
  });
}

/**
 * The domains of a table: in a file of a class each line is one; in a mailertable, those whose mailer has `cyrus` in its name, or
 * all where no mailer has. `.example.jp` is left out, since it stands for subdomains whose names we do not know.
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

/** The key with which Sendmail asks: without angle brackets, quotes, backslashes, and the dot at the end of the domain. */
export function asKey(address: string): string {
  const bare = address.replace(/^<|>$/g, '');
  const unquoted = bare.startsWith('"') ? bare.replace(/["\\]/g, '') : bare;
  return unquoted.includes('@') && unquoted.endsWith('.') ? unquoted.slice(0, -1) : unquoted;
}

/** The domain in lower case; undefined where the key has none. */
export function domainOfKey(key: string): string | undefined {
  const at = key.lastIndexOf('@');
  return at === -1 ? undefined : key.slice(at + 1).toLowerCase();
}

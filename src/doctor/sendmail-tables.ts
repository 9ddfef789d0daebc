// Sendmail's own tables as they are edited: mailertable, access, virtusertable (a key and a value a line, for
// makemap(8)) and the files of classes (a word a line). No I/O.

export type TableEntry = { readonly key: string; readonly value: string; readonly line: number };

export type Table = {
  readonly path: string;
  /** The map's type, as makemap(8) is called: `hash`. */
  readonly type: string;
  readonly entries: readonly TableEntry[];
  /** Whether what Sendmail reads is what was edited. */
  readonly built: 'current' | 'missing' | 'outdated';
};

/** Whether a map of this type is read from a database, which makemap(8) builds. */
export function isDatabase(type: string): boolean {
  return ['hash', 'btree', 'cdb', 'lmdb'].includes(type);
}

/** Keys are folded, as makemap folds them. */
export function parseTable(text: string): TableEntry[] {
  return text.split('\n').flatMap((line, i) => {
    const key = /^[^\s#]\S*/.exec(line)?.[0];
    const value = key === undefined ? '' : line.slice(key.length).trim();
    return key === undefined || value === '' ? [] : [{ key: key.toLowerCase(), value, line: i + 1 }];
  });
}

/** One word a line; a line that begins with `#` is a comment. */
export function parseClassFile(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[0] ?? '')
    .filter((word) => word !== '' && !word.startsWith('#'))
    .map((word) => word.toLowerCase());
}

/** What mailertable says of a domain: its own line, else that of `.parent`, the nearest first. */
export function findDomain(entries: readonly TableEntry[], domain: string): TableEntry | undefined {
  for (let name = domain; name !== '';) {
    const found = entries.find(({ key }) => key === name);
    if (found !== undefined) return found;
    const dot = name.indexOf('.', 1);
    name = dot === -1 ? '' : name.slice(dot);
  }
  return undefined;
}

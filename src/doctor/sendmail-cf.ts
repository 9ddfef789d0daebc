// Reads of sendmail.cf what concerns us: maps, classes and DontBlameSendmail, and of sendmail itself how it was
// compiled. The lines of sendmail.cf are described in Sendmail's doc/op/op.me, section 5. No I/O.

export type SendmailCf = {
  readonly path: string;
  /** By name; the last declaration counts. */
  readonly maps: ReadonlyMap<string, MapLine>;
  /** By name without braces, such as `VirtHost` or `w`. */
  readonly classes: ReadonlyMap<string, ClassLines>;
  /** Lower case. */
  readonly dontBlame: ReadonlySet<string>;
  /** By name, each with the lines that define it; the last one counts. */
  readonly mailers: ReadonlyMap<string, readonly number[]>;
  readonly authMechanisms: { readonly value: string; readonly line: number } | undefined;
};

/** `Kcyrus socket -a<OK> -T<TMPF> local:/path` */
export type MapLine = {
  readonly name: string;
  readonly type: string;
  /** Each with its value attached, such as `-T<TMPF>`. */
  readonly flags: readonly string[];
  readonly rest: string;
  readonly line: number;
};

/** `CwNAME NAME`, `F{VirtHost}-o /path` */
type ClassLines = {
  readonly members: string[];
  readonly files: string[];
  /** Files that are named without -o: Sendmail does not start where one is missing. */
  readonly required: { readonly path: string; readonly line: number }[];
};

export function parseSendmailCf(path: string, text: string): SendmailCf {
  const maps = new Map<string, MapLine>();
  const classes = new Map<string, ClassLines>();
  const dontBlame = new Set<string>();
  const mailers = new Map<string, number[]>();
  let authMechanisms: SendmailCf['authMechanisms'];
  for (const { text: line, number } of logicalLines(text)) {
    switch (line.charAt(0)) {
      case 'K': {
        const map = parseMap(line.slice(1), number);
        if (map !== undefined) maps.set(map.name, map);
        break;
      }
      case 'C':
      case 'F':
        addClass(classes, line, number);
        break;
      case 'O':
        for (const word of dontBlameOf(line)) dontBlame.add(word);
        authMechanisms = mechanismsOf(line, number) ?? authMechanisms;
        break;
      case 'M': {
        const name = /^M([^,\s]+)/.exec(line)?.[1] ?? '';
        mailers.set(name, [...(mailers.get(name) ?? []), number]);
        break;
      }
    }
  }
  return { path, maps, classes, dontBlame, mailers, authMechanisms };
}

/** A line that begins with a blank continues the line before it. */
function logicalLines(text: string): { text: string; number: number }[] {
  const lines: { text: string; number: number }[] = [];
  text.split('\n').forEach((line, i) => {
    const last = lines.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) last.text += ` ${line.trim()}`;
    else lines.push({ text: line, number: i + 1 });
  });
  return lines;
}

function parseMap(line: string, number: number): MapLine | undefined {
  const [name, type, ...words] = line.trim().split(/\s+/);
  if (name === undefined || type === undefined) return undefined;
  const first = words.findIndex((word) => !word.startsWith('-'));
  const count = first === -1 ? words.length : first;
  return { name, type, flags: words.slice(0, count), rest: words.slice(count).join(' '), line: number };
}

/** A file may be followed by a format, and preceded by `-o` where it may be missing. */
function addClass(classes: Map<string, ClassLines>, line: string, number: number): void {
  const match = /^([CF])(?:\{([^}]+)\}|(.))(.*)$/.exec(line);
  if (match === null) return;
  const [, kind, long, short, value = ''] = match;
  const name = long ?? short ?? '';
  const lines = classes.get(name) ?? { members: [], files: [], required: [] };
  classes.set(name, lines);
  const words = value.trim().split(/\s+/).filter(Boolean);
  if (kind === 'C') lines.members.push(...words);
  else {
    const path = words.find((word) => word.startsWith('/'));
    if (path === undefined) return;
    lines.files.push(path);
    if (words[0] !== '-o') lines.required.push({ path, line: number });
  }
}

function dontBlameOf(line: string): string[] {
  const match = /^O\s+DontBlameSendmail\s*=\s*(.*)$/i.exec(line);
  return (
    match?.[1]
      ?.toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean) ?? []
  );
}

function mechanismsOf(line: string, number: number): SendmailCf['authMechanisms'] {
  const value = /^O\s+AuthMechanisms\s*=\s*(.*)$/i.exec(line)?.[1];
  return value === undefined ? undefined : { value, line: number };
}

/** The words behind `Compiled with:` in what `sendmail -d0.1` prints; lines that go on are indented. */
export function parseCompiled(output: string): ReadonlySet<string> | undefined {
  const listed = /Compiled with:(.*(?:\n[ \t]+\S.*)*)/.exec(output)?.[1];
  return listed === undefined ? undefined : new Set(listed.trim().split(/\s+/));
}

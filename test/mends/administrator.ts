// Does what doctor prints as `mend`, exactly, as an administrator would: steps with `; ` between them, up to the first that is
// only another way, or only for later. A step that nobody could follow is an error. Changes files by what the host gives.

/** What an administrator has in hand. */
export type Host = {
  read(path: string): Promise<string> | string;
  write(path: string, text: string): Promise<unknown> | void;
  /** Runs a command as root; rejects where it fails. */
  run(command: string): Promise<unknown> | void;
  /** Where the configuration is. */
  readonly toml?: string;
  /** Where the .mc file is. */
  readonly mc?: string;
};

type Step = (host: Host, words: readonly string[]) => Promise<unknown> | void;

const COMMANDS = ['adduser', 'chmod', 'cyr_info', 'makemap', 'postconf', 'rm', 'service', 'touch'];

const STEPS: readonly (readonly [RegExp, Step])[] = [
  [
    /^at (\S+):(\d+) write: (.*)$/s,
    (host, [path, line, text]) => inLines(host, path, replaceLine(line, text)),
  ],
  [
    /^take out the line at (\S+?):(\d+)(?:,|$)/,
    (host, [path, line]) => inLines(host, path, replaceLine(line)),
  ],
  [
    /^at (\S+):(\d+) write (\S+) in the place of (\S+?)(?:,|$)/,
    (host, [path, line, to = '', from = '']) =>
      inLines(host, path, (lines) => {
        const at = Number(line) - 1;
        lines[at] = (lines[at] ?? '').replace(from, to);
      }),
  ],
  [
    /^at (\S+):(\d+) put a # before the line(?:,|$)/,
    (host, [path, line]) =>
      inLines(host, path, (lines) => {
        lines[Number(line) - 1] = `#${lines[Number(line) - 1] ?? ''}`;
      }),
  ],
  [
    /^to (\S+) add: (.*)$/,
    (host, [path, text = '']) => inLines(host, path, (lines) => insertLast(lines, text)),
  ],
  [
    /^in cyrusmapd\.toml, \[(\S+)\]: take out (\w+)$/,
    (host, [table = '', key = '']) => inLines(host, host.toml, (lines) => setKey(lines, table, key)),
  ],
  [
    /^in cyrusmapd\.toml, \[(\S+)\]: (\w+) = (.*)$/,
    (host, [table = '', key = '', value]) =>
      inLines(host, host.toml, (lines) => setKey(lines, table, key, value)),
  ],
  [
    /^in the \.mc file take out (\w+\(.*?\))/,
    (host, [macro]) => inLines(host, host.mc, (lines) => lines.splice(lines.indexOf(macro ?? ''), 1)),
  ],
  [
    /^in the \.mc file: (.*)$/,
    (host, [line = '']) => inLines(host, host.mc, (lines) => insertMacro(lines, line)),
  ],
  [
    new RegExp(`^(?:then )?((?:${COMMANDS.join('|')}) [^,]*?(?: '.*')?)(?:,.*)?$`),
    (host, [command = '']) => host.run(command),
  ],
];

export async function apply(mend: string, host: Host): Promise<void> {
  const steps = mend.split('; ');
  const end = steps.findIndex((step) => /^(?:or|for good)\b/.test(step));
  for (const step of end === -1 ? steps : steps.slice(0, end)) await follow(step, host);
}

async function follow(step: string, host: Host): Promise<void> {
  for (const [form, how] of STEPS) {
    const match = form.exec(step);
    if (match !== null) return void (await how(host, match.slice(1)));
  }
  throw new Error(`nobody could follow ${JSON.stringify(step)}`);
}

async function inLines(
  host: Host,
  path: string | undefined,
  change: (lines: string[]) => unknown,
): Promise<void> {
  if (path === undefined) throw new Error('there is no such file here');
  const lines = (await host.read(path)).split('\n');
  change(lines);
  await host.write(path, lines.join('\n'));
}

/** The whole line, where it is one of several that are joined: by a backslash as Cyrus does, by a blank as Sendmail. */
function replaceLine(number: string | undefined, text?: string): (lines: string[]) => void {
  return (lines) => {
    const last = Number(number) - 1;
    let first = last;
    while (first > 0 && lines[first - 1]?.endsWith('\\') === true) first--;
    let end = last + 1;
    while (first === last && lines[last]?.startsWith('K') === true && /^[ \t]/.test(lines[end] ?? '')) end++;
    // As many lines as before, so that the numbers of the others stay right.
    const empty = Array<string>(end - first).fill('');
    lines.splice(first, end - first, ...(text === undefined ? empty : [...empty.slice(1), text]));
  };
}

function insertLast(lines: string[], text: string): void {
  if (lines.at(-1) === '') lines.splice(-1, 0, text);
  else lines.push(text);
}

/** @param value undefined takes it out */
function setKey(lines: string[], table: string, key: string, value?: string): void {
  let head = lines.indexOf(`[${table}]`);
  if (head === -1) head = lines.push(`[${table}]`) - 1;
  const next = lines.findIndex((line, i) => i > head && line.startsWith('['));
  const end = next === -1 ? lines.length : next;
  const at = lines.findIndex((line, i) => i > head && i < end && line.split('=')[0]?.trim() === key);
  const line = value === undefined ? [] : [`${key} = ${value}`];
  if (at === -1) lines.splice(head + 1, 0, ...line);
  else lines.splice(at, 1, ...line);
}

/** A define takes the place of the one before; a mailer comes last, anything else before the first feature. */
function insertMacro(lines: string[], line: string): void {
  const name = /^define\(`\w+'/.exec(line)?.[0];
  const same = name === undefined ? -1 : lines.findIndex((each) => each.startsWith(name));
  const feature = lines.findIndex((each) => each.startsWith('FEATURE('));
  const last = lines.findIndex((each) => each.startsWith('VIRTUSER_DOMAIN_FILE'));
  if (same !== -1) lines[same] = line;
  else if (line.startsWith('MAILER(')) insertLast(lines, line);
  else lines.splice(line.startsWith("FEATURE(`mrs_cyrus'") ? last : feature, 0, line);
}

// Reads the services that master starts from cyrus.conf(5), as Cyrus' master/masterconf.c does: each line has a name, and then
// word=value or word="value"; a line that begins with `}` ends them. No I/O.
import type { Refusal } from './settings.js';

/** MAXARGS of masterconf.c. */
const ARGUMENTS_MAX = 64;

export type CyrusService = {
  /** Options of imapd.conf(5) with this name before them count for this service only: `lmtpunix_postuser`. */
  readonly name: string;
  /** The value of `cmd`, such as `lmtpd -a`. */
  readonly command: string;
  /** The last part of the command's path: `lmtpd`. */
  readonly program: string;
  /** The imapd.conf(5) that its option -C names; undefined where it uses that of master. */
  readonly imapdConf: string | undefined;
  /** The value of `listen`, such as `/var/imap/socket/lmtp` or `127.0.0.1:2003`. */
  readonly listen: string;
  /** Undefined where there is no limit. */
  readonly maxChildren: number | undefined;
  readonly line: number;
};

export type CyrusConf = {
  readonly path: string;
  readonly services: readonly CyrusService[];
  /** Lines because of which master would not start. */
  readonly refusals: readonly Refusal[];
};

export function parseCyrusConf(path: string, text: string): CyrusConf {
  const services: CyrusService[] = [];
  const refusals: Refusal[] = [];
  let within = false;
  let depth = 0;
  text.split('\n').forEach((raw, i) => {
    // A `#` begins a comment even between quotes.
    const line = raw.replace(/#.*/s, '').trimStart();
    if (line.trim() === '') return;
    if (within) {
      if (line.startsWith('}')) within = false;
      else {
        const service = parseService(line, i + 1);
        if (typeof service !== 'string') services.push(service);
        else refusals.push({ where: { path, line: i + 1 }, what: service });
      }
      return;
    }
    const opened = depth === 0 && /^services(?![A-Za-z0-9])/i.test(line);
    for (const character of line) {
      if (character === '{') depth++;
      if (character === '}') depth--;
    }
    if (opened && depth === 1) {
      within = true;
      depth = 0;
    }
  });
  return { path, services, refusals };
}

/** @returns the service; or, as a string, why master refuses the line */
function parseService(line: string, number: number): CyrusService | string {
  const name = /^[A-Za-z0-9]*/.exec(line)?.[0] ?? '';
  const words = parseWords(line, name.length);
  if (typeof words === 'string') return words;
  const command = words.get('cmd') ?? '';
  const [program = '', ...flags] = command.split(/\s+/);
  const max = /^-?\d+/.exec(words.get('maxchild') ?? '')?.[0];
  return {
    name,
    command,
    program: program.slice(program.lastIndexOf('/') + 1),
    imapdConf: fileOf(flags),
    listen: words.get('listen') ?? '',
    maxChildren: max === undefined || Number(max) < 0 ? undefined : Number(max),
    line: number,
  };
}

/** Where a word stands twice, the first one counts. */
function parseWords(line: string, from: number): ReadonlyMap<string, string> | string {
  const words = new Map<string, string>();
  const part = /\s*(?:([A-Za-z0-9]*)=(?:"([^"]*)"|(?!")(\S*)))/y;
  let count = 0;
  part.lastIndex = from;
  if (from < line.length && !/\s/.test(line[from] ?? '')) return `a name must be letters and digits`;
  for (let at = from; line.slice(at).trim() !== ''; at = part.lastIndex) {
    const match = part.exec(line);
    if (match === null) return `must be a name, then word="value" …, each quote closed`;
    if (++count > ARGUMENTS_MAX) return `must have at most ${ARGUMENTS_MAX} words`;
    const [, word = '', quoted, bare = ''] = match;
    if (!words.has(word)) words.set(word, quoted ?? bare);
  }
  return words;
}

/** The file of `-C FILE` or `-CFILE`. */
function fileOf(flags: readonly string[]): string | undefined {
  const index = flags.findIndex((flag) => flag.startsWith('-C'));
  if (index === -1) return undefined;
  return flags[index] === '-C' ? flags[index + 1] : flags[index]?.slice(2);
}

/** The services that take mail from a server: those that run lmtpd. */
export function lmtpServices({ services }: CyrusConf): CyrusService[] {
  return services.filter(({ program }) => program === 'lmtpd');
}

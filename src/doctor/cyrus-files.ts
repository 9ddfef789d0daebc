// Reads imapd.conf(5) and cyrus.conf(5) of Cyrus IMAP. No I/O.

/** One option, `virtdomains: userid`, and where it is: `/etc/imapd.conf:12`. */
export type ImapdOption = { readonly value: string; readonly where: string };

export type ImapdConf = {
  readonly path: string;
  /** By name, lower case; the last line counts. */
  readonly options: ReadonlyMap<string, ImapdOption>;
};

export type CyrusService = {
  readonly name: string;
  /** `cmd="lmtpd -a"` */
  readonly command: string;
  /** `listen="/var/imap/socket/lmtp"` or `listen="127.0.0.1:2003"` */
  readonly listen: string;
  /** undefined: as many as are asked for. */
  readonly maxChildren: number | undefined;
  readonly line: number;
};

export type CyrusConf = { readonly path: string; readonly services: readonly CyrusService[] };

/** How deep `@include:` lines are followed. */
const INCLUDES_MAX = 8;

/** @param include the text of a file that an `@include:` line names; undefined where it cannot be read */
export function parseImapdConf(
  path: string,
  text: string,
  include: (path: string) => string | undefined,
): ImapdConf {
  const options = new Map<string, ImapdOption>();
  const read = (from: string, lines: string, depth: number): void =>
    lines.split('\n').forEach((line, i) => {
      const match = /^(@?[A-Za-z0-9_-]+)\s*:\s*(.*?)\s*$/.exec(line);
      if (match === null) return;
      const [, name = '', value = ''] = match;
      const included = name === '@include' && depth < INCLUDES_MAX ? include(value) : undefined;
      if (included !== undefined) read(value, included, depth + 1);
      else options.set(name.toLowerCase(), { value, where: `${from}:${i + 1}` });
    });
  read(path, text, 0);
  return { path, options };
}

/** As Cyrus' config_getswitch() reads it. */
export function isOn(option: ImapdOption | undefined, fallback: boolean): boolean {
  if (option === undefined) return fallback;
  const value = option.value.toLowerCase();
  if (['1', 'y', 't', 'yes', 'true', 'on'].includes(value)) return true;
  if (['0', 'n', 'f', 'no', 'false', 'off'].includes(value)) return false;
  return fallback;
}

/** The services of the section SERVICES: a name and `word="value"` or `word=value`, on one line. */
export function parseCyrusConf(path: string, text: string): CyrusConf {
  const services: CyrusService[] = [];
  let section = '';
  text.split('\n').forEach((raw, i) => {
    const line = raw.replace(/#.*$/, '').trim();
    const opening = /^([A-Za-z]+)\s*\{$/.exec(line);
    if (opening !== null) section = opening[1] ?? '';
    else if (line === '}') section = '';
    else if (section.toUpperCase() === 'SERVICES' && line !== '') {
      const service = parseService(line, i + 1);
      if (service !== undefined) services.push(service);
    }
  });
  return { path, services };
}

function parseService(line: string, number: number): CyrusService | undefined {
  const name = /^[A-Za-z0-9]+/.exec(line)?.[0];
  if (name === undefined) return undefined;
  const words = new Map<string, string>();
  for (const [, word = '', quoted, bare] of line.matchAll(/([a-z]+)\s*=\s*(?:"([^"]*)"|(\S+))/gi)) {
    words.set(word.toLowerCase(), quoted ?? bare ?? '');
  }
  const max = Number(words.get('maxchild') ?? -1);
  return {
    name,
    command: words.get('cmd') ?? '',
    listen: words.get('listen') ?? '',
    maxChildren: Number.isInteger(max) && max >= 0 ? max : undefined,
    line: number,
  };
}

// rc.d/cyrusmapd.toml.sample, made of the descriptions of the keys. No I/O.
import type { AnyKey } from '../../src/config/key.js';
import { allowedSentence, defaultSentence, tablesOfDocs, toml, wrap, type TableOfDocs } from './words.js';

const WIDTH = 100;

const HEAD = `# cyrusmapd.toml: the configuration of cyrusmapd. TOML (toml.io).
#
# Every key stands here with its default; a commented one is in force as it is written. Unknown keys
# are errors. Durations are a whole number and a unit: "250ms", "5s", "15m", "2h", "1d". Endpoints are
# written as in sendmail.mc: unix:/path, local:/path, inet:PORT@HOST, inet6:PORT@HOST.
#
# \`cyrusmapd config --config FILE\` checks a file and prints what is in force. After a change send SIGHUP:
# the file is read again, and a bad one is refused with a line in the log. [socketmap] and the sizes in
# [cache] are taken at the start only.
`;

const DOMAINS = `${rule('Which back-channel serves which domain')}

# "example.jp" is that domain, "*.example.jp" its subdomains, "*" everything else, and keys without a
# domain. The most specific line counts. Without this table the only back-channel serves everything; with
# several it is needed. With an array each mailbox is on one of these servers: it is unknown only where
# every one of them has just said so.
#[domains]
#"example.jp" = "cyrus"
#"*.example.jp" = "cyrus"
#"*" = "names"
#"example.org" = ["cyrus", "imap"]
`;

const BACKCHANNELS = `${rule('Where Cyrus is asked')}

# At least one back-channel is needed. Its name is yours: letters, digits, - and _, at most 32.
`;

/** Tables of the administrator's own: in the sample they stand for none. */
const NAMED: ReadonlySet<string> = new Set(['[map.NAME]', '[domain.NAME]']);

export function sampleFile(): string {
  const tables = tablesOfDocs();
  const backchannels = tables.filter(({ type }) => type !== undefined);
  const others = tables.filter(({ type }) => type === undefined);
  return [
    HEAD,
    BACKCHANNELS,
    ...backchannels.map((table, index) => tableText(table, index === 0)),
    DOMAINS,
    ...others.flatMap((table) => [`${rule(table.title)}\n`, tableText(table, !NAMED.has(table.heading))]),
  ].join('\n');
}

/** @param active whether the table's own line is in force */
function tableText({ sampleName, type, text, keys }: TableOfDocs, active: boolean): string {
  const mark = active ? '' : '#';
  const head = `${comment(text)}\n${mark}[${sampleName}]\n`;
  const typed = type === undefined ? [] : [`${mark}type = "${type}"\n`];
  return [head, ...typed, ...Object.entries(keys).map(([name, key]) => keyText(name, key, active))].join(
    '\n',
  );
}

function keyText(name: string, key: AnyKey, active: boolean): string {
  const value = toml(key.default ?? key.example);
  const unset = key.default === undefined ? ` ${key.required ? 'No default.' : defaultSentence(key)}` : '';
  const words = `${key.text} ${allowedSentence(key)}${unset}`;
  return `${comment(words)}\n${key.required === true && active ? '' : '#'}${name} = ${value}\n`;
}

function comment(text: string): string {
  return wrap(text.replaceAll('`', ''), WIDTH)
    .split('\n')
    .map((line) => `# ${line}`)
    .join('\n');
}

function rule(title: string): string {
  return `# --- ${title} `.padEnd(WIDTH, '-');
}

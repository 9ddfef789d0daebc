// Random files of aliases: which left-hand sides they have, and which addresses they mean, held against the programs themselves,
// Sendmail 8.17 and 8.18 (newaliases, makemap, sendmail -bv) and Postfix 3.7 and 3.10 (postmap, RCPT). 10 files of each kind
// here, more with ALIAS_FILES; their seeds are their numbers.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseList } from '../../src/backchannels/list-file.js';
import { tableReader, type TableFormat } from '../../src/backchannels/table-keys.js';
import { DEFAULT_ADDRESS_RULES, partsOf } from '../../src/validation/recipient.js';
import type { MailServer } from '../containers/mail-server.js';
import { startPostfix } from '../containers/postfix.js';
import { EMPTY_TABLES, startSendmail } from '../containers/sendmail.js';
import { makeMapFolder } from './map-folder.js';
import { addressesFor, aliasFile, DOMAINS, postmapFile, virtuserFile } from './tables/alias-files.js';

const FILES = Number(process.env['ALIAS_FILES'] ?? 10);
const NUMBERS = Array.from({ length: FILES }, (_, index) => index + 1);
const SUITES = ['bookworm', 'trixie'] as const;

const MC = `divert(0)dnl
OSTYPE(\`linux')dnl
define(\`confDONT_PROBE_INTERFACES', \`True')dnl
define(\`ALIAS_FILE', \`/etc/mail/aliases')dnl
LOCAL_DOMAIN(\`${DOMAINS.join(' ')}')dnl
FEATURE(\`virtusertable', \`hash /etc/mail/virtusertable')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
`;

/** Two dumps of the keys of a table, and what becomes of each address: \`== NAME\` begins a part. */
const SENDMAIL_RUN = `
cd /sets
number=$1
while [ $number -le $2 ]; do
  : >/etc/mail/aliases; newaliases >/dev/null 2>&1
  makemap hash /etc/mail/virtusertable <$number/virtusertable >/dev/null 2>&1
  echo "== $number virtusertable"; makemap -u hash /etc/mail/virtusertable
  echo "== $number virtusertable-addresses"; for address in $(cat $number/addresses); do echo "-- $address"; sendmail -bv $address 2>&1; done
  : >empty; makemap hash /etc/mail/virtusertable <empty
  cp $number/aliases /etc/mail/aliases; newaliases >/dev/null 2>&1
  echo "== $number aliases"; makemap -N -u hash /etc/mail/aliases
  echo "== $number aliases-addresses"; for address in $(cat $number/addresses); do echo "-- $address"; sendmail -bv $address 2>&1; done
  number=$((number + 1))
done
`;

describe.each(SUITES)('Sendmail of %s', (suite) => {
  let folder: string;
  let sendmail: MailServer;
  let parts: ReadonlyMap<string, readonly string[]>;

  beforeAll(async () => {
    folder = await makeMapFolder();
    for (const number of NUMBERS) {
      await mkdir(join(folder, String(number)));
      await writeFile(join(folder, `${number}/virtusertable`), virtuserFile(number), 'latin1');
      await writeFile(join(folder, `${number}/aliases`), aliasFile(number), 'latin1');
      await writeFile(join(folder, `${number}/addresses`), addressesFor(number).join('\n'));
    }
    await writeFile(join(folder, 'run'), SENDMAIL_RUN);
    sendmail = await startSendmail({
      mc: MC,
      suite,
      mapFolder: folder,
      mapTarget: '/sets',
      files: EMPTY_TABLES,
    });
    parts = partsOfOutput(await sendmail.exec('sh', '/sets/run', '1', String(FILES)));
  });
  afterAll(async () => {
    await sendmail?.stop();
    await rm(folder, { recursive: true });
  });

  test.each(['virtusertable', 'aliases'] as const)('has the left-hand sides of %s that we have', (format) => {
    const wrong = NUMBERS.flatMap((number) => {
      const theirs = dumpedKeys(parts.get(`${number} ${format}`));
      return difference(`${format} ${number}`, theirs, keysOf(format, fileOf(format, number)));
    });
    expect(wrong).toEqual([]);
    expect(NUMBERS.flatMap((number) => dumpedKeys(parts.get(`${number} ${format}`))).length).toBeGreaterThan(
      FILES,
    );
  });

  test.each(['virtusertable', 'aliases'] as const)(
    'delivers by %s whom we accept, and nobody else',
    async (format) => {
      const wrong: string[] = [];
      let accepted = 0;
      for (const number of NUMBERS) {
        const list = await listOf(format, fileOf(format, number));
        const said = (parts.get(`${number} ${format}-addresses`) ?? []).join('\n').split('-- ');
        for (const address of addressesFor(number)) {
          const theirs = said.some(
            (each) =>
              each.startsWith(`${address}\n`) && each.includes('deliverable: mailer local, user root'),
          );
          const ours = list.has(partsOf(address, DEFAULT_ADDRESS_RULES));
          if (ours) accepted += 1;
          if (ours !== theirs)
            wrong.push(`${format} ${number}: ${address}: ${theirs ? 'delivered' : 'refused'}`);
        }
      }
      expect(wrong).toEqual([]);
      expect(accepted).toBeGreaterThan(FILES);
    },
  );
});

/** Every file has domains of its own, so that one table has them all. */
const inTable = (number: number, text: string): string =>
  text.replace(/example\./gi, (name) => `n${number}.${name}`);

const MAIN = `
myhostname = mx.mail.test
mydestination = mx.mail.test
inet_protocols = ipv4
recipient_delimiter = +
virtual_alias_domains = ${NUMBERS.flatMap((number) => DOMAINS.map((each) => inTable(number, each))).join(', ')}
virtual_alias_maps = hash:/var/spool/postfix/cyrusmapd/all
smtpd_relay_restrictions = reject_unauth_destination
smtpd_hard_error_limit = 100000
smtpd_soft_error_limit = 100000
smtpd_error_sleep_time = 0
smtpd_recipient_limit = 100000
`;

describe.each(SUITES)('Postfix of %s', (suite) => {
  let folder: string;
  let postfix: MailServer;

  beforeAll(async () => {
    folder = await makeMapFolder();
    for (const number of NUMBERS)
      await writeFile(join(folder, String(number)), postmapFile(number), 'latin1');
    const all = NUMBERS.map((number) => inTable(number, `${postmapFile(number)}\n`)).join('');
    await writeFile(join(folder, 'all'), all, 'latin1');
    // smtpd opens its tables when it starts, so this one is built in a container before.
    const builder = await startPostfix({ suite, main: 'inet_protocols = ipv4\n', mapFolder: folder });
    await builder.exec('postmap', 'hash:/var/spool/postfix/cyrusmapd/all');
    await builder.stop();
    postfix = await startPostfix({ suite, main: MAIN, mapFolder: folder });
  });
  afterAll(async () => {
    await postfix?.stop();
    await rm(folder, { recursive: true });
  });

  test('has the left-hand sides of a virtual table that we have', async () => {
    const script = `cd /tmp; for n in $(seq ${FILES}); do cp /var/spool/postfix/cyrusmapd/$n t; postmap hash:t 2>/dev/null; echo "== $n"; postmap -s hash:t; rm t.db; done`;
    const parts = partsOfOutput(await postfix.exec('sh', '-c', script));
    const wrong = NUMBERS.flatMap((number) => {
      const theirs = (parts.get(String(number)) ?? [])
        .map((line) => line.split('\t')[0] ?? '')
        .map(withoutQuotes);
      return difference(`virtual ${number}`, theirs, keysOf('virtual', postmapFile(number)));
    });
    expect(wrong).toEqual([]);
  });

  test('takes for whom we accept, and for nobody else', async () => {
    const wrong: string[] = [];
    let accepted = 0;
    for (const number of NUMBERS) {
      const list = await listOf('virtual', inTable(number, postmapFile(number)), []);
      const addresses = addressesFor(number).map((address) => inTable(number, address));
      const replies = await postfix.rcpt(addresses, '127.0.0.2');
      for (const [index, address] of addresses.entries()) {
        const theirs = replies[index]?.code === 250;
        const ours = list.has(partsOf(address, DEFAULT_ADDRESS_RULES));
        if (ours) accepted += 1;
        if (ours !== theirs) wrong.push(`virtual: ${address}: ${replies[index]?.text}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(accepted).toBeGreaterThan(FILES);
  });
});

function fileOf(format: 'aliases' | 'virtusertable', number: number): string {
  return format === 'aliases' ? aliasFile(number) : virtuserFile(number);
}

function listOf(format: TableFormat, text: string, domains: readonly string[] = DOMAINS) {
  const origin = { file: 'x', format, domains };
  return parseList(Buffer.from(text, 'latin1'), origin, 'file', DEFAULT_ADDRESS_RULES);
}

function keysOf(format: TableFormat, text: string): string[] {
  const read = tableReader(format);
  const keys = text.split('\n').flatMap((line) => read(line)?.key ?? []);
  if (format !== 'aliases') return keys;
  // Sendmail has none for another domain; in its own the name is a local one.
  return keys
    .filter((key) => !key.endsWith('@elsewhere.test'))
    .map((key) => (key.endsWith('@example.jp') ? key.slice(0, key.lastIndexOf('@')) : key));
}

function dumpedKeys(lines: readonly string[] = []): string[] {
  return lines.map((line) => withoutQuotes(line.split('\t')[0] ?? '')).filter((key) => key !== '@');
}

function withoutQuotes(key: string): string {
  return key.replace(/^"((?:[^"\\]|\\.)*)"(@[^"@]*)?$/, '$1$2').replace(/\\(.)/g, '$1');
}

function difference(what: string, theirs: readonly string[], ours: readonly string[]): string[] {
  const [a, b] = [new Set(theirs), new Set(ours.map(withoutQuotes))];
  return [
    ...[...a].filter((key) => !b.has(key)).map((key) => `${what}: only theirs: ${JSON.stringify(key)}`),
    ...[...b].filter((key) => !a.has(key)).map((key) => `${what}: only ours: ${JSON.stringify(key)}`),
  ];
}

function partsOfOutput(output: string): ReadonlyMap<string, readonly string[]> {
  const parts = new Map<string, string[]>();
  let part: string[] = [];
  for (const line of output.split('\n')) {
    if (line.startsWith('== ')) parts.set(line.slice(3), (part = []));
    else if (line !== '') part.push(line);
  }
  return parts;
}

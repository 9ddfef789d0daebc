// Random tables: what RCPT says of a recipient has to agree with where sendmail -bv says that the mail would go. 20 hosts
// here, 300 with `npm run test:sendmail`; their seeds are their numbers, on Sendmail 8.17.1 and 8.18 in turn.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MailServer } from '../containers/mail-server.js';
import { EMPTY_TABLES, startSendmail } from '../containers/sendmail.js';
import { startSocketmapServer, type SocketmapServer } from '../fakes/socketmap-server.js';
import { makeMapFolder } from './map-folder.js';
import { readMc } from './mc/read.js';
import { generate, hasMailbox, HOSTS } from './tables/generate.js';
import { judge, readAnswers, type Answer, type Judgement } from './tables/judge.js';

const HOSTS_IN_ALL = Number(process.env['CYRUSMAPD_TABLE_SETS'] ?? 20);
const AT_A_TIME = 10;

const batches = Array.from({ length: Math.ceil(HOSTS_IN_ALL / AT_A_TIME) }, (_, index) => index);
const counts = new Map<Judgement, number>();

describe.each(['bookworm', 'trixie'] as const)('generated tables, %s', (suite) => {
  let folder: string;
  let map: SocketmapServer;
  let sendmail: MailServer;

  beforeAll(async () => {
    folder = await makeMapFolder();
    map = await startSocketmapServer((key) => (hasMailbox(key) ? `OK ${key}` : 'NOTFOUND no such mailbox'));
    const mc = await readMc('generated.mc', map.endpoint);
    for (const host of HOSTS) await writeFile(join(folder, `${host}.mc`), mc.replaceAll('@HOST@', host));
    await writeFile(join(folder, 'run'), await readFile(new URL('tables/run', import.meta.url)));
    sendmail = await startSendmail({
      mc: mc.replaceAll('@HOST@', 'mrs'),
      suite,
      mapFolder: folder,
      mapTarget: '/sets',
      files: EMPTY_TABLES,
    });
  });
  afterAll(async () => {
    await sendmail?.stop();
    await map?.stop();
    await rm(folder, { recursive: true });
  });

  test.each(batches.filter((batch) => batch % 2 === (suite === 'bookworm' ? 0 : 1)))(
    'batch %i: nobody is refused whom the tables deliver, and nobody accepted whom they do not',
    async (batch) => {
      const first = batch * AT_A_TIME + 1;
      const last = Math.min(first + AT_A_TIME - 1, HOSTS_IN_ALL);
      for (let number = first; number <= last; number++) await write(number);
      const output = await sendmail.exec('sh', '/sets/run', String(first), String(last));
      const answers = readAnswers(output);
      expect(new Set(answers.map(({ number }) => number)).size, output.slice(-2000)).toBe(last - first + 1);
      const wrong: string[] = [];
      for (const answer of answers) {
        const judgement = judge(answer);
        counts.set(judgement, (counts.get(judgement) ?? 0) + 1);
        if (judgement.startsWith('wrongly')) wrong.push(describeWrong(answer, judgement));
      }
      expect(wrong.join('\n')).toBe('');
    },
  );

  async function write(number: number): Promise<void> {
    const { host, files, recipients } = generate(number, `/sets/${number}`);
    await mkdir(join(folder, String(number)));
    const all = { ...files, host: `${host}\n`, recipients: recipients.map((each) => `${each}\n`).join('') };
    for (const [name, text] of Object.entries(all)) await writeFile(join(folder, String(number), name), text);
  }
});

afterAll(() => {
  console.log(
    `${HOSTS_IN_ALL} hosts: ${[...counts].map(([judgement, count]) => `${count} ${judgement}`).join(', ')}`,
  );
});

function describeWrong({ number, recipient, reply, verified }: Answer, judgement: Judgement): string {
  const { host, files } = generate(number, `/sets/${number}`);
  const tables = Object.entries(files).map(([name, text]) => `-- ${name}\n${text}`);
  return [`${judgement}: ${recipient}: ${reply}`, ...verified, `host ${number}, ${host}`, ...tables].join(
    '\n',
  );
}

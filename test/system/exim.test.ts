// Real Exim with the lines of docs/exim.md as they stand: what it asks by ${readsocket}, and what it makes of the answers.
import { chmod, rm } from 'node:fs/promises';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GenericContainer, type StartedTestContainer } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DaemonProcess } from '../containers/daemon.js';
import { makeMapFolder } from './map-folder.js';

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/exim.md', import.meta.url)), 'utf8');
const [MAIN = '', ACL = ''] = [...PAGE.matchAll(/^```\n(.*?)^```$/gms)].map(([, block = '']) => block);
const CONFIG = `${MAIN}log_file_path = syslog\nspool_directory = /var/spool/exim4\n\nbegin acl\n${ACL}`;

let folder: string;
let daemon: DaemonProcess | undefined;
let exim: StartedTestContainer;

beforeAll(async () => {
  folder = await makeMapFolder();
  const list = join(folder, 'mailboxes');
  writeFileSync(list, 'alice@example.jp\n');
  daemon = await DaemonProcess.start({
    listen: [`unix:${join(folder, 'socketmap')}`],
    flags: ['--list', list],
  });
  await chmod(join(folder, 'socketmap'), 0o666);
  exim = await new GenericContainer('cyrusmapd/exim:bookworm')
    .withBindMounts([{ source: folder, target: '/var/run/cyrusmapd' }])
    .withCopyContentToContainer([{ target: '/etc/exim4/try.conf', content: CONFIG }])
    .start();
});
afterAll(async () => {
  await exim?.stop();
  await daemon?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The replies to RCPT, as a host far away would get them. */
async function rcpt(...recipients: readonly string[]): Promise<string[]> {
  const lines = [
    'EHLO client.sender.test',
    'MAIL FROM:<a@sender.test>',
    ...recipients.map((to) => `RCPT TO:<${to}>`),
    'QUIT',
  ];
  const script = lines.map((line) => `${line}\r\n`).join('');
  const quoted = script.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\x27`);
  const command = `printf '%b' '${quoted}' | exim -C /etc/exim4/try.conf -bh 192.0.2.1 2>/dev/null`;
  const { output } = await exim.exec(['bash', '-c', command]);
  const replies = output.split('\r\n').flatMap((line) => /^\d{3} .*/.exec(line)?.[0] ?? []);
  return replies.slice(-1 - recipients.length, -1);
}

describe('Exim with the lines of the page', () => {
  test('takes who exists, refuses who does not, and relays for nobody', async () => {
    expect(
      await rcpt('alice@example.jp', 'ALICE+lists@Example.JP', 'nobody@example.jp', 'alice@example.org'),
    ).toEqual(['250 Accepted', '250 Accepted', '550 User unknown', '550 relay not permitted']);
  });

  test('asks for odd names as they are', async () => {
    expect(await rcpt('"a,b"@example.jp', '"a}b"@example.jp', '"$x"@example.jp')).toEqual(
      Array.from({ length: 3 }, () => expect.stringMatching(/^(550|451) /)),
    );
    expect((await rcpt('alice@example.jp'))[0]).toBe('250 Accepted');
  });

  test('defers while no daemon is there', async () => {
    await daemon?.stop();
    daemon = undefined;
    expect(await rcpt('alice@example.jp', 'nobody@example.jp')).toEqual([
      '451 Mailbox cannot be verified now',
      '451 Mailbox cannot be verified now',
    ]);
  });
});

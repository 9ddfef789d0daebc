// Real Sendmail beside a flood on the same socket: 300 connections that pipeline unknown names without pause, and a lmtpd
// that takes 50 ms a RCPT. A late answer would be taken for that to the next recipient: a 550 for a mailbox that exists.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DaemonProcess } from '../containers/daemon.js';
import type { MailServer } from '../containers/mail-server.js';
import { EMPTY_TABLES, startSendmail } from '../containers/sendmail.js';
import { status } from '../containers/smtp.js';
import { Companion } from '../flood/companion.js';
import { makeMapFolder } from './map-folder.js';
import { readMc } from './mc/read.js';

const KNOWN = Array.from({ length: 20 }, (_, i) => `u${i}@example.jp`);
const SECONDS = Number(process.env['FLOOD_SECONDS'] ?? 10);
const SESSIONS_A_SECOND = 3;

let folder: string;
let lmtpd: Companion;
let daemon: DaemonProcess;
let sendmail: MailServer;

beforeAll(async () => {
  folder = await makeMapFolder();
  lmtpd = await Companion.start('slow-lmtpd.mjs', join(folder, 'lmtp'), 50);
  daemon = await DaemonProcess.start({
    listen: [`unix:${join(folder, 'socketmap')}`],
    config: `[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "unix:${join(folder, 'lmtp')}"\ncanary = "ucanary@example.jp"\n`,
  });
  sendmail = await startSendmail({
    mc: await readMc('cyrusmap-mailertable.mc', 'local:/run/cyrusmapd/socketmap'),
    mapFolder: folder,
    files: { ...EMPTY_TABLES, mailertable: 'example.jp\tcyrusv2d:cyrus\n', virtdomains: 'example.jp\n' },
  });
  await sendmail.rcpt(KNOWN);
});
afterAll(async () => {
  await sendmail?.stop();
  await daemon?.stop();
  await lmtpd?.stop();
  await rm(folder, { recursive: true, force: true });
});

test(
  'each recipient that exists is served, and none that does not',
  async () => {
    const attacker = await Companion.start('attacker.mjs', `unix:${join(folder, 'socketmap')}`, 300, 60);
    const sessions: Promise<{ readonly existing: string[]; readonly unknown: string }>[] = [];
    for (let i = 0; i < SECONDS * SESSIONS_A_SECOND; i++) {
      sessions.push(session(i));
      await sleep(1000 / SESSIONS_A_SECOND);
    }
    const told = await Promise.all(sessions);
    expect(JSON.parse((await attacker.stop()).split('\n')[1] ?? '')).toMatchObject({ lost: 0 });
    expect(new Set(told.flatMap(({ existing }) => existing))).toEqual(new Set(['250 2.1.5']));
    const refused = new Set(told.map(({ unknown }) => unknown));
    expect([...refused].filter((said) => said !== '550 5.1.1' && said !== '451 4.3.0')).toEqual([]);
  },
  (SECONDS + 60) * 1000,
);

/** Two recipients that exist, and between them one that does not. */
async function session(i: number): Promise<{ readonly existing: string[]; readonly unknown: string }> {
  const [first, last] = [KNOWN[i % KNOWN.length] ?? '', KNOWN[(i + 7) % KNOWN.length] ?? ''];
  const replies = await sendmail.rcpt([first, `nobody${i}@example.jp`, last]);
  const [a = '', unknown = '', b = ''] = replies.map(status);
  return { existing: [a, b], unknown };
}

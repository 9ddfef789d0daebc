// Takeovers while real Sendmail and real Postfix have sessions with RCPTs, short ones and some that last over several takeovers: no
// 451, no wrong and no late answer, no session refused. `npm run test:takeover` does many.
import { chmodSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EMPTY_TABLES, startSendmail } from '../containers/sendmail.js';
import { startPostfix } from '../containers/postfix.js';
import type { MailServer } from '../containers/mail-server.js';
import { Load, NO_FAULTS, TakeoverRig, type Asking, type Faults } from '../integration/takeover-rig.js';
import type { Serving } from '../integration/cyrusmapd-process.js';
import { readMc } from './mc/read.js';

const TAKEOVERS = Number(process.env['MAIL_TAKEOVERS'] ?? 3);
/** That begin with an older release. */
const OLDER = Math.ceil(TAKEOVERS / 10);
const LIVES = [1, 3, 10, 60, 300];
const STRANGER = '127.0.0.2';

const MAIN_CF = `
myhostname = mx.mail.test
mydestination = mx.mail.test
inet_protocols = ipv4
smtpd_soft_error_limit = 100000
smtpd_hard_error_limit = 100000
smtpd_recipient_limit = 100000
virtual_mailbox_domains = example.jp
virtual_mailbox_maps = socketmap:unix:cyrusmapd/socketmap:cyrus
virtual_transport = lmtp:unix:cyrus/lmtp
`;

type Suite = 'bookworm' | 'trixie';
type Start = (rig: TakeoverRig) => Promise<MailServer>;

function sendmail(suite: Suite): Start {
  return async ({ folder }) =>
    startSendmail({
      mc: await readMc('mailertable.mc', 'local:/run/cyrusmapd/socketmap'),
      suite,
      mapFolder: folder,
      files: {
        ...EMPTY_TABLES,
        mailertable: 'example.jp\tmrs_cyrus_mailertable:\n',
        virtdomains: 'example.jp\n',
      },
      // A machine that runs tests is busy.
      flags: ['RefuseLA', 'QueueLA', 'DelayLA'].flatMap((each) => ['-O', `${each}=10000`]),
    });
}

function postfix(suite: Suite): Start {
  return ({ folder }) => startPostfix({ main: MAIN_CF, suite, mapFolder: folder });
}

const SERVERS: readonly (readonly [string, Start])[] = [
  ['Sendmail 8.17', sendmail('bookworm')],
  ['Postfix 3.7', postfix('bookworm')],
];
/** Only where many takeovers are asked for, since each takes a minute at least. */
const NEWER: typeof SERVERS = [
  ['Sendmail 8.18', sendmail('trixie')],
  ['Postfix 3.10', postfix('trixie')],
];

describe.each(TAKEOVERS > 3 ? [...SERVERS, ...NEWER] : SERVERS)('%s', (name, start) => {
  let rig: TakeoverRig;
  let server: MailServer;

  beforeEach(async () => {
    rig = await TakeoverRig.start();
    chmodSync(rig.folder, 0o755);
    rig.configure('', 'socket_mode = "0666"');
    server = await start(rig);
  });
  afterEach(() => server?.stop());

  async function session(): Promise<Asking> {
    const client = await server.session(STRANGER);
    await client.command('MAIL FROM:<a@sender.test>');
    return {
      ask: async (recipient) => {
        const { code } = await client.command(`RCPT TO:<${recipient}>`);
        return statusOf(code);
      },
      close: () => void client.quit(),
    };
  }

  async function rounds(count: number, first: Serving, isOlder = false): Promise<Faults> {
    let old = first;
    const load = new Load(rig, LIVES, session);
    // Each has a question answered by the first one.
    await expect.poll(() => load.faults.asked, { timeout: 30_000 }).toBeGreaterThan(2 * LIVES.length);
    for (let nth = 0; nth < count; nth++) {
      const next = await rig.takeOver();
      expect(await next.said('takeover')).toMatchObject({ pid: old.child.pid });
      // From an older release it is complete when its last connection has gone.
      if (!isOlder) await next.said('takeover-complete');
      const asked = load.faults.asked;
      await expect.poll(() => load.faults.asked, { timeout: 30_000 }).toBeGreaterThan(asked + 10);
      old = next;
    }
    const faults = await load.end();
    await old.stop();
    return faults;
  }

  test(`notices nothing of ${TAKEOVERS} takeovers`, { timeout: 120_000 + TAKEOVERS * 8_000 }, async () => {
    report(name, await rounds(TAKEOVERS, await rig.serve()));
  });

  test(
    `notices nothing of a takeover from an older release, ${OLDER} times`,
    { timeout: 60_000 + OLDER * 20_000 },
    async () => {
      for (let nth = 0; nth < OLDER; nth++)
        report(`${name}, older`, await rounds(1, await rig.olderRelease(), true));
    },
  );
});

function statusOf(code: number): string {
  if (code === 250) return 'OK';
  if (code === 550) return 'NOTFOUND';
  return code < 500 ? 'TEMP' : String(code);
}

function report(name: string, faults: Faults): void {
  if (process.env['MAIL_TAKEOVERS'] !== undefined)
    process.stderr.write(`${name}: ${JSON.stringify(faults)}\n`);
  expect(faults).toMatchObject(NO_FAULTS);
}

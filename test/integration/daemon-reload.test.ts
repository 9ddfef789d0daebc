// The whole daemon with fake lmtpds behind it: what a reload keeps, what it replaces, and what is left after the end.
import { beforeEach, expect, test } from 'vitest';
import { REPLIES } from '../fakes/lmtp-server.js';
import { DaemonRig } from './daemon-rig.js';
import { turns } from './socketmap-rig.js';

const ALICE = 'alice@example.jp';

let rig: DaemonRig;

beforeEach(() => {
  rig = new DaemonRig();
});

test('a reload without a change keeps the sessions and the learned witness', async () => {
  const lmtpd = await rig.newLmtpd('lmtp');
  const daemon = await rig.start(await rig.configured(lmtpd));
  const ask = await rig.connected();
  expect(await ask(ALICE)).toBe('OK');
  await daemon.reload(await rig.configured(lmtpd));
  expect(await ask('nobody@example.jp')).toBe('NOTFOUND');
  expect(lmtpd.dialogues).toHaveLength(1);
});

test('it drops what is cached as negative', async () => {
  const lmtpd = await rig.newLmtpd('lmtp');
  const remembered = '[cache]\nnegative_ttl = "10s"';
  const daemon = await rig.start(await rig.configured(lmtpd, remembered));
  const ask = await rig.connected();
  await ask(ALICE);
  expect(await ask('new@example.jp')).toBe('NOTFOUND');
  lmtpd.mailboxes.set('new@example.jp', REPLIES.deliverable);
  expect(await ask('new@example.jp')).toBe('NOTFOUND');
  await daemon.reload(await rig.configured(lmtpd, remembered));
  expect(await ask('new@example.jp')).toBe('OK');
});

test('another back-channel is asked at once; what the former was asked is answered, and then it is closed', async () => {
  const [one, two] = [await rig.newLmtpd('one'), await rig.newLmtpd('two')];
  const daemon = await rig.start(await rig.configured(one));
  const [first, second] = [await rig.connected(), await rig.connected()];
  const held = one.hold(/<alice@/);
  const answer = first(ALICE);
  await one.until(() => one.recipients.includes(ALICE));
  await daemon.reload(await rig.configured(two));
  expect(await second('bob@example.jp')).toBe('OK');
  expect(two.recipients).toEqual(['bob@example.jp']);
  held.release();
  expect(await answer).toBe('OK');
  await one.until(() => one.connections === 0);
  expect(one.commands.at(-1)).toBe('QUIT');
});

test('what it said before the change is not believed after it', async () => {
  const [one, two] = [await rig.newLmtpd('one'), await rig.newLmtpd('two')];
  two.mailboxes.delete(ALICE);
  const daemon = await rig.start(await rig.configured(one));
  const [first, second] = [await rig.connected(), await rig.connected()];
  const held = one.hold(/<alice@/);
  const answer = first(ALICE);
  await one.until(() => one.recipients.includes(ALICE));
  await daemon.reload(await rig.configured(two));
  await second('bob@example.jp');
  held.release();
  expect(await answer).toBe('OK');
  expect(await second(ALICE)).toBe('NOTFOUND');
});

test('a stop does not wait for a former back-channel that is silent', async () => {
  const [one, two] = [await rig.newLmtpd('one'), await rig.newLmtpd('two')];
  const daemon = await rig.start(await rig.configured(one, '[lookup]\ndeadline = "100ms"'));
  const ask = await rig.connected();
  one.hold(/<alice@/);
  expect(await ask(ALICE)).toBe('TEMP');
  await daemon.reload(await rig.configured(two));
  await daemon.stop();
  await one.until(() => one.connections === 0);
  await turns();
  expect(rig.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('a domain that moves to another Cyrus is answered by that one alone', async () => {
  const [one, two] = [await rig.newLmtpd('one'), await rig.newLmtpd('two')];
  two.mailboxes.delete(ALICE);
  const both = (domain: string) =>
    `[backchannel.two]\ntype = "lmtp"\nendpoint = "${two.endpoint}"\nautocreate = "accept"\ncanary = "bob@example.jp"
     [domains]\n"*" = "cyrus"\n"${domain}" = "two"`;
  const daemon = await rig.start(await rig.configured(one, both('example.net')));
  const ask = await rig.connected();
  expect([await ask(ALICE), await ask(ALICE)]).toEqual(['OK', 'OK']);
  await ask('bob@example.net');
  await daemon.reload(await rig.configured(one, both('example.jp')));
  expect(await ask(ALICE)).toBe('NOTFOUND');
  await daemon.reload(await rig.configured(one, both('example.net')));
  expect(await ask(ALICE)).toBe('OK');
});

test('a domain that is added is looked at for what a RCPT creates there, and nothing known is lost', async () => {
  const lmtpd = await rig.newLmtpd('lmtp');
  const config = (domains: string) =>
    rig.configured(lmtpd, `[domains]\n${domains}`).then((each) => ({
      ...each,
      backchannels: each.backchannels.map((one) =>
        one.type === 'lmtp' ? { ...one, autocreate: 'defer' as const } : one,
      ),
    }));
  lmtpd.mailboxes.set('carol@example.net', REPLIES.deliverable);
  const daemon = await rig.start(await config('"example.jp" = "cyrus"'));
  const ask = await rig.connected();
  await ask(ALICE);
  await daemon.reload(await config('"example.jp" = "cyrus"\n"example.net" = "cyrus"'));
  const before = lmtpd.recipients.length;
  expect(await ask(ALICE)).toBe('OK');
  expect(lmtpd.recipients).toHaveLength(before);
  expect(await ask('carol@example.net')).toBe('OK');
  expect(lmtpd.recipients.slice(before)[0]).toMatch(/^cyrusmapd%.*@example\.net$/);
});

test('policies, deadline and the limit of log lines are those of the new configuration', async () => {
  const lmtpd = await rig.newLmtpd('lmtp');
  lmtpd.mailboxes.set('full@example.jp', REPLIES.overquota);
  const daemon = await rig.start(await rig.configured(lmtpd));
  const ask = await rig.connected();
  expect([await ask(ALICE), await ask('full@example.jp')]).toEqual(['OK', 'TEMP']);
  await daemon.reload(
    await rig.configured(
      lmtpd,
      '[lookup]\nover_quota = "ok"\ndeadline = "100ms"\nalways_accept = ["postmaster"]\n[log]\nmax_refused_per_second = 1',
    ),
  );
  expect([await ask('full@example.jp'), await ask('postmaster@example.jp')]).toEqual(['OK', 'OK']);
  rig.lines.length = 0;
  for (const key of ['a b', 'c d', 'e f']) expect(await ask(key)).toBe('NOTFOUND');
  expect(rig.lines.filter(({ message }) => String(message).startsWith('notfound')).length).toBeLessThan(2);
  lmtpd.hold(/<late@/);
  const begun = performance.now();
  expect(await ask('late@example.jp')).toBe('TEMP');
  expect(performance.now() - begun).toBeLessThan(2000);
});

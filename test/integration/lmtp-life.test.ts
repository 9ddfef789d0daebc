// The back-channel over time: idle sessions, generations, what is served while Cyrus is away, reload and the end.
import { describe, expect, test, vi } from 'vitest';
import { buildBackchannels } from '../../src/backchannels/build.js';
import { validatorRules } from '../../src/backchannels/rules.js';
import { silentLog } from '../../src/log/log.js';
import { CLOSE, REPLIES } from '../fakes/lmtp-server.js';
import { CANARY, Rig, standStill, turns } from './lmtp-rig.js';

standStill();

describe('sessions', () => {
  test('none is opened before the first question', async () => {
    const rig = await Rig.start();
    await turns();
    expect(rig.lmtpd.dialogues).toEqual([]);
  });

  test('there are two at most, however many ask', async () => {
    const rig = await Rig.start({ backchannel: { batch: 4 } });
    rig.lmtpd.override = (command, usual) => (command === 'RSET' ? turns().then(() => usual) : undefined);
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        for (let j = 0; j < 5; j++) await rig.ask(`u${i}x${j}@example.jp`).outcome;
      }),
    );
    expect(rig.lmtpd.dialogues).toHaveLength(2);
  });

  test('an idle one is closed with QUIT after 60 s, and opened again silently', async () => {
    const rig = await Rig.start();
    await rig.askAll('alice@example.jp');
    await rig.pass(59_999);
    expect(rig.lmtpd.connections).toBe(1);
    await rig.pass(1);
    await rig.lmtpd.until(() => rig.lmtpd.connections === 0);
    expect(rig.lmtpd.commands.at(-1)).toBe('QUIT');
    expect(await rig.askAll('bob@example.jp')).toEqual(['deliverable probe']);
    expect(rig.lmtpd.dialogues).toHaveLength(2);
    expect(rig.lines).toEqual([]);
  });

  test.each([
    ['with 421', '421 4.4.1 bye idle for too long\r\n'],
    ['without a word', ''],
  ])('one that lmtpd closed while idle, %s, is opened again silently', async (_, bytes) => {
    const rig = await Rig.start();
    await rig.askAll('alice@example.jp');
    if (bytes !== '') rig.lmtpd.say(bytes);
    rig.lmtpd.hangUp();
    await rig.lmtpd.until(() => rig.lmtpd.connections === 0);
    expect(await rig.askAll('bob@example.jp')).toEqual(['deliverable probe']);
    expect(rig.lines).toEqual([]);
  });

  test('one that was closed so lately that we do not know it yet costs no question', async () => {
    const rig = await Rig.start();
    await rig.askAll('alice@example.jp');
    rig.lmtpd.hangUp();
    expect(await rig.askAll('bob@example.jp', 'full@example.jp')).toEqual([
      'deliverable probe',
      'overquota probe',
    ]);
    expect(rig.lines).toEqual([]);
  });

  test('all of them closed at once, as when master is restarted, cost no question either', async () => {
    const rig = await Rig.start({ backchannel: { batch: 2 } });
    rig.lmtpd.override = (command, usual) => (command === 'RSET' ? turns().then(() => usual) : undefined);
    await rig.askAll('alice@example.jp', 'bob@example.jp', 'u4@example.jp', 'u5@example.jp');
    await rig.askAll('u1@example.jp', 'u2@example.jp', 'u3@example.jp');
    expect(rig.lmtpd.connections).toBe(2);
    rig.lmtpd.hangUp();
    expect(await rig.askAll('full@example.jp', 'closed@example.jp')).toEqual([
      'overquota probe',
      'refused probe',
    ]);
    expect(rig.lines).toEqual([]);
  });
});

describe('generations', () => {
  test('what was asked before a change is not believed after it', async () => {
    const rig = await Rig.start({ backchannel: { connections: 1 } });
    const held = rig.lmtpd.hold(/<new@/);
    const before = rig.ask('new@example.jp');
    await rig.lmtpd.until(() => rig.lmtpd.recipients.includes('new@example.jp'));
    // Cyrus has looked, and found nothing; now the mailbox is created, and we are told.
    rig.lmtpd.mailboxes.set('new@example.jp', REPLIES.deliverable);
    rig.validator.forget('new@example.jp');
    const after = rig.ask('new@example.jp');
    held.release(REPLIES.unknown);
    await before.outcome;
    expect(await after.outcome).toBe('deliverable probe');
    expect(rig.known('new@example.jp')).toBe('deliverable known');
  });

  test('a negative entry is believed for ten seconds', async () => {
    const rig = await Rig.start();
    await rig.askAll('new@example.jp');
    rig.lmtpd.mailboxes.set('new@example.jp', REPLIES.deliverable);
    await rig.pass(9000);
    expect(rig.known('new@example.jp')).toBe('unknown negative');
    await rig.pass(1000);
    expect(await rig.askAll('new@example.jp')).toEqual(['deliverable probe']);
  });
});

describe('while Cyrus is away', () => {
  test('a known mailbox is served stale, an unknown one is deferred', async () => {
    const rig = await Rig.start();
    await rig.askAll('alice@example.jp', 'nobody@example.jp', 'full@example.jp');
    await rig.pass(60_000);
    await rig.lmtpd.stop();
    expect(await rig.askAll('alice@example.jp', 'alice+x@example.jp')).toEqual([
      'deliverable stale',
      'deliverable stale',
    ]);
    expect(await rig.askAll('nobody@example.jp', 'full@example.jp', 'other@example.jp')).toEqual(
      Array(3).fill('deferred down'),
    );
  });

  test('a Cyrus that lost its mailboxes makes nobody unknown whom it knew', async () => {
    const rig = await Rig.start();
    await rig.askAll('alice@example.jp');
    await rig.pass(60_000);
    rig.lmtpd.mailboxes.clear();
    expect(await rig.reply('alice@example.jp')).toMatch(/^TEMP the witness mailbox/);
  });
});

describe('a reload', () => {
  test('keeps a back-channel that has not changed, with its sessions and its learned witness', async () => {
    const rig = await Rig.start({ canary: undefined });
    await rig.askAll('alice@example.jp');
    const next = await buildBackchannels(
      { ...rig.config, backchannels: rig.config.backchannels.map((each) => ({ ...each })) },
      { log: silentLog, now: () => performance.now(), random: () => 1 },
      rig.backchannels,
    );
    expect(next.probes).toEqual(rig.backchannels.probes);
    rig.validator.reconfigure(next.route, validatorRules(rig.config));
    expect(await rig.askAll('nobody@example.jp')).toEqual(['unknown probe']);
    expect(rig.lmtpd.dialogues).toHaveLength(1);
  });

  test('builds one that has changed anew', async () => {
    const rig = await Rig.start();
    const next = await buildBackchannels(
      { ...rig.config, backchannels: rig.config.backchannels.map((each) => ({ ...each, batch: 7 })) },
      { log: silentLog, now: () => performance.now(), random: () => 1 },
      rig.backchannels,
    );
    expect(next.probes[0]).not.toBe(rig.backchannels.probes[0]);
  });
});

describe('the end', () => {
  test('draining lets what is under way be answered, and takes no more', async () => {
    const rig = await Rig.start();
    const held = rig.lmtpd.hold(/<alice@/);
    const alice = rig.ask('alice@example.jp');
    await rig.lmtpd.until(() => rig.lmtpd.recipients.includes('alice@example.jp'));
    const drained = Promise.all(rig.backchannels.probes.map((probe) => probe.drain()));
    expect(await rig.askAll('bob@example.jp')).toEqual(['deferred down']);
    held.release();
    expect(await alice.outcome).toBe('deliverable probe');
    await drained;
    await rig.lmtpd.until(() => rig.lmtpd.connections === 0);
    expect(rig.lmtpd.commands.at(-1)).toBe('QUIT');
  });

  test('closing defers what is under way at once, and leaves no timer and no connection', async () => {
    const rig = await Rig.start();
    rig.lmtpd.override = (command) => (command.startsWith('RCPT') ? new Promise(() => undefined) : undefined);
    const asked = [rig.ask('alice@example.jp'), rig.ask('bob@example.jp')];
    await rig.lmtpd.until(() => rig.lmtpd.commands.includes('RSET'));
    asked.push(rig.ask('full@example.jp'));
    await Promise.all(rig.backchannels.probes.map((probe) => probe.close()));
    expect(await Promise.all(asked.map(({ outcome }) => outcome))).toEqual([
      'deferred probe',
      'deferred probe',
      'deferred down',
    ]);
    await rig.lmtpd.until(() => rig.lmtpd.connections === 0);
    await turns();
    expect(vi.getTimerCount()).toBe(0);
    expect(rig.validator.flights).toBe(0);
    expect(rig.lines).toEqual([]);
  });

  test('a lmtpd that comes and goes leaves nothing behind', async () => {
    const rig = await Rig.start();
    for (let round = 0; round < 20; round++) {
      rig.lmtpd.override = (command) => (round % 2 === 0 && command.startsWith('RCPT') ? CLOSE : undefined);
      await rig.askAll('alice@example.jp', `no${round}@example.jp`, CANARY);
      rig.validator.forgetAll();
      await rig.pass(10_000);
    }
    await rig.pass(60_000);
    await rig.lmtpd.until(() => rig.lmtpd.connections === 0);
    await turns();
    expect([rig.validator.flights, vi.getTimerCount()]).toEqual([0, 0]);
  });
});

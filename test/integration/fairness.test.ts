// One slow thing must not defer the rest: the figures before this was built stand beside each.
import { describe, expect, test, vi } from 'vitest';
import type { Asker } from '../../src/validation/probe.js';
import { SlowCyrus, type Heard } from './fairness-rig.js';
import { standStill } from './lmtp-rig.js';

standStill();

const STALLED_MAX = 6;

// Small steps of time are many; a busy machine takes long for them.
vi.setConfig({ testTimeout: 120_000 });

/** Between an answer and the next question of the same client. */
const PAUSE_MS = 20;

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

function newAsker(): Asker {
  return { gone: false };
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}`);
}

describe('200 connections that guess names, at an lmtpd that takes 50 ms for each', () => {
  /** @param askerOf the connection of the nth attacker, and of the nth new recipient */
  async function attacked(askerOf: (n: number) => Asker) {
    const cyrus = await SlowCyrus.start(50);
    const recipients = numbered('new', 29);
    cyrus.make('known', ...recipients);
    let guesses = 0;
    let denied = 0;
    const attack = async (asker: Asker): Promise<never> => {
      for (;;) {
        if ((await cyrus.ask(`guess${guesses++}`, asker)) === 'NOTFOUND') denied += 1;
        await pause();
      }
    };
    await Promise.all([cyrus.ask('known'), cyrus.pass(100)]);
    for (let i = 0; i < 200; i++) void attack(askerOf(i));
    await cyrus.pass(5_000);
    const before = { denied, served: cyrus.served };
    const first: Heard[] = [];
    const known: Heard[] = [];
    await cyrus.pass(20_000, (ms) => {
      const recipient = recipients[ms / 500 - 1];
      if (recipient === undefined) return;
      void cyrus.ask(recipient, askerOf(200 + ms / 500)).then((heard) => first.push(heard));
      void cyrus.ask('known', askerOf(300 + ms / 500)).then((heard) => known.push(heard));
    });
    expect(first).toHaveLength(29);
    return {
      first: first.filter((heard) => heard === 'OK').length,
      known: known.filter((heard) => heard === 'OK').length,
      denied: denied - before.denied,
      served: cyrus.served - before.served,
    };
  }

  // Before: 2, 29, none denied, and lmtpd was as busy.
  test('a session each: who asks for the first time is answered at once, and lmtpd is as busy as it can be', async () => {
    const { first, known, denied, served } = await attacked(newAsker);
    expect(first).toBeGreaterThanOrEqual(27);
    expect(known).toBe(29);
    expect(denied).toBeGreaterThan(400);
    expect(served).toBeGreaterThanOrEqual(790);
  });

  // Before: 2, 29, none denied, and lmtpd was as busy.
  test('a few connections that carry everybody, as Postfix has them: no worse than without fairness', async () => {
    const shared = Array.from({ length: 40 }, newAsker);
    const { first, known, denied, served } = await attacked((n) => shared[n % shared.length] ?? newAsker());
    expect(first).toBeGreaterThanOrEqual(2);
    expect(known).toBe(29);
    expect(denied).toBeGreaterThan(400);
    expect(served).toBeGreaterThanOrEqual(790);
  });
});

// Before: after 40 s five of them, 60955 times TEMP, and 399 recipients asked for.
test('200 mailboxes at a disk that takes 100 ms for each are all answered in the 20 s that it needs', async () => {
  const cyrus = await SlowCyrus.start(100, { sharesDisk: true });
  const cold = numbered('cold', 200);
  cyrus.make(...cold);
  let last = 0;
  let answered = 0;
  let passed = 0;
  const insist = async (local: string): Promise<void> => {
    const asker = newAsker();
    while ((await cyrus.ask(local, asker)) !== 'OK') await pause();
    answered += 1;
    last = passed;
  };
  for (const local of cold) void insist(local);
  await cyrus.pass(22_000, (ms) => (passed = ms));
  expect(answered).toBe(200);
  expect(last).toBeLessThan(21_000);
  expect(cyrus.served).toBeLessThan(210);
});

// Before: 12 of 999 TEMP, `backend-down` and 12 sessions for each of the two in 100 s.
test.each([1, 2])('%d locked mailboxes defer nobody else, and hold up a few lmtpds only', async (count) => {
  const cyrus = await SlowCyrus.start(0);
  const names = numbered('locked', count);
  cyrus.make(...names);
  for (const name of names) cyrus.locked.add(name);
  const heard: Heard[] = [];
  let asked = 0;
  await cyrus.pass(250_000, (ms) => {
    if (ms % 250 === 0) {
      const local = `stranger${asked++}`;
      cyrus.make(local);
      void cyrus.ask(local, newAsker()).then((each) => heard.push(each));
    }
    if (ms % 1_000 === 0) for (const name of names) void cyrus.ask(name, newAsker());
  });
  expect(heard.length).toBeGreaterThanOrEqual(asked - 1);
  expect(heard.filter((each) => each !== 'OK')).toEqual([]);
  expect(cyrus.rig.lmtpd.dialogues.length).toBeLessThanOrEqual(2 + STALLED_MAX);
  expect(cyrus.rig.lines).toEqual([]);

  cyrus.unlock();
  await cyrus.pass(100);
  const again = Promise.all(names.map((name) => cyrus.ask(name, newAsker())));
  await cyrus.pass(1_000);
  expect(await again).toEqual(names.map(() => 'OK'));
});

test('who is gone is not asked for any more', async () => {
  const cyrus = await SlowCyrus.start(50, { backchannel: { connections: 1 } });
  const gone = { gone: false };
  const first = cyrus.ask('first', newAsker());
  await cyrus.pass(20);
  const asked = numbered('gone', 10).map((local) => cyrus.ask(local, gone));
  gone.gone = true;
  const other = cyrus.ask('other', newAsker());
  await cyrus.pass(1_000);
  expect(await Promise.all([first, other])).toEqual(['NOTFOUND', 'NOTFOUND']);
  expect(await Promise.all(asked)).toEqual(Array(10).fill('TEMP'));
  expect(cyrus.rig.lmtpd.recipients.filter((each) => each.startsWith('gone'))).toEqual([]);
});

test('one connection with many questions does not keep the others waiting', async () => {
  const cyrus = await SlowCyrus.start(20, { backchannel: { connections: 1 } });
  const many = newAsker();
  cyrus.make(...numbered('many', 100), 'other');
  const order: string[] = [];
  const note = (local: string, asker: Asker): void =>
    void cyrus.ask(local, asker).then(() => order.push(local));
  for (const local of numbered('many', 100)) note(local, many);
  await cyrus.pass(10);
  note('other', newAsker());
  await cyrus.pass(4_000);
  expect(order).toHaveLength(101);
  expect(order.indexOf('other')).toBeLessThan(40);
});

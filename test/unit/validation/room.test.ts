import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UnavailableError } from '../../../src/errors.js';
import { STALE, RULE_ACCEPTS, type Outcome } from '../../../src/validation/outcome.js';
import type { Route } from '../../../src/validation/probe.js';
import { DEFAULT_ADDRESS_RULES, type AddressRules } from '../../../src/validation/recipient.js';
import { Room } from '../../../src/validation/room.js';
import {
  deferred,
  DELIVERABLE,
  OVERQUOTA,
  REFUSED,
  UNKNOWN,
  type Verdict,
} from '../../../src/validation/verdict.js';
import { HandProbe } from '../../fakes/hand-probe.js';

const ALICE = 'alice@example.jp';
const DEADLINE_MS = 1000;
const BYTES = 5000;
const KNOWN: Outcome = { verdict: DELIVERABLE, source: 'known' };

let probe: HandProbe;
let route: Route;
let addressRules: AddressRules & { asksEightBit: boolean };
let room: Room;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  probe = new HandProbe();
  probe.judgesSize = true;
  route = () => probe;
  addressRules = { ...DEFAULT_ADDRESS_RULES, postUser: 'post', asksEightBit: false };
  const validator = {
    addressRules,
    route: (domain?: string) => route(domain),
  };
  room = new Room(validator, DEADLINE_MS, () => performance.now());
});
afterEach(() => {
  vi.useRealTimers();
});

function judge(address = ALICE, outcome = KNOWN, messageBytes = BYTES, since = performance.now()) {
  return room.judge(outcome, { address, detail: 'inbox', messageBytes }, since);
}

describe('a message for a mailbox that takes mail', () => {
  test('is refused where Cyrus has just said that there is no room, with its words and the size', async () => {
    const said = { code: '452', enhanced: '4.2.2', text: 'Over quota' };
    const judged = judge();
    expect(probe.questions).toMatchObject([{ address: ALICE, messageBytes: BYTES }]);
    probe.answer(ALICE, { kind: 'overquota', evidence: { said } });
    expect(await judged).toEqual({
      verdict: { kind: 'overquota', evidence: { said, messageBytes: BYTES } },
      source: 'probe',
    });
  });

  test.each<[string, Verdict]>([
    ['there is room', DELIVERABLE],
    ['the mailbox is gone', UNKNOWN],
    ['it takes no mail', REFUSED],
    ['it does not know', deferred('busy')],
  ])('is let through where Cyrus says that %s', async (_, said) => {
    const judged = judge();
    probe.answer(ALICE, said);
    expect(await judged).toBe(KNOWN);
  });

  test('is let through where Cyrus cannot be asked, or does not answer within the deadline', async () => {
    const failing = judge();
    probe.question(ALICE).fail(new UnavailableError('gone'));
    expect(await failing).toBe(KNOWN);
    const late = judge(ALICE, KNOWN, BYTES, performance.now() - 400);
    await vi.advanceTimersByTimeAsync(600);
    expect(await late).toBe(KNOWN);
    probe.answer(ALICE, OVERQUOTA);
  });

  test('is asked about anew each time, and together with whoever asks the same just now', async () => {
    const first = judge();
    const same = judge();
    const larger = judge(ALICE, KNOWN, BYTES + 1);
    expect(probe.questions.map(({ messageBytes }) => messageBytes)).toEqual([BYTES, BYTES + 1]);
    probe.questions[0]?.answer(OVERQUOTA);
    probe.questions[1]?.answer(DELIVERABLE);
    const kinds = (await Promise.all([first, same, larger])).map(({ verdict }) => verdict.kind);
    expect(kinds).toEqual(['overquota', 'overquota', 'deliverable']);
    const again = judge();
    expect(probe.questions).toHaveLength(3);
    probe.answer(ALICE, DELIVERABLE);
    expect(await again).toBe(KNOWN);
  });

  test('has a deadline of its own, as long as that of a lookup', async () => {
    await vi.advanceTimersByTimeAsync(300);
    void judge();
    expect(probe.question(ALICE).deadline).toBe(300 + DEADLINE_MS);
  });

  test('waits as long as it may, and not as long as who asked first', async () => {
    void judge(ALICE, KNOWN, BYTES, performance.now() - 900);
    const second = judge();
    await vi.advanceTimersByTimeAsync(500);
    probe.answer(ALICE, OVERQUOTA);
    expect((await second).verdict.kind).toBe('overquota');
  });

  test('is asked about with its detail, which lmtpd judges by the INBOX', () => {
    void judge('alice+lists@example.jp');
    expect(probe.asked).toEqual(['alice+lists@example.jp']);
  });
});

describe('nobody is asked', () => {
  test.each<[string, Outcome]>([
    ['a rule accepts it', RULE_ACCEPTS],
    ['Cyrus is away', STALE],
    ['it is over quota anyhow', { verdict: OVERQUOTA, source: 'known' }],
    ['it is unknown', { verdict: UNKNOWN, source: 'probe' }],
  ])('where %s', async (_, outcome) => {
    expect(room.counts(outcome, ALICE, 'inbox')).toBe(false);
    expect(await judge(ALICE, outcome)).toBe(outcome);
    expect(probe.asked).toEqual([]);
  });

  test('where Cyrus counts no message, and where nobody serves the domain', () => {
    probe.judgesSize = false;
    expect(room.counts(KNOWN, ALICE, 'inbox')).toBe(false);
    route = () => 'unserved';
    expect(room.counts(KNOWN, ALICE, 'inbox')).toBe(false);
  });

  test.each(['known', 'directory', 'probe'] as const)('but Cyrus, where it has it by %s', (source) => {
    expect(room.counts({ verdict: DELIVERABLE, source }, ALICE, 'inbox')).toBe(true);
  });

  test('about an address with 8-bit bytes, which the back-channel cannot send', () => {
    addressRules.asksEightBit = true;
    expect(room.counts(KNOWN, 'caf\xe9@example.jp', 'inbox')).toBe(false);
    Object.assign(probe, { asksEightBit: true });
    expect(room.counts(KNOWN, 'caf\xe9@example.jp', 'inbox')).toBe(true);
  });

  test('about what is no address, nor where the folder decides that a detail names', () => {
    expect(room.counts(KNOWN, 'al ice@example.jp', 'inbox')).toBe(false);
    expect(room.counts(KNOWN, 'alice+lists@example.jp', 'folder')).toBe(false);
    expect(room.counts(KNOWN, ALICE, 'folder')).toBe(true);
  });
});

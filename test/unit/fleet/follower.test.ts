import { beforeEach, describe, expect, test } from 'vitest';
import {
  encodeBeacon,
  encodeBegin,
  encodeChange,
  encodeEnd,
  type Beacon,
  type RawEntry,
} from '../../../src/fleet/entry-codec.js';
import { Follower } from '../../../src/fleet/follower.js';

const ONE = '1111111111111111';
const TWO = '2222222222222222';
const RULES = 'fedcba9876543210';
const LEASE_MS = 1_000;

let forgotten: string[];
let follower: Follower;
/** Monotonic milliseconds. */
let now: number;
let question: number;
let beacon: Beacon;

beforeEach(() => {
  forgotten = [];
  now = 10_000;
  question = 100;
  beacon = {
    instance: ONE,
    answers: 0,
    seq: 7,
    lastId: '50-0',
    leaseMs: LEASE_MS,
    exact: true,
    rules: RULES,
  };
  follower = new Follower(
    { forget: (mailbox) => forgotten.push(mailbox), forgetAll: (reason) => forgotten.push(`* ${reason}`) },
    () => RULES,
    now,
  );
});

const clocks = () => ({ now, wall: 1e12 + now });

/** One beat that takes 10 ms; `more` is what the beacon says by now. */
function beat(more: Partial<Beacon> | null = {}): void {
  const sent = clocks();
  const { ack } = follower;
  now += 10;
  question += 1;
  beacon = { ...beacon, ...more };
  follower.heard(more === null ? null : encodeBeacon(beacon), question, sent, ack, now);
}

/** Until the lease holds. */
function join(more: Partial<Beacon> = {}): void {
  beat(more);
  beat();
  beat({ answers: question });
  forgotten = [];
}

let ids = 50;
function entry(fields: string[]): RawEntry {
  ids += 1;
  return [`${ids}-0`, fields];
}
const change = (seq: number, mailboxes: string[] | undefined, instance = ONE) =>
  entry(encodeChange(instance, { seq, mailboxes }));

function take(...entries: RawEntry[]): void {
  follower.take(entries, follower.readFrom ?? '', now);
}

const holds = () => follower.holds(now, 1e12 + now);

/** What the publisher may take for known: sent and answered. */
function acknowledge(): void {
  const { ack } = follower;
  if (ack !== undefined) follower.acknowledged(ack);
}

describe('joining', () => {
  test('believes once a question was answered that was put after it stood on the list', () => {
    expect(follower.trouble(clocks())).toBe('no publisher was heard of yet');
    beat();
    expect(follower.ack).toEqual({ instance: ONE, seq: 7 });
    expect(follower.readFrom).toBe('50-0');
    beat({ answers: question });
    expect(holds()).toBe(false);
    beat({ answers: question });
    expect(holds()).toBe(true);
  });

  test('believes nothing from before', () => {
    join();
    expect(follower.floor).toBe(10_010);
  });

  test('does not believe where names are made otherwise', () => {
    join({ rules: '0000000000000000' });
    expect(follower.trouble(clocks())).toBe('names are made otherwise by the publisher');
  });

  test('does not believe without a publisher, nor one of another release', () => {
    beat(null);
    expect(follower.trouble(clocks())).toBe('no publisher, or one of another release');
  });
});

describe('while it follows', () => {
  beforeEach(() => join());

  test('forgets what is named, and acknowledges it', () => {
    take(change(8, ['alice@example.jp']), change(9, ['bob@example.jp']));
    expect(forgotten).toEqual(['alice@example.jp', 'bob@example.jp']);
    expect(follower.ack).toEqual({ instance: ONE, seq: 9 });
    expect(holds()).toBe(true);
  });

  test('outdates all where anything may have changed, or an entry is strange, and goes on', () => {
    take(change(8, undefined));
    expect(follower.floor).toBe(now);
    take(entry(['what', 'is this']));
    expect(forgotten).toHaveLength(2);
    expect(holds()).toBe(true);
  });

  test('forgets again what comes twice', () => {
    take(change(7, ['alice@example.jp']));
    expect(forgotten).toEqual(['alice@example.jp']);
    expect(follower.ack?.seq).toBe(7);
  });

  test('keeps its lease by answers to its questions, and not without', () => {
    for (let i = 0; i < 10; i++) {
      now += 190;
      beat({ answers: question });
      expect(holds()).toBe(true);
    }
    for (let i = 0; i < 10; i++) {
      now += 190;
      beat();
    }
    expect(follower.trouble(clocks())).toBe('neither Valkey nor the publisher has answered in time');
  });

  test('does not go on believing before it has forgotten what the beacon counts, and told so', () => {
    now += 500;
    beat();
    now += 100;
    beat({ answers: question, seq: 8 });
    now += 400;
    expect(holds()).toBe(false);
    take(change(8, ['alice@example.jp']));
    expect(holds()).toBe(false);
    acknowledge();
    expect(holds()).toBe(true);
  });

  test('a publisher that has stopped: believes nothing from then on, and tells that it knows', () => {
    beat();
    take(entry(encodeEnd(ONE, 8)));
    expect(forgotten).toEqual(['* the publisher has stopped']);
    expect(holds()).toBe(false);
    expect(follower.ack).toEqual({ instance: ONE, seq: 8 });
    // It had answered this before it stopped.
    beat({ answers: question });
    acknowledge();
    expect(holds()).toBe(false);
    expect(follower.trouble(clocks())).toBe('the publisher has stopped');
  });

  test('another publisher that stops is none of ours', () => {
    take(entry(encodeEnd(TWO, 8)));
    expect(forgotten).toEqual([]);
    expect(holds()).toBe(true);
  });

  test('a new publisher: forgets all, and begins with it', () => {
    take(change(8, ['alice@example.jp']));
    beat({ instance: TWO, seq: 3, lastId: '60-0' });
    expect(forgotten).toEqual(['alice@example.jp', '* the publisher is a new one']);
    expect(follower.floor).toBe(now);
    expect(follower.ack).toEqual({ instance: TWO, seq: 3 });
    expect(holds()).toBe(false);
    beat();
    beat({ answers: question });
    expect(holds()).toBe(true);
  });

  test('a new publisher that is seen in the stream first: believes nothing from then on', () => {
    take(entry(encodeBegin(TWO)));
    expect(forgotten).toEqual(['* another publisher has begun']);
    expect(holds()).toBe(false);
    // An answer of the one before is none.
    beat({ answers: question });
    expect(holds()).toBe(false);
  });

  test('two publishers: believes neither, for ten leases', () => {
    take(entry(encodeBegin(TWO)), entry(encodeBegin(ONE)));
    join();
    expect(follower.trouble(clocks())).toBe('two publishers');
    now += 9_000;
    beat({ answers: question });
    expect(holds()).toBe(false);
    now += 1_000;
    beat({ answers: question });
    beat({ answers: question });
    expect(holds()).toBe(true);
  });

  test('a trimmed id, as after an hour in which it was stopped: forgets all, and goes on from where the publisher is', () => {
    now += 3_600_000;
    expect(holds()).toBe(false);
    take(change(500, ['alice@example.jp']));
    expect(follower.ack).toBeUndefined();
    beat({ seq: 500 });
    expect(forgotten).toEqual(['alice@example.jp', '* entries of the stream are missing']);
    expect(follower.floor).toBe(now);
    expect(follower.ack).toEqual({ instance: ONE, seq: 500 });
    beat();
    beat({ answers: question });
    expect(holds()).toBe(true);
  });

  test('after an hour in which nothing was trimmed: forgets what is named, and nothing else', () => {
    const { floor } = follower;
    now += 3_600_000;
    take(change(8, ['alice@example.jp']));
    beat({ seq: 8, answers: question });
    beat({ answers: question });
    expect(forgotten).toEqual(['alice@example.jp']);
    expect(follower.floor).toBe(floor);
    expect(holds()).toBe(true);
  });

  test('a number that is far ahead, as a stranger may write it, is no acknowledgement', () => {
    take(change(1_000_000, ['alice@example.jp']));
    expect(holds()).toBe(false);
    beat({ seq: 8 });
    expect(follower.ack).toEqual({ instance: ONE, seq: 8 });
  });

  test('an emptied stream: forgets all a lease later, and goes on', () => {
    beat({ seq: 9 });
    now += LEASE_MS;
    beat({ answers: question });
    beat({ answers: question });
    expect(forgotten).toEqual(['* changes did not come through the stream']);
    expect(follower.behind).toBe(0);
  });

  test('a clock that jumps: believes nothing until the next answer', () => {
    expect(follower.holds(now, 1e12 + now + 3_600_000)).toBe(false);
    expect(follower.trouble({ now, wall: 1e12 + now + 3_600_000 })).toBe(
      'the clock of this machine has jumped',
    );
  });

  test('what was read behind another entry makes forget, and moves nothing', () => {
    follower.take([change(8, ['alice@example.jp'])], '1-0', now);
    expect(forgotten).toEqual(['alice@example.jp']);
    expect(follower.ack?.seq).toBe(7);
    expect(follower.readFrom).toBe('50-0');
  });
});

import { beforeEach, describe, expect, test } from 'vitest';
import { FairQueue } from '../../../../src/cyrus/pool/fair-queue.js';
import { Question } from '../../../../src/cyrus/pool/question.js';
import { Standings } from '../../../../src/cyrus/pool/standings.js';
import { UnavailableError } from '../../../../src/errors.js';
import type { Asker } from '../../../../src/validation/probe.js';
import { DEFAULT_ADDRESS_RULES, parseKey } from '../../../../src/validation/recipient.js';
import { DELIVERABLE, UNKNOWN } from '../../../../src/validation/verdict.js';

const SUSPECT_PLACE = 4;

let now: number;
let standings: Standings;
let queue: FairQueue;
let rejected: string[];

beforeEach(() => {
  now = 0;
  rejected = [];
  standings = new Standings();
  queue = newQueue();
});

function newQueue(maxWaiting = 100): FairQueue {
  const isSlow = (mailbox: string): boolean => mailbox.startsWith('slow');
  return new FairQueue({ maxWaiting, standings, isSlow, now: () => now });
}

function question(local: string, asker?: Asker, deadline = 5_000): Question {
  const parsed = parseKey(`${local}@example.jp`, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.reason);
  const made = new Question(parsed.recipient, deadline, asker);
  made.verdict.catch((error: unknown) => rejected.push(`${local} ${String(error)}`));
  return made;
}

function add(local: string, asker?: Asker, deadline?: number): Question {
  const added = question(local, asker, deadline);
  queue.add(added);
  return added;
}

function taken(max = 100, eachMs = 0): string[] {
  return queue.takeBatch(max, eachMs).map(({ recipient }) => recipient.local);
}

function suspect(): Asker {
  const asker = { gone: false };
  for (let i = 0; i < 5; i++) standings.heard(asker, UNKNOWN);
  return asker;
}

describe('among equals', () => {
  test('each connection has its turn, and then the earliest deadline', () => {
    const [one, two] = [{ gone: false }, { gone: false }];
    for (const local of ['a1', 'a2', 'a3']) add(local, one);
    add('b1', two);
    add('c1', { gone: false }, 4_000);
    add('b2', two);
    expect(taken(3)).toEqual(['c1', 'a1', 'b1']);
    expect(taken()).toEqual(['a2', 'b2', 'a3']);
    expect(queue.length).toBe(0);
  });
});

describe('who guesses names', () => {
  test('comes behind the others, but for one place of four', () => {
    for (let i = 0; i < 8; i++) add(`guess${i}`, suspect());
    for (let i = 0; i < 8; i++) add(`new${i}`, { gone: false });
    const order = taken(8).map((local) => local.replace(/[0-9]/g, ''));
    expect(order.filter((each) => each === 'guess')).toHaveLength(8 / SUSPECT_PLACE);
    expect(taken()).toHaveLength(8);
  });

  test('is not asked for what would come too late; others are', () => {
    add('guess0', suspect(), 90);
    add('guess1', suspect(), 160);
    add('new', { gone: false }, 10);
    expect(taken(10, 50)).toEqual(['new', 'guess1']);
    expect(queue.length).toBe(0);
  });

  test('has our own questions beside it', () => {
    add('ours');
    add('new', { gone: false });
    expect(taken(1)).toEqual(['new']);
  });
});

describe('what is dropped', () => {
  test('is what nobody waits for any more', async () => {
    const asker = { gone: false };
    add('late', asker, 100);
    add('gone', asker);
    const settled = add('settled', { gone: false });
    add('new', { gone: false });
    settled.resolve(DELIVERABLE);
    expect(queue.length).toBe(3);
    asker.gone = true;
    now = 100;
    expect(taken()).toEqual(['new']);
    await Promise.resolve();
    expect(rejected).toHaveLength(2);
    expect(queue.length).toBe(0);
  });

  test('is everything, where nobody can be asked', async () => {
    for (const local of ['a', 'slow', 'b']) add(local, { gone: false });
    queue.putBack([question('again')]);
    queue.refuseAll(new UnavailableError('down'));
    await Promise.resolve();
    expect(rejected).toHaveLength(4);
    expect([queue.length, taken()]).toEqual([0, []]);
  });
});

describe('alone', () => {
  test('is asked what was put back, before all others', () => {
    add('new', { gone: false });
    queue.putBack([question('a'), question('b')]);
    expect([queue.length, taken(), taken(), taken()]).toEqual([3, ['a'], ['b'], ['new']]);
  });

  test('is asked what is slow, in turn with the others', () => {
    for (const local of ['slow1', 'slow2']) add(local, { gone: false });
    for (const local of ['a', 'b', 'c']) add(local, { gone: false });
    const batches = [taken(2), taken(2), taken(2), taken(2)];
    expect(batches.filter((batch) => batch.some((local) => local.startsWith('slow')))).toEqual([
      ['slow1'],
      ['slow2'],
    ]);
    expect(batches.flat()).toHaveLength(5);
  });
});

describe('room', () => {
  test('is there for each connection: who has many may have no more', () => {
    queue = newQueue(10);
    const greedy = { gone: false };
    let added = 0;
    for (; !queue.isFull(greedy); added++) add(`greedy${added}`, greedy);
    expect(added).toBeLessThanOrEqual(10);
    const others = Array.from({ length: 10 }, () => ({ gone: false }));
    for (const other of others) {
      expect(queue.isFull(other)).toBe(false);
      add('other', other);
    }
    expect(queue.isFull(undefined)).toBe(true);
  });

  test('has an end all the same', () => {
    queue = newQueue(10);
    for (let i = 0; i < 20; i++) add(`u${i}`, { gone: false });
    expect(queue.isFull({ gone: false })).toBe(true);
  });

  test('is not held by those that are too late, however far behind they are', () => {
    queue = newQueue(10);
    for (let i = 0; i < 20; i++) add(`u${i}`, suspect(), 100);
    now = 1_000;
    expect(queue.isFull({ gone: false })).toBe(false);
    expect(queue.length).toBe(0);
  });
});

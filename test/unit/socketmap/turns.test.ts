import { describe, expect, test } from 'vitest';
import { Turns, type Waiter } from '../../../src/socketmap/turns.js';

/** So long a turn may be, in milliseconds. */
const TURN_BUDGET_MS = 2;

class Rig {
  now = 1000;
  /** How often the clock was looked at. */
  looks = 0;
  readonly served: string[] = [];
  readonly turns = new Turns(() => (this.looks++, this.now));
}

/** @param costMs that serving it takes; @param again how often it has more to be served */
function waiter(rig: Rig, name: string, recent: number, costMs = 1, again = 0): Waiter {
  let left = again;
  const self: Waiter = {
    recent,
    waitingSince: rig.now,
    serveTurn() {
      rig.served.push(name);
      rig.now += costMs;
      if (left-- > 0) rig.turns.add(self);
    },
  };
  return self;
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('a turn', () => {
  test('serves what it has read when all of it is read, in that order', async () => {
    const rig = new Rig();
    rig.turns.offer(waiter(rig, 'a', 5));
    rig.turns.offer(waiter(rig, 'b', 0));
    expect(rig.served).toEqual([]);
    await turn();
    expect(rig.served).toEqual(['a', 'b']);
    expect(rig.turns.size).toBe(0);
  });

  test('leaves to the next ones what it has read beyond its budget, who asked least first', async () => {
    const rig = new Rig();
    for (let i = 0; i < TURN_BUDGET_MS; i++) rig.turns.offer(waiter(rig, `w${i}`, 0));
    rig.turns.offer(waiter(rig, 'busy', 1000));
    rig.turns.offer(waiter(rig, 'idle', 0));
    await turn();
    expect(rig.served).toHaveLength(TURN_BUDGET_MS);
    expect(rig.turns.size).toBe(2);
    await turn();
    expect(rig.served.slice(TURN_BUDGET_MS)).toEqual(['idle', 'busy']);
  });

  test('serves as many of those that wait as its budget allows', async () => {
    const rig = new Rig();
    for (let i = 0; i < 20; i++) rig.turns.add(waiter(rig, `w${i}`, 0));
    await turn();
    expect(rig.served).toHaveLength(TURN_BUDGET_MS);
    await turn();
    expect(rig.served).toHaveLength(2 * TURN_BUDGET_MS);
    expect(rig.turns.size).toBe(20 - 2 * TURN_BUDGET_MS);
  });

  test('serves one at least, however long that takes', async () => {
    const rig = new Rig();
    rig.turns.add(waiter(rig, 'a', 0, 500));
    rig.turns.add(waiter(rig, 'b', 0, 500));
    await turn();
    expect(rig.served).toEqual(['a']);
    await turn();
    expect(rig.served).toEqual(['a', 'b']);
  });

  test('gives nobody two shares, whoever has more to ask', async () => {
    const rig = new Rig();
    rig.turns.add(waiter(rig, 'much', 0, 0, 3));
    rig.turns.add(waiter(rig, 'little', 0, 0));
    await turn();
    expect(rig.served).toEqual(['much', 'little']);
    await turn();
    expect(rig.served).toEqual(['much', 'little', 'much']);
  });

  test('is shorter while connections come', async () => {
    const rig = new Rig();
    for (let i = 0; i < 20; i++) rig.turns.add(waiter(rig, `w${i}`, 0));
    rig.turns.hurry();
    await turn();
    expect(rig.served).toHaveLength(1);
  });
});

describe('the share of a turn', () => {
  test('is as much as may be where nobody else waits', () => {
    const rig = new Rig();
    expect(rig.turns.shareOf(waiter(rig, 'a', 0), 100)).toBe(100);
  });

  test('is small where others wait, but for who has waited longer since it asked more', () => {
    const rig = new Rig();
    rig.turns.add(waiter(rig, 'other', 0));
    const shares = [0, 10, 1000].map((recent) => rig.turns.shareOf(waiter(rig, 'a', recent), 100));
    expect(shares).toEqual([16, 26, 100]);
  });
});

describe('turns', () => {
  test('rest where nobody waits', async () => {
    const rig = new Rig();
    rig.turns.offer(waiter(rig, 'a', 0));
    for (let i = 0; i < 3; i++) await turn();
    const { looks } = rig;
    for (let i = 0; i < 3; i++) await turn();
    expect([rig.looks, rig.served]).toEqual([looks, ['a']]);
  });

  test('serve nobody who was closed in the turn of another', async () => {
    const rig = new Rig();
    const closed = waiter(rig, 'closed', 0);
    const closing = { recent: 0, waitingSince: rig.now, serveTurn: () => rig.turns.delete(closed) };
    rig.turns.add(closing);
    rig.turns.add(closed);
    await turn();
    rig.turns.add(waiter(rig, 'next', 0));
    await turn();
    expect(rig.served).toEqual(['next']);
  });

  test('are for whoever asked however much', async () => {
    const rig = new Rig();
    rig.turns.add(waiter(rig, 'busiest', 4_000_000_000));
    rig.turns.add(waiter(rig, 'busy', 5000));
    await turn();
    expect(rig.served.sort()).toEqual(['busiest', 'busy']);
  });
});

describe('those that wait', () => {
  test('are served by how little they asked of late, but for every fourth', async () => {
    const rig = new Rig();
    for (let i = 0; i < 4; i++) rig.turns.add(waiter(rig, `busy${i}`, 1000, 0));
    rig.now += 1;
    for (let i = 0; i < 6; i++) rig.turns.add(waiter(rig, `idle${i}`, 1, 0));
    await turn();
    expect(rig.served).toEqual([
      'idle0',
      'idle1',
      'idle2',
      'busy0',
      'idle3',
      'idle4',
      'idle5',
      'busy1',
      'busy2',
      'busy3',
    ]);
  });

  test('are served by how little they asked where none has waited longer', async () => {
    const rig = new Rig();
    rig.turns.add(waiter(rig, 'busy', 1000, 0));
    for (let i = 0; i < 5; i++) rig.turns.add(waiter(rig, `idle${i}`, 1, 0));
    await turn();
    expect(rig.served).toEqual(['idle0', 'idle1', 'idle2', 'idle3', 'idle4', 'busy']);
  });

  test('come before one that has asked more and is read just now', async () => {
    const rig = new Rig();
    rig.turns.add(waiter(rig, 'idle', 1, 0));
    rig.turns.offer(waiter(rig, 'busy', 1000, 0));
    await turn();
    expect(rig.served).toEqual(['idle', 'busy']);
  });

  test('come after one that has asked less and is read just now', async () => {
    const rig = new Rig();
    rig.turns.add(waiter(rig, 'busy', 1000, 0));
    rig.turns.offer(waiter(rig, 'idle', 1, 0));
    await turn();
    expect(rig.served).toEqual(['idle', 'busy']);
  });

  test('wait once, and no more when they are closed', async () => {
    const rig = new Rig();
    const closed = waiter(rig, 'closed', 0);
    rig.turns.add(closed);
    rig.turns.add(closed);
    expect([rig.turns.size, rig.turns.waitedMs(1100)]).toEqual([1, 100]);
    rig.turns.delete(closed);
    expect([rig.turns.size, rig.turns.waitedMs(1100)]).toEqual([0, 0]);
    await turn();
    expect(rig.served).toEqual([]);
  });
});

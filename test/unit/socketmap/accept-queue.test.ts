import { describe, expect, test } from 'vitest';
import { AcceptQueue } from '../../../src/socketmap/accept-queue.js';

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('whoever is accepted', () => {
  test('is new after a turn in which nobody was', async () => {
    const queue = new AcceptQueue(1024);
    expect(queue.accepted(1000, 990)).toBeUndefined();
    expect(queue.waitedMs(1100)).toBe(100);
    await turn();
    await turn();
    expect(queue.waitedMs(5000)).toBe(0);
    expect(queue.accepted(5000, 4990)).toBeUndefined();
    await turn();
    await turn();
    expect(queue.waitedMs(9000)).toBe(0);
  });

  test('may be as old as the first of those that were accepted turn after turn', async () => {
    const queue = new AcceptQueue(1024);
    queue.accepted(1000, 990);
    for (let now = 2000; now < 40_000; now += 1000) {
      await turn();
      expect(queue.accepted(now, now - 10)).toEqual({ earliest: 990, noticed: 1000 });
    }
  });

  test('came later than whoever was accepted before as many as can wait', async () => {
    const queue = new AcceptQueue(3);
    const earliest: (number | undefined)[] = [];
    for (let now = 0; now < 13; now++) {
      earliest.push(queue.accepted(now, now - 0.5)?.earliest);
      await turn();
    }
    // The queue holds four: at 0 it was found, and whoever is accepted after four more came after 0.
    expect(earliest).toEqual([undefined, -0.5, -0.5, -0.5, -0.5, 0, 0, 0, 0, 4, 4, 4, 4]);
  });

  test('may have come while the process stood still', async () => {
    const queue = new AcceptQueue(1024);
    queue.stoodStill(1000, 32_000);
    expect(queue.accepted(32_001, 32_000)).toEqual({ earliest: 1000, noticed: 1000 });
    await turn();
    await turn();
    await turn();
    expect(queue.accepted(32_100, 32_000)).toBeUndefined();
  });

  test('may have come while the process stood still, also where the first is accepted a turn later', async () => {
    const queue = new AcceptQueue(1024);
    queue.stoodStill(1000, 32_000);
    await turn();
    expect(queue.accepted(32_001, 32_000)).toEqual({ earliest: 1000, noticed: 1000 });
  });
});

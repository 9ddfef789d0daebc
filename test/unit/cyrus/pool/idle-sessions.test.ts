import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { IdleSessions } from '../../../../src/cyrus/pool/idle-sessions.js';
import type { Session } from '../../../../src/cyrus/pool/session.js';

const TIMEOUT_MS = 1_000;

let now: number;
beforeEach(() => {
  vi.useFakeTimers();
  now = 50_000;
});
afterEach(() => vi.useRealTimers());

class FakeSession implements Session {
  botched = false;
  closed = false;
  readonly acceptsEightBit = false;
  ask = () => Promise.resolve([]);

  close(): void {
    this.closed = true;
  }
}

async function pass(ms: number): Promise<void> {
  now += ms;
  await vi.advanceTimersByTimeAsync(ms);
}

function never(): void {
  throw new Error('no session is botched');
}

describe('sessions that have nothing to do', () => {
  test('are taken from the one used last to the one used first', () => {
    const idle = new IdleSessions(TIMEOUT_MS, () => now);
    const [first, last] = [new FakeSession(), new FakeSession()];
    idle.put(first);
    idle.put(last);
    expect([idle.size, idle.anyUsable]).toEqual([2, true]);
    expect([idle.take(never), idle.take(never), idle.take(never)]).toEqual([last, first, undefined]);
    expect([idle.size, idle.anyUsable]).toEqual([0, false]);
  });

  test('are passed by where Cyrus has ended them, and each of those is told', () => {
    const idle = new IdleSessions(TIMEOUT_MS, () => now);
    const [good, bad, worse] = [new FakeSession(), new FakeSession(), new FakeSession()];
    for (const each of [good, bad, worse]) idle.put(each);
    bad.botched = true;
    worse.botched = true;
    expect(idle.anyUsable).toBe(true);
    const botched = vi.fn();
    expect(idle.take(botched)).toBe(good);
    expect(botched).toHaveBeenCalledTimes(2);
    good.botched = true;
    idle.put(good);
    expect(idle.anyUsable).toBe(false);
  });

  test('are closed when each was unused for the timeout, by one timer, which is gone with the last', async () => {
    const idle = new IdleSessions(TIMEOUT_MS, () => now);
    const [early, late] = [new FakeSession(), new FakeSession()];
    idle.put(early);
    await pass(400);
    idle.put(late);
    expect(vi.getTimerCount()).toBe(1);
    await pass(599);
    expect(early.closed).toBe(false);
    await pass(1);
    expect([early.closed, late.closed, idle.size]).toEqual([true, false, 1]);
    await pass(400);
    expect([late.closed, idle.size, vi.getTimerCount()]).toEqual([true, 0, 0]);
  });

  test('that were used meanwhile are judged by when they came back', async () => {
    const idle = new IdleSessions(TIMEOUT_MS, () => now);
    const session = new FakeSession();
    idle.put(session);
    await pass(900);
    idle.take(never);
    idle.put(session);
    await pass(900);
    expect(session.closed).toBe(false);
    await pass(100);
    expect(session.closed).toBe(true);
  });

  test('are all closed at once in the end, and no timer is left', () => {
    const idle = new IdleSessions(TIMEOUT_MS, () => now);
    const both = [new FakeSession(), new FakeSession()];
    for (const each of both) idle.put(each);
    idle.closeAll();
    expect([both.every(({ closed }) => closed), idle.size, vi.getTimerCount()]).toEqual([true, 0, 0]);
  });
});

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Deadlines } from '../../../src/validation/deadlines.js';

const DUE = 5_000;

let deadlines: Deadlines;
/** When each lookup had its answer, or what was said instead. */
let told: number[];

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
  });
  deadlines = new Deadlines(() => performance.now());
  told = [];
});

afterEach(() => {
  vi.useRealTimers();
});

function wait(due: number, answer: Promise<string> = new Promise(() => undefined)): Promise<string> {
  const late = (): string => {
    told.push(performance.now());
    return 'late';
  };
  return deadlines.within(performance.now() + due, answer, { late, failed: () => 'failed' });
}

function waitTogether(count: number, due: number): void {
  for (let i = 0; i < count; i++) void wait(due);
}

/** One turn of the event loop, which takes no time. */
async function turn(): Promise<number> {
  const before = told.length;
  await vi.advanceTimersByTimeAsync(0);
  return told.length - before;
}

describe('the deadline of a lookup', () => {
  test('is when it is due, and neither before nor after', async () => {
    const answer = wait(DUE);
    await vi.advanceTimersByTimeAsync(DUE - 1);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await answer).toBe('late');
    expect(told).toEqual([DUE]);
  });

  test('is nothing to who has an answer', async () => {
    expect(await wait(DUE, Promise.resolve('yes'))).toBe('yes');
    await vi.advanceTimersByTimeAsync(2 * DUE);
    expect(told).toEqual([]);
  });

  test('is nothing to who has an error', async () => {
    expect(await wait(DUE, Promise.reject(new Error('down')))).toBe('failed');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('comes for each at its own time, whoever was first', async () => {
    for (const due of [400, 100, 300, 200]) void wait(due);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([100, 200, 300, 400]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('comes for each in its own millisecond, and for one that others wait with', async () => {
    for (const due of [101, 100, 102, 101]) void wait(due);
    await vi.advanceTimersByTimeAsync(200);
    expect(told).toEqual([100, 101, 101, 102]);
  });

  test('comes for who waits longer than one that was answered', async () => {
    let answer = (_: string): void => undefined;
    void wait(100, new Promise((resolve) => (answer = resolve)));
    void wait(200);
    answer('yes');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([200]);
  });

  test('gives whoever has nothing to say of an error the error itself', async () => {
    const lost = new Error('lost');
    const answer = deadlines.within(DUE, Promise.reject(lost), { late: () => 'late' });
    await expect(answer).rejects.toBe(lost);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('keeps no timer once all are answered, and works again after that', async () => {
    await wait(DUE, Promise.resolve('yes'));
    expect(vi.getTimerCount()).toBe(0);
    void wait(700);
    await vi.advanceTimersByTimeAsync(700);
    expect(told).toEqual([700]);
  });
});

describe('the deadline of very many at once', () => {
  test('has turns of the event loop between, for everybody else', async () => {
    waitTogether(10_000, DUE);
    await vi.advanceTimersByTimeAsync(DUE - 1_000);
    const perTurn: number[] = [];
    const watch = (): void => {
      perTurn.push(told.length);
      if (told.length < 10_000) setImmediate(watch);
    };
    setImmediate(watch);
    await vi.advanceTimersByTimeAsync(1_000);
    const most = Math.max(...perTurn.map((count, i) => count - (perTurn[i - 1] ?? 0)));
    expect(told).toHaveLength(10_000);
    expect(most).toBeLessThanOrEqual(300);
  });

  test('is late for nobody, though each turn takes time, and early by no more than that', async () => {
    const turnMs = 10;
    waitTogether(10_000, DUE);
    await vi.advanceTimersByTimeAsync(DUE - 1_000);
    while (told.length < 10_000)
      if ((await turn()) > 0) vi.advanceTimersByTime(turnMs);
      else await vi.advanceTimersByTimeAsync(1);
    expect(Math.max(...told)).toBeLessThanOrEqual(DUE + turnMs);
    expect(Math.min(...told)).toBeGreaterThan(DUE - 600);
  });

  test('is not early for as many as one turn can answer', async () => {
    waitTogether(256, DUE);
    await vi.advanceTimersByTimeAsync(2 * DUE);
    expect(told).toEqual(Array(256).fill(DUE));
  });

  test('has no pause between its turns where they are behind, and one timer at most', async () => {
    vi.useRealTimers();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    let behindMs = 0;
    deadlines = new Deadlines(() => performance.now() + behindMs);
    waitTogether(1_000, DUE);
    behindMs = 2 * DUE;
    vi.advanceTimersToNextTimer();
    expect(told).toHaveLength(256);
    void wait(DUE);
    void wait(4 * DUE);
    for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(told).toHaveLength(1_001);
    expect(new Set(told).size).toBe(1);
    expect(vi.getTimerCount()).toBe(1);
  });

  test('is not early for who is due much later', async () => {
    waitTogether(5_000, DUE);
    waitTogether(1, 2 * DUE);
    await vi.advanceTimersByTimeAsync(2 * DUE - 1);
    expect(told).toHaveLength(5_000);
    await vi.advanceTimersByTimeAsync(1);
    expect(told.at(-1)).toBe(2 * DUE);
  });

  test('is not early where they are due one after the other', async () => {
    for (let i = 0; i < 4_000; i++) void wait(DUE + i);
    await vi.advanceTimersByTimeAsync(DUE - 1);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(told).toHaveLength(4_000);
  });
});

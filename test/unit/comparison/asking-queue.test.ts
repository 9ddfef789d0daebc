import { expect, test } from 'vitest';
import type { Answer } from '../../../src/comparison/answer.js';
import { AskingQueue, PAUSE_MS, type AskedSocketmap } from '../../../src/comparison/asking-queue.js';
import { UnavailableError } from '../../../src/errors.js';

const OK: Answer = { class: 'OK', text: 'x' };

/** Answers when the test says so. */
class ByHand implements AskedSocketmap {
  readonly asked: { key: string; answer: (answer: Answer) => void; fail: (error: Error) => void }[] = [];
  closed = 0;

  ask(_: string, key: string): Promise<Answer> {
    return new Promise((answer, fail) => this.asked.push({ key, answer, fail }));
  }

  close(): void {
    this.closed += 1;
    for (const { fail } of this.asked) fail(new UnavailableError('closed'));
  }
}

function rig(connections: number, maxWaiting: number) {
  const made: ByHand[] = [];
  const told: string[] = [];
  const clock = { now: 0 };
  const queue = new AskingQueue({
    connect: () => {
      const one = new ByHand();
      made.push(one);
      return one;
    },
    connections,
    maxWaiting,
    now: () => clock.now,
    onDown: (error) => told.push(`down: ${error}`),
    onUp: () => told.push('up'),
  });
  const answer = (at: number, nth: number): void => made[at]?.asked[nth]?.answer(OK);
  return { queue, made, told, clock, answer };
}

test('asks one question at a time on a connection, and opens no more than it may', async () => {
  const { queue, made, answer } = rig(2, 10);
  const all = ['a', 'b', 'c'].map((key) => queue.ask('cyrus', key));
  expect(made.map(({ asked }) => asked.map(({ key }) => key))).toEqual([['a'], ['b']]);
  expect(queue.waiting).toBe(1);
  answer(1, 0);
  await all[1];
  await expect.poll(() => made[1]?.asked.length).toBe(2);
  answer(0, 0);
  answer(1, 1);
  expect(await Promise.all(all.map((each) => Promise.resolve(each)))).toEqual([OK, OK, OK]);
  void queue.ask('cyrus', 'd');
  expect(made.length).toBe(2);
  queue.close();
});

test('takes no more than may wait', () => {
  const { queue } = rig(1, 1);
  expect(queue.ask('cyrus', 'a')).toBeDefined();
  expect(queue.ask('cyrus', 'b')).toBeDefined();
  expect(queue.ask('cyrus', 'c')).toBeUndefined();
  queue.close();
});

test('has nobody wait for one that cannot be reached, and tells of it once', async () => {
  const { queue, made, told, clock, answer } = rig(1, 10);
  const all = ['a', 'b'].map((key) => queue.ask('cyrus', key));
  made[0]?.asked[0]?.fail(new UnavailableError('refused'));
  expect(await Promise.all(all.map((each) => Promise.resolve(each)))).toEqual([
    { class: 'none', text: 'refused' },
    { class: 'none', text: 'refused' },
  ]);
  expect(await queue.ask('cyrus', 'c')).toEqual({ class: 'none', text: 'refused' });
  expect(made[0]?.asked.length).toBe(1);
  clock.now = PAUSE_MS;
  const again = queue.ask('cyrus', 'd');
  answer(0, 1);
  expect(await again).toEqual(OK);
  expect(told).toEqual(['down: refused', 'up']);
  queue.close();
});

test('answers all that wait when it is closed, and closes its connections', async () => {
  const { queue, made, told } = rig(1, 10);
  const all = ['a', 'b'].map((key) => queue.ask('cyrus', key));
  queue.close();
  expect((await Promise.all(all.map((each) => Promise.resolve(each)))).map((each) => each?.class)).toEqual([
    'none',
    'none',
  ]);
  expect((await queue.ask('cyrus', 'c'))?.class).toBe('none');
  expect(made.map(({ closed }) => closed)).toEqual([1]);
  expect(told).toEqual([]);
});

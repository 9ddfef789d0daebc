// What is told in one entry, and what has a number.
import { expect, test } from 'vitest';
import { Untold } from '../../../src/fleet/untold.js';

test('a change names all that was gathered before it, each once', () => {
  const untold = new Untold();
  expect(untold.gather(['a', 'b'])).toBeUndefined();
  expect(untold.gather(['b'])).toBeUndefined();
  expect(untold).toMatchObject({ seq: 0, size: 2 });
  expect(untold.number(['c', 'a'])).toEqual({ seq: 1, mailboxes: ['a', 'b', 'c'] });
  expect(untold.number(['d'])).toEqual({ seq: 2, mailboxes: ['d'] });
});

test('what was gathered needs no name where any mailbox may have changed', () => {
  const untold = new Untold();
  untold.gather(['a']);
  expect(untold.number(undefined)).toEqual({ seq: 1, mailboxes: undefined });
  expect(untold.numberGathered()).toBeUndefined();
});

test('what is gathered gets a number when it is asked for, or when there is very much of it', () => {
  const untold = new Untold();
  untold.gather(['a']);
  expect(untold.numberGathered()).toEqual({ seq: 1, mailboxes: ['a'] });
  const names = Array.from({ length: 101 }, (_, i) => `u${i}`);
  expect(untold.gather(names.slice(0, 100))).toBeUndefined();
  expect(untold.gather(names.slice(100))).toEqual({ seq: 2, mailboxes: names });
});

test('what has a number is kept until it is known to be in the stream', () => {
  const untold = new Untold();
  const [first, second] = [untold.number(['a']), untold.number(['b'])];
  untold.gather(['c']);
  untold.told(first);
  expect([...untold.numbered]).toEqual([second]);
  expect(untold.next()).toBe(3);
  untold.clear();
  expect(untold).toMatchObject({ seq: 3, size: 0 });
});

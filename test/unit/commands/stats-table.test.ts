// The lines of `cyrusmapd stats` that tell of a fleet: what is published and followed, why not, and how far behind.
import { expect, test } from 'vitest';
import { fieldsOf } from '../../../src/commands/control.js';
import { statsTable } from '../../../src/commands/stats-table.js';

const PUBLISHING = { stream: 'cyrus', lastId: '1764000000000-3', followers: 2, waiting: 0 };
const FOLLOWING = { stream: 'one', lease: true, behind: 0, lastId: '1764000000000-7' };

/** As they come over the control socket. */
function lines(fleet: object | undefined): string[] {
  const figures: unknown = JSON.parse(
    JSON.stringify({ replies: {}, misses: { count: 0 }, harvest: {}, fleet }),
  );
  const table = statsTable(fieldsOf(figures));
  const from = table.findIndex((line) => line.startsWith('fleet'));
  return from === -1 ? [] : table.slice(from);
}

test('a publisher', () => {
  expect(lines({ publishing: PUBLISHING, following: [] })).toEqual([
    'fleet       publishes cyrus, 2 followers, last id 1764000000000-3, 0 to be told',
  ]);
});

test('a publisher in trouble', () => {
  const publishing = { ...PUBLISHING, followers: 0, waiting: 4, trouble: 'another publisher is there' };
  expect(lines({ publishing, following: [] })).toEqual([
    'fleet       publishes cyrus: another publisher is there, 0 followers, last id 1764000000000-3, 4 to be told',
  ]);
});

test('a follower of two streams, one without a lease', () => {
  const without = {
    ...FOLLOWING,
    stream: 'two',
    lease: false,
    behind: 3,
    trouble: 'no publisher was heard of yet',
  };
  expect(lines({ following: [FOLLOWING, without] })).toEqual([
    'fleet       follows one, lease holds, 0 behind, last id 1764000000000-7',
    '            follows two, no lease: no publisher was heard of yet, 3 behind, last id 1764000000000-7',
  ]);
});

test('one that publishes and follows', () => {
  expect(lines({ publishing: PUBLISHING, following: [FOLLOWING] })).toHaveLength(2);
});

test('nothing without [fleet], nor before anything is published or followed', () => {
  expect(lines(undefined)).toEqual([]);
  expect(lines({ following: [] })).toEqual([]);
});

import { expect, test } from 'vitest';
import type { Answer } from '../../../src/comparison/answer.js';
import { compare, withoutDetail, type Side } from '../../../src/comparison/compare.js';
import { isDoubtful, jsonReport, textReport } from '../../../src/comparison/report.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';

const FACTS = { rules: DEFAULT_ADDRESS_RULES, asksLmtp: true, overQuotaAsCyrus: true };
const NAMES = { ours: 'unix:/a', other: 'unix:/b' };
const OK = (key: string): Answer => ({ class: 'OK', text: key });
const NOT_FOUND: Answer = { class: 'NOTFOUND', text: 'Mailbox does not exist' };

class Table implements Side {
  readonly asked: string[] = [];
  readonly #answer: (key: string, times: number) => Answer;
  constructor(answer: (key: string, times: number) => Answer) {
    this.#answer = answer;
  }
  ask(_: string, key: string): Promise<Answer> {
    this.asked.push(key);
    return Promise.resolve(this.#answer(key, this.asked.filter((each) => each === key).length));
  }
}

function comparing(ours: Side, other: Side) {
  return { map: 'cyrus', ours, other, facts: FACTS, pace: () => Promise.resolve(), maxBytes: 100 };
}

test('counts what is the same by status, and sorts what differs by its kind', async () => {
  const known = (key: string) => (/^ali/.test(key) ? OK(key) : NOT_FOUND);
  const ours = new Table(known);
  const other = new Table((key) => (key.includes('+') || key === 'alicia' ? NOT_FOUND : known(key)));
  const keys = ['alice@x.jp', 'nobody@x.jp', 'alice+a@x.jp', 'alice+b@x.jp', 'alicia'];
  const found = await compare(keys, comparing(ours, other));
  expect(found.same).toEqual(
    new Map([
      ['OK', 1],
      ['NOTFOUND', 1],
    ]),
  );
  expect(found.groups.map(({ kind, agrees, differences }) => [kind, agrees, differences.length])).toEqual([
    ['detail', 'ours', 2],
    ['only-ours-accepts', 'undecided', 1],
  ]);
  expect(isDoubtful(found)).toBe(true);
  expect(textReport(found, NAMES, (bytes) => bytes)).toMatchSnapshot();
  expect(jsonReport(found, NAMES)).toMatchSnapshot();
});

test('asks again about a difference: what was made meanwhile is none', async () => {
  const ours = new Table(OK);
  const other = new Table((key, times) => (times === 1 ? NOT_FOUND : OK(key)));
  const found = await compare(['alice@x.jp'], comparing(ours, other));
  expect(found).toMatchObject({ changed: 1, groups: [], same: new Map([['OK', 1]]) });
  expect(isDoubtful(found)).toBe(false);
});

test('does not ask about what the other one could not take', async () => {
  const ours = new Table(OK);
  const found = await compare([`${'x'.repeat(95)}`, 'x'.repeat(94)], comparing(ours, new Table(OK)));
  expect(found).toMatchObject({ asked: 1, tooLong: 1 });
  expect(ours.asked).toEqual(['x'.repeat(94)]);
});

test('keeps the pace for each address', async () => {
  let paces = 0;
  const side = new Table(OK);
  await compare(['a', 'b'], {
    ...comparing(side, side),
    pace: () => {
      paces += 1;
      return Promise.resolve();
    },
  });
  expect(paces).toBe(2);
});

test.each([
  ['alice+x@example.jp', 'alice@example.jp'],
  ['alice+x', 'alice'],
  ['alice+x+y@example.jp', 'alice@example.jp'],
  ['alice@ex+ample.jp', undefined],
  ['+x@example.jp', undefined],
  ['alice', undefined],
])('%s without its detail is %s', (key, plain) => {
  expect(withoutDetail(key)).toBe(plain);
});

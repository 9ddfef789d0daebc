import { describe, expect, test } from 'vitest';
import type { Answer, AnswerClass } from '../../../src/comparison/answer.js';
import { judge, type Facts } from '../../../src/comparison/judge.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';

const FACTS: Facts = { rules: DEFAULT_ADDRESS_RULES, asksLmtp: true, overQuotaAsCyrus: true };
const NOT_FOUND = 'NOTFOUND Mailbox does not exist';

function answer(reply: string): Answer {
  const space = reply.indexOf(' ');
  return { class: reply.slice(0, space) as AnswerClass, text: reply.slice(space + 1) };
}

/** What the matrix has seen of smmapd (docs/evidence.md), and of our own answers over LMTP. */
describe('a difference that the matrix has proven', () => {
  test.each([
    ['alice+none@example.jp', 'OK alice+none@example.jp', NOT_FOUND, 'OK x', 'OK x', 'detail'],
    ['alice+50%@example.jp', 'OK alice+50%%@example.jp', NOT_FOUND, 'OK x', 'OK x', 'detail'],
    ['full+lists@example.jp', 'TEMP Over quota', NOT_FOUND, 'TEMP Over quota', 'TEMP Over quota', 'detail'],
    [
      'post+shared/info@example.jp',
      'OK post+shared/info@example.jp',
      NOT_FOUND,
      NOT_FOUND,
      NOT_FOUND,
      'shared',
    ],
    ['post+shared/full@example.jp', 'TEMP Over quota', NOT_FOUND, NOT_FOUND, NOT_FOUND, 'shared'],
    ['post+shared/info', 'OK post+shared/info', 'none closed', NOT_FOUND, NOT_FOUND, 'no-reply'],
    [
      'post+shared/closed',
      'NOTFOUND Permission denied',
      'PERM Permission denied',
      NOT_FOUND,
      NOT_FOUND,
      'permission',
    ],
  ])('%s: %s against %s, and without the detail %s against %s, is %s: ours agrees', (...row) => {
    const [key, ours, other, plainOurs, plainOther, kind] = row;
    const difference = {
      key,
      ours: answer(ours),
      other: answer(other),
      plainOurs: answer(plainOurs),
      plainOther: answer(plainOther),
    };
    expect(judge(difference, FACTS)).toEqual({ kind, agrees: 'ours' });
  });

  test.each([
    ['zeromsg@example.jp', 'OK zeromsg@example.jp', 'TEMP Over quota', 'message-limit'],
    ['zeromsg@example.jp', 'OK zeromsg@example.jp', 'PERM Over quota', 'message-limit'],
    [
      'damaged@example.jp',
      'TEMP lmtpd said 451 4.3.0 System I/O error',
      'OK damaged@example.jp',
      'lmtpd-defers',
    ],
    ['denied@example.jp', 'TEMP lmtpd said 451 4.3.0 x', NOT_FOUND, 'lmtpd-defers'],
    [
      '@relay.test:alice@example.jp',
      'TEMP an address with source route cannot be asked about',
      NOT_FOUND,
      'unaskable',
    ],
    [
      'alice+a\\b@example.jp',
      'TEMP an address with escaped detail cannot be asked about',
      NOT_FOUND,
      'unaskable',
    ],
    ['full@example.jp', 'TEMP Over quota', 'PERM Over quota', 'over-quota-words'],
    ['a%b@example.jp', 'OK a%%b@example.jp', 'OK a%b@example.jp', 'percent'],
    ['alice@example.jp', 'OK alice@example.jp', 'PERM System I/O error', 'perm'],
  ])('%s: %s against %s is %s: ours agrees', (key, ours, other, kind) => {
    expect(judge({ key, ours: answer(ours), other: answer(other) }, FACTS)).toEqual({ kind, agrees: 'ours' });
  });
});

describe('a difference that nothing has proven', () => {
  test.each([
    ['alice@example.jp', NOT_FOUND, 'OK alice@example.jp', 'only-other-accepts'],
    ['alice@example.jp', 'OK alice@example.jp', NOT_FOUND, 'only-ours-accepts'],
    ['alice@example.jp', 'OK alice@example.jp', 'OK alice', 'value'],
    ['alice@example.jp', 'TEMP no back-channel serves the domain', NOT_FOUND, 'not-served'],
    ['alice@example.jp', 'TEMP backing off', 'OK alice@example.jp', 'not-known-now'],
    ['alice@example.jp', 'TEMP backing off', 'PERM Permission denied', 'not-known-now'],
    ['alice@example.jp', NOT_FOUND, 'TEMP x', 'not-known-now'],
    ['full@example.jp', 'NOTFOUND Over quota', 'TEMP Over quota', 'over-quota-words'],
    ['full@example.jp', 'TEMP Over quota', 'OK full@example.jp', 'quota'],
    ['alice@example.jp', 'none closed', 'OK alice@example.jp', 'other'],
    ['alice@example.jp', NOT_FOUND, 'PERM System I/O error', 'perm'],
    ['\xe9@example.jp', 'TEMP an 8-bit address cannot be asked about', NOT_FOUND, 'eight-bit'],
  ])('%s: %s against %s is %s, and undecided', (key, ours, other, kind) => {
    expect(judge({ key, ours: answer(ours), other: answer(other) }, FACTS)).toEqual({
      kind,
      agrees: 'undecided',
    });
  });

  test('is a full mailbox that ours takes, where it does not ask lmtpd or its policy is not known', () => {
    const difference = {
      key: 'at@example.jp',
      ours: answer('OK at@example.jp'),
      other: answer('TEMP Over quota'),
    };
    for (const facts of [
      { ...FACTS, asksLmtp: false },
      { ...FACTS, asksLmtp: undefined },
      { ...FACTS, overQuotaAsCyrus: false },
    ])
      expect(judge(difference, facts)).toEqual({ kind: 'quota', agrees: 'undecided' });
  });

  test('is a detail whose user only ours knows: then the user is what differs', () => {
    const difference = {
      key: 'nobody+x@example.jp',
      ours: answer('OK nobody+x@example.jp'),
      other: answer(NOT_FOUND),
      plainOurs: answer('OK nobody@example.jp'),
      plainOther: answer(NOT_FOUND),
    };
    expect(judge(difference, FACTS)).toEqual({ kind: 'only-ours-accepts', agrees: 'undecided' });
  });
});

test('agrees with the other one where that takes a detail and ours wants a folder', () => {
  const difference = {
    key: 'alice+x@example.jp',
    ours: answer(NOT_FOUND),
    other: answer('OK alice+x@example.jp'),
    plainOurs: answer('OK alice@example.jp'),
    plainOther: answer('OK alice@example.jp'),
  };
  expect(judge(difference, FACTS)).toEqual({ kind: 'detail', agrees: 'other' });
});

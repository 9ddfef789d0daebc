import { expect, test } from 'vitest';
import {
  answerOf,
  formatAnswer,
  isOverQuota,
  isPermissionDenied,
  isSame,
  noAnswer,
  saysExists,
} from '../../../src/comparison/answer.js';

const OK = answerOf({ status: 'OK', text: 'alice' });
const FULL = answerOf({ status: 'TEMP', text: 'Over quota' });
const UNKNOWN = answerOf({ status: 'NOTFOUND', text: 'Mailbox does not exist' });

test('TIMEOUT is TEMP to a mail server', () => {
  expect(answerOf({ status: 'TIMEOUT', text: 'x' })).toEqual({ class: 'TEMP', text: 'x' });
  expect(answerOf({ status: 'PERM', text: 'x' })).toEqual({ class: 'PERM', text: 'x' });
});

test('a full mailbox exists, and so does one that is OK; nothing else says so', () => {
  expect([OK, FULL, UNKNOWN, noAnswer('closed')].map(saysExists)).toEqual([true, true, false, false]);
  expect([OK, FULL].map(isOverQuota)).toEqual([false, true]);
  expect(isPermissionDenied(answerOf({ status: 'PERM', text: 'Permission denied' }))).toBe(true);
  expect(isPermissionDenied(UNKNOWN)).toBe(false);
});

test('the text counts behind OK only, where a mail server may deliver to it', () => {
  expect(isSame(OK, answerOf({ status: 'OK', text: 'bob' }))).toBe(false);
  expect(isSame(OK, { ...OK })).toBe(true);
  expect(isSame(UNKNOWN, answerOf({ status: 'NOTFOUND', text: '' }))).toBe(true);
  expect(isSame(UNKNOWN, FULL)).toBe(false);
});

test('is written with its status, and what is none as no reply', () => {
  expect(formatAnswer(OK)).toBe('OK alice');
  expect(formatAnswer(noAnswer('closed'))).toBe('no reply: closed');
});

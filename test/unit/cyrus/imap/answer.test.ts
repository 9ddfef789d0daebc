import { describe, expect, test } from 'vitest';
import { denial, describeAnswer, type ImapAnswer } from '../../../../src/cyrus/imap/answer.js';

const NONEXISTENT: ImapAnswer = {
  status: 'NO',
  code: undefined,
  text: 'Mailbox does not exist',
  data: [],
};

describe('a command that was refused', () => {
  test('because there is no such mailbox is unknown, with the words of imapd', () => {
    expect(denial(NONEXISTENT)).toEqual({
      kind: 'unknown',
      evidence: { said: { code: 'NO', enhanced: '', text: 'Mailbox does not exist' } },
    });
  });

  test.each<[string, Partial<ImapAnswer>]>([
    ['a BAD with the same words', { status: 'BAD' }],
    ['an OK with the same words', { status: 'OK' }],
    ['a code before the same words', { code: 'NONEXISTENT' }],
    ['an empty code before the same words', { code: '' }],
    ['words that begin so', { text: 'Mailbox does not exist yet' }],
    ['words that end so', { text: 'The Mailbox does not exist' }],
    ['the same words in letters of another case', { text: 'mailbox does not exist' }],
    ['lost rights', { text: 'Permission denied' }],
    ['a mailbox that has moved', { text: 'Mailbox has been moved to another server' }],
    ['an error of the system', { text: 'System I/O error' }],
    ['no words', { text: '' }],
  ])('by %s is deferred', (_, change) => {
    const answer = { ...NONEXISTENT, ...change };
    expect(denial(answer)).toEqual({
      kind: 'deferred',
      reason: `imapd said ${describeAnswer(answer)}`,
      evidence: { said: { code: answer.status, enhanced: answer.code ?? '', text: answer.text } },
    });
  });
});

test('an answer is told as it stood on its line', () => {
  expect(describeAnswer(NONEXISTENT)).toBe('NO Mailbox does not exist');
  expect(describeAnswer({ ...NONEXISTENT, code: 'NOPERM', text: 'no' })).toBe('NO [NOPERM] no');
  expect(describeAnswer({ ...NONEXISTENT, text: '' })).toBe('NO');
});

import { describe, expect, test } from 'vitest';
import type { ImapResponse } from '../../../../src/cyrus/imap/response.js';
import { outOfTurn, said, untagged } from '../../../../src/cyrus/imap/untagged.js';
import { ProtocolError, UnavailableError } from '../../../../src/errors.js';

type Status = Extract<ImapResponse, { kind: 'status' }>['status'];

const status = (word: Status): ImapResponse => ({
  kind: 'status',
  status: word,
  code: undefined,
  text: 'words',
});

describe('a response without a tag', () => {
  test.each<ImapResponse>([status('OK'), status('NO'), { kind: 'other', name: 'EXISTS' }])(
    '%j may stand in any answer',
    (response) => {
      expect(untagged(response)).toBe(response);
    },
  );

  test.each<Status>(['BAD', 'PREAUTH'])('%s may stand in none', (word) => {
    expect(() => untagged(status(word))).toThrow(new ProtocolError(`imapd said ${word} words`));
  });

  test('that wants us to go on may stand in none', () => {
    expect(() => untagged({ kind: 'continuation', text: '' })).toThrow(ProtocolError);
  });

  test('that says BYE is the end', () => {
    expect(() => untagged(status('BYE'))).toThrow(new UnavailableError('imapd said BYE words'));
  });
});

test('an end without words is told without any', () => {
  expect(said({ kind: 'other', name: 'X' }).message).toBe('imapd said BYE ');
});

test('an answer that nobody waits for is told so', () => {
  expect(outOfTurn('c2', undefined).message).toBe('imapd answered c2: expected the answer to nothing');
});

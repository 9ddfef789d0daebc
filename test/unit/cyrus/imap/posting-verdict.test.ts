import { describe, expect, test } from 'vitest';
import type { ImapAnswer } from '../../../../src/cyrus/imap/answer.js';
import { postingVerdict } from '../../../../src/cyrus/imap/posting-verdict.js';
import type { ImapResponse } from '../../../../src/cyrus/imap/response.js';
import { ProtocolError } from '../../../../src/errors.js';

const SHARED = 'shared/info';

/** @param entries as GETACL has them: identifier, rights, identifier, rights */
function acl(mailbox: string, ...entries: [string, string][]): ImapResponse {
  return { kind: 'acl', mailbox, entries: entries.map(([identifier, rights]) => ({ identifier, rights })) };
}

function ok(...data: ImapResponse[]): ImapAnswer {
  return { status: 'OK', code: undefined, text: 'Completed', data };
}

function verdict(...entries: [string, string][]): string {
  return postingVerdict(ok(acl(SHARED, ...entries)), SHARED).kind;
}

describe('whether anybody may post', () => {
  test.each<[string, [string, string][], string]>([
    ['who has p', [['anyone', 'lrp']], 'deliverable'],
    ['p alone', [['anyone', 'p']], 'deliverable'],
    ['p by the name for who did not log in', [['anonymous', 'p']], 'deliverable'],
    ['l without p', [['anyone', 'lr']], 'refused'],
    ['neither', [['anyone', 'r']], 'unknown'],
    ['nobody has anything', [], 'unknown'],
    ['p for one user alone', [['alice', 'lrp']], 'unknown'],
    [
      'p for one user, l for all',
      [
        ['alice', 'lrp'],
        ['anyone', 'l'],
      ],
      'refused',
    ],
    [
      'p given twice',
      [
        ['anyone', 'l'],
        ['anonymous', 'p'],
      ],
      'deliverable',
    ],
    [
      'p taken away',
      [
        ['anyone', 'lrp'],
        ['-anyone', 'p'],
      ],
      'refused',
    ],
    [
      'p taken away before it is given',
      [
        ['-anyone', 'p'],
        ['anyone', 'lrp'],
      ],
      'refused',
    ],
    [
      'p taken away from who did not log in',
      [
        ['anyone', 'lrp'],
        ['-anonymous', 'p'],
      ],
      'refused',
    ],
    [
      'p and l taken away',
      [
        ['anyone', 'lrp'],
        ['-anyone', 'lp'],
      ],
      'unknown',
    ],
    [
      'p taken away from one user',
      [
        ['anyone', 'lrp'],
        ['-alice', 'p'],
      ],
      'deliverable',
    ],
    ['only taken away', [['-anyone', 'lp']], 'unknown'],
  ])('%s', (_, entries, kind) => {
    expect(verdict(...entries)).toBe(kind);
  });
});

describe('an answer to GETACL', () => {
  test.each([
    ['no mailbox', ok()],
    ['another mailbox', ok(acl('shared/other', ['anyone', 'p']))],
    ['this one and another', ok(acl(SHARED, ['anyone', 'p']), acl('shared/other'))],
    ['quotas', ok({ kind: 'quotaroot', mailbox: SHARED, roots: [] })],
  ])('that names %s is one to another question', (_, answer) => {
    expect(() => postingVerdict(answer, SHARED)).toThrow(ProtocolError);
  });

  test('that is a refusal is judged by its words alone', () => {
    const refusal: ImapAnswer = { status: 'NO', code: undefined, text: 'Mailbox does not exist', data: [] };
    expect(postingVerdict(refusal, SHARED).kind).toBe('unknown');
    expect(postingVerdict({ ...refusal, text: 'Permission denied' }, SHARED).kind).toBe('deferred');
  });
});

import { describe, expect, test } from 'vitest';
import type { ImapAnswer } from '../../../../src/cyrus/imap/answer.js';
import { quotaVerdict } from '../../../../src/cyrus/imap/quota-verdict.js';
import type { ImapResponse, QuotaResource } from '../../../../src/cyrus/imap/response.js';
import { ProtocolError } from '../../../../src/errors.js';

const ALICE = 'user/alice';

function root(mailbox: string): ImapResponse {
  return { kind: 'quotaroot', mailbox, roots: [mailbox] };
}

function quota(...resources: QuotaResource[]): ImapResponse {
  return { kind: 'quota', root: ALICE, resources };
}

function ok(...data: ImapResponse[]): ImapAnswer {
  return { status: 'OK', code: undefined, text: 'Completed', data };
}

function verdict(answer: ImapAnswer, strict = false): string {
  return quotaVerdict(answer, ALICE, strict).kind;
}

describe('an answer to GETQUOTAROOT', () => {
  test('that names the mailbox: it exists', () => {
    expect(verdict(ok(root(ALICE)))).toBe('deliverable');
    expect(verdict(ok({ kind: 'other', name: 'EXISTS' }, root(ALICE), quota()))).toBe('deliverable');
  });

  test.each([
    ['no mailbox', ok()],
    ['another mailbox', ok(root('user/bob'))],
    ['this one and another', ok(root(ALICE), root('user/bob'))],
    ['it twice', ok(root(ALICE), root(ALICE))],
    ['quotas alone', ok(quota())],
  ])('that names %s is one to another question', (_, answer) => {
    expect(() => verdict(answer)).toThrow(ProtocolError);
  });

  test('that is a refusal is judged by its words alone', () => {
    const refusal: ImapAnswer = { status: 'NO', code: undefined, text: 'Mailbox does not exist', data: [] };
    expect(verdict(refusal)).toBe('unknown');
    expect(verdict({ ...refusal, text: 'Permission denied' })).toBe('deferred');
    expect(verdict({ ...refusal, status: 'BAD' })).toBe('deferred');
  });
});

describe('a mailbox', () => {
  test.each<[string, QuotaResource[], string, string]>([
    ['below its limit', [{ name: 'STORAGE', usage: 9, limit: 10 }], 'deliverable', 'deliverable'],
    ['at its limit of storage', [{ name: 'STORAGE', usage: 10, limit: 10 }], 'deliverable', 'overquota'],
    ['at its limit of messages', [{ name: 'MESSAGE', usage: 10, limit: 10 }], 'deliverable', 'overquota'],
    ['at another limit', [{ name: 'X-NUM-FOLDERS', usage: 10, limit: 10 }], 'deliverable', 'deliverable'],
    ['over another limit', [{ name: 'X-NUM-FOLDERS', usage: 11, limit: 10 }], 'overquota', 'overquota'],
    ['over its limit', [{ name: 'STORAGE', usage: 11, limit: 10 }], 'overquota', 'overquota'],
    [
      'over one of several limits',
      [
        { name: 'STORAGE', usage: 1, limit: 10 },
        { name: 'MESSAGE', usage: 11, limit: 10 },
      ],
      'overquota',
      'overquota',
    ],
    ['that may hold nothing', [{ name: 'STORAGE', usage: 0, limit: 0 }], 'deliverable', 'overquota'],
  ])('%s', (_, resources, lax, strict) => {
    const answer = ok(root(ALICE), quota(...resources));
    expect(verdict(answer, false)).toBe(lax);
    expect(verdict(answer, true)).toBe(strict);
  });

  test('is over quota by any of its roots', () => {
    const [fine, full] = [
      { name: 'STORAGE', usage: 1, limit: 10 },
      { name: 'STORAGE', usage: 11, limit: 10 },
    ];
    expect(verdict(ok(root(ALICE), quota(fine), quota(full)))).toBe('overquota');
  });
});

describe('a message that is to come, where Cyrus counts it', () => {
  const judged = (bytes: number, resources: QuotaResource[], strict = true): string =>
    quotaVerdict(ok(root(ALICE), quota(...resources)), ALICE, strict, bytes).kind;

  test('fits into what is left of storage, to the byte of a whole KiB', () => {
    const left = [{ name: 'STORAGE', usage: 90, limit: 100 }];
    expect(judged(10 * 1024, left)).toBe('deliverable');
    expect(judged(10 * 1024 + 1, left)).toBe('overquota');
    expect(judged(10 * 1024 + 1, left, false)).toBe('deliverable');
  });

  test('is measured against no other limit, and against none where there is none', () => {
    expect(judged(1_000_000, [{ name: 'MESSAGE', usage: 1, limit: 2 }])).toBe('deliverable');
    expect(judged(1_000_000, [{ name: 'X-ANNOTATION-STORAGE', usage: 1, limit: 2 }])).toBe('deliverable');
    expect(judged(1_000_000, [])).toBe('deliverable');
  });

  test('is one too many where no message is left, however small', () => {
    const full = [
      { name: 'STORAGE', usage: 1, limit: 100 },
      { name: 'MESSAGE', usage: 2, limit: 2 },
    ];
    expect(judged(1, full)).toBe('overquota');
  });
});

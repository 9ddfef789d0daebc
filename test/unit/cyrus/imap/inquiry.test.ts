import { describe, expect, test } from 'vitest';
import type { ImapAnswer } from '../../../../src/cyrus/imap/answer.js';
import { inquiryAbout, type Inquiry } from '../../../../src/cyrus/imap/inquiry.js';
import type { ImapResponse } from '../../../../src/cyrus/imap/response.js';
import { ProtocolError } from '../../../../src/errors.js';
import {
  asShared,
  DEFAULT_ADDRESS_RULES,
  parseKey,
  type AddressRules,
} from '../../../../src/validation/recipient.js';

const RULES: AddressRules = { ...DEFAULT_ADDRESS_RULES, virtualDomains: false };

function inquiry(key: string, rules: AddressRules = RULES): Inquiry {
  const parsed = parseKey(key, rules);
  if (parsed.kind !== 'recipient') throw new Error(`${key}: ${parsed.reason}`);
  return inquiryAbout(parsed.recipient, { separator: '/', rules, strictQuota: false });
}

function ok(...data: ImapResponse[]): ImapAnswer {
  return { status: 'OK', code: undefined, text: 'Completed', data };
}

const exists = (mailbox: string): ImapAnswer => ok({ kind: 'quotaroot', mailbox, roots: [] });
const full = (mailbox: string): ImapAnswer =>
  ok(
    { kind: 'quotaroot', mailbox, roots: [mailbox] },
    { kind: 'quota', root: mailbox, resources: [{ name: 'STORAGE', usage: 2, limit: 1 }] },
  );
const acl = (mailbox: string, rights: string): ImapAnswer =>
  ok({ kind: 'acl', mailbox, entries: [{ identifier: 'anyone', rights }] });
const no = (text: string): ImapAnswer => ({ status: 'NO', code: undefined, text, data: [] });
const NONE = no('Mailbox does not exist');

describe('a user', () => {
  const alice = (): Inquiry => inquiry('alice@example.jp');

  test('is asked about by his INBOX', () => {
    expect(alice().commands).toEqual(['GETQUOTAROOT "user/alice"']);
  });

  test.each([
    ['exists', exists('user/alice'), 'deliverable'],
    ['is full', full('user/alice'), 'overquota'],
    ['does not exist', NONE, 'unknown'],
    ['cannot be looked at', no('Permission denied'), 'deferred'],
  ])('who %s', (_, answer, kind) => {
    expect(alice().judge([answer]).kind).toBe(kind);
  });

  test('about whom nothing was said is none', () => {
    expect(() => alice().judge([])).toThrow(ProtocolError);
  });
});

describe('a name without domain, where mailboxes have domains', () => {
  const rules = { ...RULES, virtualDomains: true };

  test.each(['alice', '+shared/info', 'alice+list'])('%s is deferred, and nobody is asked', (key) => {
    const { commands, judge } = inquiry(key, rules);
    expect(commands).toEqual([]);
    expect(judge([]).kind).toBe('deferred');
  });

  test('is asked about with its domain', () => {
    expect(inquiry('alice@example.jp', rules).commands).toEqual(['GETQUOTAROOT "user/alice@example.jp"']);
  });
});

describe('a shared mailbox', () => {
  const rules = { ...RULES, postUser: 'post' };
  const shared = (): Inquiry => inquiry('post+info@example.jp', rules);

  test('is asked about with who may post to it', () => {
    expect(shared().commands).toEqual(['GETQUOTAROOT "info"', 'GETACL "info"']);
  });

  test.each([
    ['exists and takes mail', exists('info'), acl('info', 'lp'), 'deliverable'],
    ['is full and takes mail', full('info'), acl('info', 'lp'), 'overquota'],
    ['exists and takes none', exists('info'), acl('info', 'l'), 'refused'],
    ['is full and takes none', full('info'), acl('info', 'l'), 'refused'],
    ['exists and is not to be seen', exists('info'), acl('info', ''), 'unknown'],
    ['does not exist', NONE, NONE, 'unknown'],
    ['does not exist, whatever its rights', NONE, acl('info', 'lp'), 'unknown'],
    ['does not exist, and takes no mail', NONE, acl('info', 'l'), 'unknown'],
    ['cannot be looked at', no('Permission denied'), acl('info', 'lp'), 'deferred'],
    ['cannot be looked at, and takes none', no('Permission denied'), acl('info', 'l'), 'deferred'],
    ['cannot be looked at, and is not to be seen', no('Permission denied'), acl('info', ''), 'deferred'],
    ['cannot be asked for its rights', exists('info'), no('Permission denied'), 'deferred'],
  ])('that %s', (_, quota, rights, kind) => {
    expect(shared().judge([quota, rights]).kind).toBe(kind);
  });

  test('of whose rights nothing was said is none', () => {
    expect(() => shared().judge([exists('info')])).toThrow(ProtocolError);
  });
});

describe('the detail of a user who does not exist, read as a shared mailbox', () => {
  const read = (key: string, rules: AddressRules = RULES): Inquiry => {
    const parsed = parseKey(key, rules);
    if (parsed.kind !== 'recipient') throw new Error(parsed.reason);
    return inquiryAbout(asShared(parsed.recipient), { separator: '/', rules, strictQuota: false });
  };

  test('is asked about with the INBOX of the user', () => {
    expect(read('bob+info@example.jp').commands).toEqual(['GETQUOTAROOT "user/bob"', 'GETQUOTAROOT "info"']);
  });

  test('is asked about in the domain, where mailboxes have domains', () => {
    expect(read('bob+info@example.jp', { ...RULES, virtualDomains: true }).commands).toEqual([
      'GETQUOTAROOT "user/bob@example.jp"',
      'GETQUOTAROOT "info@example.jp"',
    ]);
  });

  test('is asked about alone, where nobody can have the name of the user', () => {
    const { commands, judge } = read('bo/b+info@example.jp');
    expect(commands).toEqual(['GETQUOTAROOT "info"']);
    expect(judge([NONE]).kind).toBe('unknown');
    expect(judge([exists('info')]).kind).toBe('deferred');
    expect(judge([no('Permission denied')]).kind).toBe('deferred');
  });

  test('is nothing, where no mailbox can have either name', () => {
    const { commands, judge } = read('bo/b+inbox@example.jp');
    expect(commands).toEqual([]);
    expect(judge([]).kind).toBe('unknown');
  });

  test.each([
    ['neither is there: nobody is', NONE, NONE, 'unknown'],
    ['the INBOX is there after all', exists('user/bob'), NONE, 'deliverable'],
    ['the INBOX is full', full('user/bob'), NONE, 'overquota'],
    ['the INBOX cannot be looked at', no('Permission denied'), NONE, 'deferred'],
    ['such a mailbox is there: post_user may be wrong', NONE, exists('info'), 'deferred'],
    ['such a mailbox is full', NONE, full('info'), 'deferred'],
    ['such a mailbox cannot be looked at', NONE, no('Permission denied'), 'deferred'],
  ])('%s', (_, inbox, asPosted, kind) => {
    expect(read('bob+info@example.jp').judge([inbox, asPosted]).kind).toBe(kind);
  });

  test('in a name without domain is deferred where mailboxes have domains', () => {
    const { commands, judge } = read('bob+info', { ...RULES, virtualDomains: true });
    expect(commands).toEqual([]);
    expect(judge([]).kind).toBe('deferred');
  });
});

describe('a name that no mailbox can have', () => {
  test.each(['al/ice@example.jp', 'post+inbox@example.jp', '+info@example.jp'])(
    '%s is unknown, and nobody is asked',
    (key) => {
      const { commands, judge } = inquiry(key, { ...RULES, postUser: 'post' });
      expect(commands).toEqual([]);
      expect(judge([]).kind).toBe('unknown');
    },
  );
});

test('a detail is a shared mailbox of Cyrus’ postuser, also where that is empty', () => {
  expect(inquiry('+info@example.jp').commands).toEqual(['GETQUOTAROOT "info"', 'GETACL "info"']);
  expect(inquiry('post+info@example.jp').commands).toEqual(['GETQUOTAROOT "user/post"']);
});

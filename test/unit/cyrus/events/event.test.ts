import { describe, expect, test } from 'vitest';
import { DlistParser } from '../../../../src/cyrus/events/dlist.js';
import { mailboxesOfUri, readEvent, type MailboxEvent } from '../../../../src/cyrus/events/event.js';
import { DEFAULT_ADDRESS_RULES, type AddressRules } from '../../../../src/validation/recipient.js';

const RULES: AddressRules = { ...DEFAULT_ADDRESS_RULES, defaultDomain: 'rig.test' };
const URI = 'imap://mail.rig.test/user/alice%40example.jp;UIDVALIDITY=1795506602';
const OLD = 'imap://mail.rig.test/user/bob%40example.jp;UIDVALIDITY=1795506602';

function read(command: string, rules = RULES): MailboxEvent {
  const parser = new DlistParser();
  parser.feed(Buffer.from(`${command}\r\n`));
  const parsed = parser.next();
  if (parsed === undefined) throw new Error(`no command: ${command}`);
  return readEvent(parsed, rules);
}

function notify(message: string, eventClass = 'EVENT'): string {
  const literal = `{${Buffer.byteLength(message)}+}\r\n${message}`;
  return `NOTIFY %(METHOD external CLASS ${eventClass} OPTIONS () MESSAGE ${literal} FILEPATH NIL)`;
}

function event(fields: object): MailboxEvent {
  return read(notify(JSON.stringify(fields)));
}

describe('an event', () => {
  test.each(['MailboxCreate', 'MailboxDelete', 'QuotaChange', 'QuotaWithin', 'AclChange'])(
    '%s names the mailbox that changed',
    (name) => {
      expect(event({ event: name, uri: URI })).toEqual({
        kind: 'changed',
        event: name,
        mailboxes: ['alice@example.jp'],
      });
    },
  );

  test('MailboxRename names both', () => {
    expect(event({ event: 'MailboxRename', uri: URI, oldMailboxID: OLD })).toEqual({
      kind: 'changed',
      event: 'MailboxRename',
      mailboxes: ['alice@example.jp', 'bob@example.jp'],
    });
  });

  test.each([
    ['more storage than allowed', { diskUsed: 101, diskQuota: 100 }, 'overquota'],
    ['more messages than allowed', { diskUsed: 1, messages: 3, maxMessages: 2 }, 'overquota'],
    ['storage that a message does not fit into', { diskUsed: 90, diskQuota: 100 }, 'other'],
    ['as many messages as allowed', { diskUsed: 1, messages: 2, maxMessages: 2 }, 'other'],
    ['storage without a limit', { diskUsed: 90 }, 'overquota'],
    ['a limit of storage alone', { diskQuota: 100 }, 'overquota'],
  ])('QuotaExceed with %s: %j is %s', (_, figures, kind) => {
    expect(event({ event: 'QuotaExceed', uri: URI, ...figures }).kind).toBe(kind);
  });

  test('QuotaExceed of a mailbox with room left is of no concern, and nobody else’s', () => {
    expect(event({ event: 'QuotaExceed', uri: URI, diskUsed: 90, diskQuota: 100 })).toEqual({
      kind: 'other',
      event: 'QuotaExceed',
      foreign: false,
    });
  });

  test('names the server that pushes it, or a part of a name that is no server’s', () => {
    const named = { event: 'MailboxCreate', uri: URI, serverFQDN: 'b1.example.jp' };
    expect(event(named)).toEqual({
      kind: 'changed',
      event: 'MailboxCreate',
      mailboxes: ['alice@example.jp'],
      server: 'b1.example.jp',
    });
    expect(event({ ...named, serverFQDN: 'x'.repeat(300) })).toMatchObject({ server: 'x'.repeat(255) });
    expect(event({ ...named, serverFQDN: 5 })).not.toHaveProperty('server');
  });

  test('QuotaExceed with room for storage and none for messages, or the other way round, is over quota', () => {
    const figures = { diskUsed: 5, diskQuota: 5, messages: 3, maxMessages: 2 };
    expect(event({ event: 'QuotaExceed', uri: URI, ...figures }).kind).toBe('overquota');
    const others = { diskUsed: 6, diskQuota: 5, messages: 2, maxMessages: 2 };
    expect(event({ event: 'QuotaExceed', uri: URI, ...others }).kind).toBe('overquota');
  });

  test('QuotaExceed with words for figures is over quota', () => {
    const figures = { diskUsed: '10', diskQuota: '5' };
    expect(event({ event: 'QuotaExceed', uri: URI, ...figures }).kind).toBe('overquota');
  });

  test('QuotaExceed is no change', () => {
    expect(event({ event: 'QuotaExceed', uri: URI })).toMatchObject({
      kind: 'overquota',
      mailboxes: ['alice@example.jp'],
    });
  });

  test.each([
    ['Login', 'imap://mail.rig.test'],
    ['Logout', 'imap://mail.rig.test'],
    ['MessageNew', `${URI}/;UID=1`],
    ['MessageAppend', URI],
    ['vnd.cmu.MessageCopy', URI],
    ['FlagsSet', URI],
    ['MailboxSubscribe', URI],
    ['MailboxUnSubscribe', URI],
    ['MailboxModseq', URI],
    ['CalendarAlarm', URI],
    ['ApplePushServiceDAV', undefined],
  ])('%s is of no concern', (name, uri) => {
    expect(event({ event: name, uri })).toEqual({ kind: 'other', event: name, foreign: false });
  });
});

describe('what is no mailbox event', () => {
  test.each([
    [notify('you have mail', 'SIEVE'), 'SIEVE'],
    [notify('{"event":"MailboxDelete"}', 'event'), 'event'],
    ['CREATE %(MBOXNAME user.alice)', 'CREATE'],
    ['OK %()', 'OK'],
    [`X${'x'.repeat(100)} NIL`, `X${'x'.repeat(63)}`],
    [notify('', 'C'.repeat(100)), 'C'.repeat(64)],
  ])('%j is foreign', (command, name) => {
    expect(read(command)).toEqual({ kind: 'other', event: name, foreign: true });
  });
});

describe('doubt', () => {
  test.each([
    ['NOTIFY NIL', 'has no class'],
    ['NOTIFY (CLASS EVENT)', 'has no class'],
    ['NOTIFY %(MESSAGE x)', 'has no class'],
    ['NOTIFY %(CLASS (EVENT))', 'has no class'],
    ['NOTIFY %(CLASS EVENT)', 'has no message'],
    ['NOTIFY %(CLASS EVENT MESSAGE NIL)', 'has no message'],
    [notify('MailboxDelete'), 'is no JSON'],
    [notify('{"event":"MailboxDelete"'), 'is no JSON'],
    [notify('[]'), 'has no event'],
    [notify('null'), 'has no event'],
    [notify('"MailboxDelete"'), 'has no event'],
    [notify('{"event":7}'), 'has no event'],
    [notify(`{"event":"${'M'.repeat(65)}"}`), 'has no event'],
    [notify(`{"event":"${'M'.repeat(64)}"}`), 'is not known'],
    [notify('{"event":"MailboxVanish"}'), 'is not known'],
    [notify('{"event":"NoLogin"}'), 'is not known'],
    [notify('{"event":"MailboxDelete"}'), 'has the uri null'],
    [notify('{"event":"MailboxDelete","uri":null}'), 'has the uri null'],
    [notify('{"event":"MailboxDelete","uri":""}'), 'has the uri ""'],
    [notify('{"event":"MailboxDelete","uri":["x"]}'), 'has the uri null'],
    [notify('{"event":"QuotaExceed"}'), 'has the uri null'],
    [notify(`{"event":"MailboxRename","uri":"${URI}"}`), 'has the oldMailboxID null'],
    [notify(`{"event":"MailboxRename","oldMailboxID":"${OLD}"}`), 'has the uri null'],
    [notify(`{"event":"MailboxRename","uri":"${URI}","oldMailboxID":"x"}`), 'has the oldMailboxID "x"'],
  ])('%j may concern anybody: it %s', (command, reason) => {
    expect(read(command)).toMatchObject({ kind: 'doubtful', reason });
  });

  test('a long name stands in the reason in part', () => {
    const doubted = event({ event: 'MailboxDelete', uri: 'x'.repeat(100_000) });
    expect(doubted.kind === 'doubtful' && doubted.reason.length).toBeLessThan(250);
  });
});

describe('whose mailbox a URL names', () => {
  test.each<[string, string[] | undefined]>([
    ['user/alice%40example.jp;UIDVALIDITY=1', ['alice@example.jp']],
    ['user/alice@example.jp', ['alice@example.jp']],
    ['user.alice%40example.jp', ['alice@example.jp']],
    ['user/first.last%40example.jp', ['first.last@example.jp']],
    ['user.first%5Elast%40example.jp', ['first.last@example.jp']],
    ['user/alice/Sub%40example.jp', ['alice@example.jp']],
    ['user.alice.Sub.two%40sub.example.jp', ['alice@sub.example.jp']],
    ['user/alice', ['alice']],
    ['user/alice%40rig.test', ['alice']],
    ['user/Alice%40Example.JP', ['alice@example.jp']],
    ['user/a%40b%40example.jp', ['a@b@example.jp']],
    // Modified UTF-7 as it stands in the name, and so in an address: measured on 3.2.6, 3.6.1 and 3.12.4.
    ['user/a%26b%40example.jp', ['a&-b@example.jp']],
    ['user/%E6%AA%89y%40example.jp', ['&aok-y@example.jp']],
    ['user/%F0%9F%93%A7%40example.jp', ['&2d3c5w-@example.jp']],
    // Characters that stand together are written together; a slash in base64 is a comma there.
    ['user/%C3%A4%C3%B6%40example.jp', ['&aoqa9g-@example.jp']],
    ['user/%EF%BC%9F%EF%BC%9F%40example.jp', ['&,x,,hw-@example.jp']],
    ['user/alice%40example.jp?SECTION', ['alice@example.jp']],
    ['shared', []],
    ['otheruser/alice%40example.jp', []],
    ['shared/info%40example.jp', []],
    ['shared.info', []],
    ['users/alice%40example.jp', []],
    ['INBOX', []],
    // A quota there is everybody's.
    ['user', undefined],
    ['user%40example.jp', undefined],
    ['%40example.jp', undefined],
    ['', undefined],
    ['user/%40example.jp', undefined],
    ['user/alice%40', undefined],
    ['user/alice%', undefined],
    ['user/%C3%28', undefined],
  ])('%s', (path, mailboxes) => {
    expect(mailboxesOfUri(`imap://mail.rig.test/${path}`, RULES)).toEqual(mailboxes);
  });

  test.each([
    ...['', 'imap://mail.rig.test', 'user/alice@example.jp', 'http://mail.rig.test/user/alice@example.jp'],
    'see imap://mail.rig.test/user/alice@example.jp',
  ])('%j is no URL of a mailbox', (uri) => {
    expect(mailboxesOfUri(uri, RULES)).toBeUndefined();
  });

  test('where the default domain is not known, one without domain may be anybody’s', () => {
    expect(mailboxesOfUri('imap://h/user/alice', DEFAULT_ADDRESS_RULES)).toBeUndefined();
    expect(mailboxesOfUri('imap://h/shared', DEFAULT_ADDRESS_RULES)).toEqual([]);
  });

  test('without virtual domains there is but one', () => {
    const rules = { ...DEFAULT_ADDRESS_RULES, virtualDomains: false };
    expect(mailboxesOfUri('imap://h/user/alice', rules)).toEqual(['alice']);
    expect(mailboxesOfUri('imap://h/user/alice%40example.jp', rules)).toEqual(['alice']);
  });

  test('case stays where lmtpd does not fold it', () => {
    const rules = { ...RULES, downcase: false };
    expect(mailboxesOfUri('imap://h/user/Alice%40Example.JP', rules)).toEqual(['Alice@Example.JP']);
  });
});

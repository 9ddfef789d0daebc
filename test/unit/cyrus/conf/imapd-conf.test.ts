import { describe, expect, test } from 'vitest';
import { imapdConfOf } from '../../../../src/cyrus/conf/imapd-conf.js';
import { formatWhere, readSettings } from '../../../../src/cyrus/conf/settings.js';

function conf(text: string, service?: string) {
  const whole = `configdirectory: /var/imap\n${text}`;
  return imapdConfOf(
    '/c',
    readSettings('/c', () => whole),
    service,
    [],
  );
}

const refusals = (text: string, service?: string) =>
  conf(text, service).refusals.map(({ where, what }) => `${formatWhere(where)}: ${what}`);

describe('imapd.conf', () => {
  test("has Cyrus' defaults where nothing is set", () => {
    expect(conf('')).toMatchObject({
      configDirectory: '/var/imap',
      mailboxList: { path: '/var/imap/mailboxes.db', kind: 'twoskip' },
      userDeny: { path: '/var/imap/user_deny.db', kind: 'flat' },
      downcase: true,
      postUser: undefined,
      virtualDomains: 'off',
      defaultDomain: 'internal',
      unixHierarchySeparator: true,
      mupdateServer: undefined,
      improvedMailboxListSort: false,
      catchallMailbox: undefined,
      fuzzyMailboxMatch: false,
      strictRfc2821: true,
      autocreatePost: false,
      autocreateUsers: 'anyone',
      autocreateQuota: -1,
      overQuotaPermanent: false,
      strictQuota: false,
      events: {
        notifier: undefined,
        groups: ['message', 'mailbox'],
        socket: '/var/imap/socket/notify',
      },
      serverName: undefined,
      admins: [],
      refusals: [],
    });
  });

  test('has what is set', () => {
    const text = `mboxlist_db: skiplist
mboxlist_db_path: /run/mailboxes.db
userdeny_db: twoskip
userdeny_db_path: {ConfigDirectory}/deny
lmtp_downcase_rcpt: off
postuser: post
virtdomains: 1
defaultdomain: RIG.Test
unixhierarchysep: f
mupdate_server: m.example.jp
improved_mboxlist_sort: 1
lmtp_catchall_mailbox: all
lmtp_fuzzy_mailbox_match: on
lmtp_strict_rfc2821: n
autocreate_post: true
autocreate_users: anyone group:x
autocreate_quota: 0x10
lmtp_over_quota_perm_failure: yes
lmtp_strict_quota: yellow
event_notifier: external
event_groups: quota  mailbox
notifysocket: dlist:/run/events
servername: mail.example.jp
admins: cyrus root
`;
    expect(conf(text)).toMatchObject({
      mailboxList: { path: '/run/mailboxes.db', kind: 'skiplist' },
      userDeny: { path: '/var/imap/deny', kind: 'twoskip' },
      downcase: false,
      postUser: 'post',
      virtualDomains: 'on',
      defaultDomain: 'RIG.Test',
      unixHierarchySeparator: false,
      mupdateServer: 'm.example.jp',
      improvedMailboxListSort: true,
      catchallMailbox: 'all',
      fuzzyMailboxMatch: true,
      strictRfc2821: false,
      autocreatePost: true,
      autocreateUsers: 'anyone group:x',
      autocreateQuota: 16,
      overQuotaPermanent: true,
      strictQuota: true,
      events: { notifier: 'external', groups: ['quota', 'mailbox'], socket: 'dlist:/run/events' },
      serverName: 'mail.example.jp',
      admins: ['cyrus', 'root'],
      refusals: [],
    });
  });

  test('cannot be changed by whoever is given it', () => {
    const read = conf('');
    expect(
      [read, read.files, read.refusals, read.events, read.admins, read.mailboxList].every(Object.isFrozen),
    ).toBe(true);
  });

  test("lets a service's own option win, wherever it stands", () => {
    const before = 'lmtpunix_postuser: a\npostuser: b\n';
    const after = 'postuser: b\nlmtpunix_postuser: a\n';
    for (const text of [before, after]) {
      expect(conf(text, 'lmtpunix').postUser).toBe('a');
      expect(conf(text, 'LMTPunix').postUser).toBe('a');
      expect(conf(text, 'lmtp').postUser).toBe('b');
      expect(conf(text).postUser).toBe('b');
    }
    expect(conf('lmtp_admins: a', 'lmtp').admins).toEqual(['a']);
    expect(conf('sasl_x: a\nlmtp_sasl_x: b', 'lmtp').get('sasl_x')).toBe('b');
    expect(conf('sasl_x: a\nlmtp_sasl_x: b', 'imap').get('SASL_x')).toBe('a');
  });

  test('says where an option stands, and nothing of a default', () => {
    const read = conf('x: y\nPostUser: z');
    expect(read.find('postuser')?.where).toEqual({ path: '/c', line: 3 });
    expect(read.find('x')?.value).toBe('y');
    expect(read.find('virtdomains')).toBeUndefined();
    expect(read.get('virtdomains')).toBe('off');
  });

  test('understands old names, and believes the new one where both stand', () => {
    expect(conf('createonpost: 1\nautocreatequota: 5')).toMatchObject({
      autocreatePost: true,
      autocreateQuota: 5,
    });
    expect(conf('createonpost: 1\nautocreate_post: 0')).toMatchObject({ autocreatePost: false });
  });

  test('replaces {configdirectory} at the beginning of options of Cyrus, and nowhere else', () => {
    expect(conf('postuser: {configdirectory}/x').postUser).toBe('/var/imap/x');
    expect(conf('postuser: x{configdirectory}').postUser).toBe('x{configdirectory}');
    expect(conf('other: {configdirectory}').get('other')).toBe('{configdirectory}');
  });

  test.each([
    ['a: 1\nb: 2\nA: 1', '/c:4: a is set a second time; the first is /c:2'],
    ['postuser: 1\npostuser: 1', '/c:3: postuser is set a second time; the first is /c:2'],
    ['virtdomains: Userid', '/c:2: virtdomains is Userid: must be off, userid, on, in lower case'],
    ['virtdomains: y', '/c:2: virtdomains is y: must be off, userid, on, in lower case'],
    ['lmtp_strict_quota: Yes', '/c:2: lmtp_strict_quota is Yes: must be yes or no, in lower case'],
    ['lmtp_strict_quota: oops', '/c:2: lmtp_strict_quota is oops: must be yes or no, in lower case'],
    ['autocreate_quota: 1x', '/c:2: autocreate_quota is 1x: must be a number'],
    ['mboxlist_db: berkeley', /^\/c:2: mboxlist_db is berkeley: must be flat, /],
    ['event_groups: mailbox all', /^\/c:2: event_groups is all: must be message, /],
    ['defaultpartition: a-b', '/c:2: defaultpartition is a-b: must be letters and digits'],
  ])('knows that Cyrus refuses %j', (text, refusal) => {
    expect(refusals(text)).toEqual([typeof refusal === 'string' ? refusal : expect.stringMatching(refusal)]);
  });

  test('lets a general option stand twice where a service has its own before', () => {
    expect(refusals('lmtp_postuser: 1\npostuser: 2\npostuser: 3', 'lmtp')).toEqual([]);
    expect(refusals('lmtp_postuser: 1\npostuser: 2\nlmtp_postuser: 3', 'lmtp')).toHaveLength(1);
    expect(refusals('lmtp_postuser: 1\npostuser: 2\npostuser: 3')).toHaveLength(1);
  });

  test.each([
    ['', '/c: configdirectory is not set'],
    ['configdirectory: imap', '/c:1: configdirectory is imap: must be an absolute path, and not /'],
    ['configdirectory: /', '/c:1: configdirectory is /: must be an absolute path, and not /'],
  ])('wants a configdirectory: %j', (text, refusal) => {
    const read = imapdConfOf(
      '/c',
      readSettings('/c', () => text),
      undefined,
      [],
    );
    expect(read.refusals.map(({ where, what }) => `${formatWhere(where)}: ${what}`)).toEqual([refusal]);
  });

  test('has no path of mailboxes.db without a configdirectory', () => {
    const read = imapdConfOf('/c', [], undefined, []);
    expect(read.mailboxList.path).toBeUndefined();
    expect(read.events.socket).toBeUndefined();
  });
});

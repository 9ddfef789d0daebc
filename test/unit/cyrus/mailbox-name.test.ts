import { describe, expect, test } from 'vitest';
import {
  inboxPattern,
  listedMailbox,
  mailboxNameOf,
  type Separator,
} from '../../../src/cyrus/mailbox-name.js';
import { authenticate, getAcl, getQuotaRoot, list } from '../../../src/cyrus/imap/command.js';
import { ConfigError } from '../../../src/errors.js';
import {
  asFolder,
  asShared,
  DEFAULT_ADDRESS_RULES,
  parseKey,
  type AddressRules,
  type Recipient,
} from '../../../src/validation/recipient.js';

const RULES: AddressRules = { ...DEFAULT_ADDRESS_RULES, postUser: 'post', defaultDomain: 'rig.test' };
const ONE_DOMAIN: AddressRules = { ...RULES, virtualDomains: false, defaultDomain: undefined };

function recipient(key: string, rules = RULES): Recipient {
  const parsed = parseKey(key, rules);
  if (parsed.kind !== 'recipient') throw new Error(`${key} is ${parsed.kind}`);
  return parsed.recipient;
}

describe('the mailbox of a recipient', () => {
  test.each<[string, Separator, string | undefined]>([
    ['alice@example.jp', '/', 'user/alice@example.jp'],
    ['alice@example.jp', '.', 'user.alice@example.jp'],
    ['Alice@Example.JP', '/', 'user/alice@example.jp'],
    ['first.last@example.jp', '/', 'user/first.last@example.jp'],
    ['first.last@example.jp', '.', 'user.first^last@example.jp'],
    ['first^last@example.jp', '/', 'user/first.last@example.jp'],
    ['first^last@example.jp', '.', 'user.first^last@example.jp'],
    ['alice+lists/dev@example.jp', '/', 'user/alice@example.jp'],
    ['bob', '/', 'user/bob@rig.test'],
    ['bob@', '/', undefined],
    ['bob@rig.test', '/', 'user/bob@rig.test'],
    ['alice@[192.0.2.1]', '/', 'user/alice@[192.0.2.1]'],
    ['a!b%c@example.jp', '/', 'user/a!b%c@example.jp'],
    ['a/b@example.jp', '/', undefined],
    ['a/b@example.jp', '.', undefined],
    ['post+shared/info@example.jp', '/', 'shared/info@example.jp'],
    ['post+shared.info@example.jp', '.', 'shared.info@example.jp'],
    ['post+Shared/Info', '/', 'Shared/Info@rig.test'],
    ['+shared/info@rig.test', '/', undefined],
    ['post+v1.2@example.jp', '/', 'v1.2@example.jp'],
    ['post+v1^2@example.jp', '/', 'v1.2@example.jp'],
    ['post+v1^2@example.jp', '.', 'v1^2@example.jp'],
    ['post+r&d@example.jp', '/', 'r&-d@example.jp'],
    ['post+a/b@example.jp', '.', undefined],
    ['post+inbox@example.jp', '/', undefined],
    ['post+INBOX/x@example.jp', '/', undefined],
    ['post+Inbox.x@example.jp', '.', undefined],
    ['post+@example.jp', '/', undefined],
    ['post@example.jp', '/', 'user/post@example.jp'],
  ])('%s with the separator %s is %s', (key, separator, name) => {
    expect(mailboxNameOf(recipient(key), separator, RULES)).toBe(name);
  });

  test.each<[string, Separator, string | undefined]>([
    ['alice+lists@example.jp', '/', 'user/alice/lists@example.jp'],
    ['alice+lists@example.jp', '.', 'user.alice.lists@example.jp'],
    ['first.last+Lists/a@example.jp', '/', 'user/first.last/Lists/a@example.jp'],
    ['first.last+Lists.a@example.jp', '.', 'user.first^last.Lists.a@example.jp'],
    ['alice+v1^2', '/', 'user/alice/v1.2@rig.test'],
    ['alice+a/b', '.', undefined],
    ['alice+INBOX@example.jp', '/', 'user/alice/INBOX@example.jp'],
    ['a/b+lists@example.jp', '/', undefined],
    ['alice+r&d@example.jp', '/', 'user/alice/r&-d@example.jp'],
  ])('as smmapd asks, %s with the separator %s is %s', (key, separator, name) => {
    expect(mailboxNameOf(asFolder(recipient(key)), separator, RULES)).toBe(name);
  });

  test('has no domain without virtual domains', () => {
    for (const key of ['alice@example.jp', 'alice@', 'alice']) {
      expect(mailboxNameOf(recipient(key, ONE_DOMAIN), '/', ONE_DOMAIN)).toBe('user/alice');
    }
  });

  test('is the INBOX for the detail of whoever is not the postuser', () => {
    expect(mailboxNameOf(asShared(recipient('alice+shared/info@example.jp')), '/', RULES)).toBe(
      'user/alice@example.jp',
    );
  });
});

describe('a listed mailbox', () => {
  test.each<[string, Separator, string | undefined]>([
    ['user/alice@example.jp', '/', 'alice@example.jp'],
    ['user.alice@example.jp', '.', 'alice@example.jp'],
    ['user/first.last@example.jp', '/', 'first.last@example.jp'],
    ['user.first^last@example.jp', '.', 'first.last@example.jp'],
    ['user/bob', '/', 'bob'],
    ['user/bob@rig.test', '/', 'bob'],
    ['user/Mixed@example.jp', '/', undefined],
    ['user/mixed@Example.JP', '/', undefined],
    ['user/a b@example.jp', '/', undefined],
    ['user/a+b@example.jp', '/', undefined],
    ['user/\xfcnal@example.jp', '/', undefined],
    ['user/alice/Sent Items@example.jp', '/', undefined],
    ['user.alice.Sent@example.jp', '.', undefined],
    ['shared/info@example.jp', '/', undefined],
    ['DELETED/user/robert/6B053ED0', '/', undefined],
    ['user/@example.jp', '/', undefined],
    ['user/alice@', '/', undefined],
    ['user', '/', undefined],
    ['users/alice', '/', undefined],
    ['INBOX', '/', undefined],
  ])('%s with the separator %s is kept as %s', (name, separator, mailbox) => {
    expect(listedMailbox(name, separator, RULES)).toBe(mailbox);
  });

  test('keeps its capitals where lmtpd folds nothing', () => {
    expect(listedMailbox('user/Mixed@example.jp', '/', { ...RULES, downcase: false })).toBe(
      'Mixed@example.jp',
    );
  });

  test('has no domain without virtual domains', () => {
    expect(listedMailbox('user/alice', '/', ONE_DOMAIN)).toBe('alice');
    expect(listedMailbox('user/alice@example.jp', '/', ONE_DOMAIN)).toBeUndefined();
  });
});

test('a pattern lists the INBOXes of a domain, and of a domain only', () => {
  expect(inboxPattern('example.jp', '/')).toBe('user/%@example.jp');
  expect(inboxPattern('example.jp', '.')).toBe('user.%@example.jp');
  expect(inboxPattern(undefined, '/')).toBe('user/%');
  expect(inboxPattern('*', '.')).toBe('user.%@*');
  expect(inboxPattern('*.example.jp', '/')).toBe('user/%@*.example.jp');
  for (const domain of ['', '**', 'a*', '*a', '%', 'a"b', 'a\r\nb', 'a b']) {
    expect(() => inboxPattern(domain, '/')).toThrow(ConfigError);
  }
});

test('commands quote the names they are given', () => {
  const alice = mailboxNameOf(recipient('alice@example.jp'), '/', RULES);
  if (alice === undefined) throw new Error('alice has no mailbox');
  expect(getQuotaRoot(alice)).toBe('GETQUOTAROOT "user/alice@example.jp"');
  expect(getAcl(alice)).toBe('GETACL "user/alice@example.jp"');
  expect(list(inboxPattern('example.jp', '/'))).toBe('LIST "" "user/%@example.jp"');
  expect(authenticate('PLAIN', undefined)).toBe('AUTHENTICATE PLAIN');
  expect(authenticate('EXTERNAL', '=')).toBe('AUTHENTICATE EXTERNAL =');
});

import { describe, expect, test } from 'vitest';
import {
  asciiLowerCase,
  asFolder,
  asShared,
  DEFAULT_ADDRESS_RULES,
  domainOf,
  isEightBit,
  parseKey,
  partsOf,
  withMessage,
  withoutDetail,
  type AddressRules,
  type Recipient,
} from '../../../src/validation/recipient.js';

/** The longest name that is asked about, and the longest address that lmtpd reads in one line, in bytes. */
const ADDRESS_MAX_BYTES = 1024;
const LINE_ADDRESS_MAX_BYTES = 4083;

function recipientOf(key: string, rules: Partial<AddressRules> = {}): Recipient {
  const parsed = parseKey(key, { ...DEFAULT_ADDRESS_RULES, ...rules });
  if (parsed.kind !== 'recipient') throw new Error(`${key} is ${parsed.kind}: ${parsed.reason}`);
  return parsed.recipient;
}

function whyNot(key: string): string {
  const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
  return parsed.kind === 'recipient' ? 'recipient' : `${parsed.kind}: ${parsed.reason}`;
}

describe('a key becomes local part, detail and domain', () => {
  test.each([
    ['alice@example.jp', 'alice', undefined, 'example.jp'],
    ['alice', 'alice', undefined, undefined],
    ['alice@', 'alice', undefined, ''],
    ['alice+lists@example.jp', 'alice', 'lists', 'example.jp'],
    ['alice+a+b@example.jp', 'alice', 'a+b', 'example.jp'],
    ['alice+@example.jp', 'alice', '', 'example.jp'],
    ['first.last@example.jp', 'first.last', undefined, 'example.jp'],
    ['a/b%c!d@example.jp', 'a/b%c!d', undefined, 'example.jp'],
    ["o'brien=x{y}|z~^_`#$&*?-@example.jp", "o'brien=x{y}|z~^_`#$&*?-", undefined, 'example.jp'],
    ['alice@[127.0.0.1]', 'alice', undefined, '[127.0.0.1]'],
    ['alice@example.jp.', 'alice', undefined, 'example.jp.'],
  ])('%s', (key, local, detail, domain) => {
    expect(recipientOf(key)).toMatchObject({ local, detail, domain, address: key });
  });
});

describe('names are folded as lmtpd folds them', () => {
  test('local part and domain, and never the detail', () => {
    const { address, mailbox } = recipientOf('ALICE+Lists@EXAMPLE.jp', { defaultDomain: 'rig.test' });
    expect(address).toBe('alice+Lists@example.jp');
    expect(mailbox).toBe('alice@example.jp');
  });

  test('ASCII letters only, whatever else there is', () => {
    expect(recipientOf('CAF\xc9@EXAMPLE.jp', { asksEightBit: true }).local).toBe('caf\xc9');
    expect(['M\xdcLLER', 'PLAIN', ''].map(asciiLowerCase)).toEqual(['m\xdcller', 'plain', '']);
  });

  test('not at all with lmtp_downcase_rcpt: no', () => {
    expect(recipientOf('Alice@Example.JP', { downcase: false }).mailbox).toBe('Alice@Example.JP');
  });
});

describe('what is cached belongs to the mailbox', () => {
  test('every detail of a user has the name of its INBOX', () => {
    expect(recipientOf('alice+one@example.jp').mailbox).toBe('alice@example.jp');
    expect(recipientOf('alice+two').mailbox).toBe('alice');
  });

  test('the detail of the post user names the mailbox', () => {
    const { mailbox } = recipientOf('POST+Shared/Info@example.jp', { postUser: 'post' });
    expect(mailbox).toBe('post+Shared/Info@example.jp');
  });

  test('the post user alone, without a detail, is a user as any other', () => {
    expect(recipientOf('post@example.jp', { postUser: 'post' }).shared).toBe(false);
    expect(recipientOf('post', { postUser: 'post' }).shared).toBe(false);
    expect(recipientOf('alice+x@example.jp', { postUser: 'post' }).shared).toBe(false);
  });

  test.each(['', 'post'])('a detail without a user names the mailbox, with post user %j', (postUser) => {
    expect(recipientOf('+shared/info@example.jp', { postUser })).toMatchObject({
      local: '',
      detail: 'shared/info',
      mailbox: '+shared/info@example.jp',
    });
  });

  test('a mailbox of the default domain has one name, with and without it', () => {
    const rules = { defaultDomain: 'rig.test' };
    expect(recipientOf('Bob@rig.test', rules)).toMatchObject({ mailbox: 'bob', address: 'bob@rig.test' });
    expect(recipientOf('bob+x', rules)).toMatchObject({ mailbox: 'bob', address: 'bob+x' });
    expect(recipientOf('bob@example.jp', rules).mailbox).toBe('bob@example.jp');
  });

  test('an empty domain is not the default one', () => {
    expect(recipientOf('bob@', { defaultDomain: 'rig.test' }).mailbox).toBe('bob@');
  });

  test('a caret is a dot, as Cyrus keeps it', () => {
    expect(recipientOf('first^last@example.jp')).toMatchObject({
      mailbox: 'first.last@example.jp',
      address: 'first^last@example.jp',
    });
  });

  test('without virtual domains a mailbox has one name in all of them', () => {
    for (const key of ['bob', 'bob@', 'bob@example.jp', 'bob+x@example.net']) {
      expect(recipientOf(key, { virtualDomains: false }).mailbox).toBe('bob');
    }
  });

  test('without its detail a recipient is its mailbox', () => {
    const recipient = recipientOf('alice+lists@example.jp');
    expect(withoutDetail(recipient)).toMatchObject({
      address: 'alice@example.jp',
      mailbox: 'alice@example.jp',
      detail: undefined,
    });
    expect(recipient).toMatchObject({ shared: false, folder: false });
    expect(asShared(recipient)).toMatchObject({
      address: 'alice+lists@example.jp',
      mailbox: 'alice+lists@example.jp',
      shared: true,
      folder: false,
    });
    expect(asFolder(recipient)).toMatchObject({
      mailbox: 'alice+lists@example.jp',
      shared: false,
      folder: true,
    });
  });
});

describe('one answer serves all spellings of a mailbox that every version takes alike', () => {
  const DEFAULT = { defaultDomain: 'rig.test' };
  const SPELLED = { defaultDomain: 'rig.test', spelledDefaultDomain: 'Rig.Test' };

  test.each<[string, Partial<AddressRules>, boolean]>([
    ['alice@example.jp', {}, true],
    ['alice', {}, true],
    ['ALICE@example.jp', {}, true],
    ['first^last@example.jp', {}, false],
    ['caf\xe9@example.jp', { asksEightBit: true }, false],
    ['alice@EXAMPLE.jp', {}, false],
    ['alice@EXAMPLE.jp', DEFAULT, true],
    ['alice@EXAMPLE.jp', { ...DEFAULT, downcase: false }, false],
    ['alice@example.jp', { ...DEFAULT, downcase: false }, true],
    ['alice@EXAMPLE.jp', { virtualDomains: false }, true],
    ['bob@rig.test', DEFAULT, true],
    ['bob@RIG.test', DEFAULT, false],
    ['bob@Rig.Test', SPELLED, true],
    ['bob@rig.test', SPELLED, false],
  ])('%s with %j: %j', (key, rules, plain) => {
    expect(recipientOf(key, rules).plain).toBe(plain);
  });

  test('so it is asked about in lower case, but for the default domain, and for what is not taken alike', () => {
    expect(recipientOf('Alice@EXAMPLE.jp', DEFAULT).address).toBe('alice@example.jp');
    expect(recipientOf('Bob@Rig.Test', SPELLED)).toMatchObject({ address: 'bob@Rig.Test', mailbox: 'bob' });
    expect(recipientOf('Alice@EXAMPLE.jp').address).toBe('alice@EXAMPLE.jp');
  });
});

describe('the parts of any key, whether or not a mailbox can have such a name', () => {
  test.each<[string, string, string | undefined, string | undefined]>([
    ['Alice+Lists+x@EXAMPLE.jp', 'Alice', 'Lists+x', 'example.jp'],
    ['al ice@example.jp', 'al ice', undefined, 'example.jp'],
    ['a@b@Example.jp', 'a@b', undefined, 'example.jp'],
    ['alice@exa+mple.jp', 'alice', undefined, 'exa+mple.jp'],
    ['alice+x', 'alice', 'x', undefined],
    ['', '', undefined, undefined],
  ])('%j', (key, local, detail, domain) => {
    expect(partsOf(key, DEFAULT_ADDRESS_RULES)).toEqual({ local, detail, domain });
    expect(domainOf(key, DEFAULT_ADDRESS_RULES)).toBe(domain);
  });

  test('the domain stays as it is written with lmtp_downcase_rcpt: no', () => {
    expect(domainOf('alice@EXAMPLE.jp', { ...DEFAULT_ADDRESS_RULES, downcase: false })).toBe('EXAMPLE.jp');
  });
});

describe('what lmtpd can only refuse is impossible', () => {
  const control = [...Array(32).keys(), 127].map((code) => String.fromCharCode(code));
  test.each(control)('the control character %j in a user', (character) => {
    expect(whyNot(`al${character}ice@example.jp`)).toBe('impossible: control character');
  });

  test.each([...'<>()[]\\,;:"'])('the special %s in a user', (character) => {
    expect(whyNot(`al${character}ice@example.jp`)).toBe('impossible: special character');
  });

  test.each([...'<>()[],;:"'])('the special %s in a detail', (character) => {
    expect(whyNot(`alice+x${character}y@example.jp`)).toBe('impossible: special character');
  });

  const domainCharacters = [...' "\'_+%!/\\()<>,;:#$&*=?^`{|}~[]', ...control];
  test.each(domainCharacters)('the character %j in a domain', (character) => {
    expect(whyNot(`alice@exa${character}mple.jp`)).toBe('impossible: domain character');
  });

  test.each([
    ['', 'empty part'],
    ['@', 'empty part'],
    ['@example.jp', 'empty part'],
    ['al ice@example.jp', 'space'],
    ['alice+a b@example.jp', 'space'],
    ['m\xfcller@example.jp', '8-bit character'],
    ['alice+\xfc@example.jp', '8-bit character'],
    ['alice@ex\xfcmple.jp', '8-bit character'],
    ['"alice"@example.jp', 'special character'],
    ['"alice+x"@example.jp', 'special character'],
    ['a@b@example.jp', 'two @'],
    ['alice@@example.jp', 'two @'],
    ['alice@example.jp@', 'two @'],
    ['alice@[IPv6:::1]', 'domain character'],
    ['alice@[127.0.0.1', 'domain character'],
    ['alice@example.jp\0', 'domain character'],
    ['alice@example.jp\r\nRSET', 'domain character'],
    ['alice@example.jp> ignorequota', 'domain character'],
  ])('%j has: %s', (key, reason) => {
    expect(whyNot(key)).toBe(`impossible: ${reason}`);
  });
});

describe('what lmtpd may take and no line of ours can hold is unaskable', () => {
  test.each([
    ['@relay.test:alice@example.jp', 'source route'],
    ['@one.test,@two.test:alice@example.jp', 'source route'],
    ['alice+a\\b@example.jp', 'escaped detail'],
    ['alice+\\@x@example.jp', 'escaped detail'],
    ['alice+a\x7fb@example.jp', 'escaped detail'],
    ['+a\\b', 'escaped detail'],
    ['+ab\\', 'escaped detail'],
    ['alice@exa+m\\ple.jp', 'escaped detail'],
  ])('%j has: %s', (key, reason) => {
    expect(whyNot(key)).toBe(`unaskable: ${reason}`);
  });

  test('a backslash before the detail, or in the domain, is only refused', () => {
    expect(whyNot('al\\ice+x@example.jp')).toBe('impossible: special character');
    expect(whyNot('al\\+ice@example.jp')).toBe('impossible: special character');
    expect(whyNot('alice\\')).toBe('impossible: special character');
    expect(whyNot('alice+x@exa\\mple.jp')).toBe('impossible: domain character');
  });
});

describe('lengths', () => {
  const name = (bytes: number): string => `${'a'.repeat(bytes - '@example.jp'.length)}@example.jp`;
  const detailed = (bytes: number): string => `alice+${'x'.repeat(bytes - 17)}@example.jp`;

  test('a name of the greatest length is asked about, one byte more is impossible', () => {
    expect(whyNot(name(ADDRESS_MAX_BYTES))).toBe('recipient');
    expect(whyNot(name(ADDRESS_MAX_BYTES + 1))).toBe('impossible: too long');
    expect(whyNot(name(10_000))).toBe('impossible: too long');
  });

  test.each([DEFAULT_ADDRESS_RULES, { ...DEFAULT_ADDRESS_RULES, postUser: 'alice' }])(
    'a domain that makes a name too long proves nothing: without virtual domains lmtpd does not look at it',
    (rules) => {
      const domain = 'd'.repeat(ADDRESS_MAX_BYTES);
      for (const user of rules.postUser === '' ? ['alice', 'alice+x'] : ['alice+x']) {
        expect(parseKey(`${user}@${domain}`, rules)).toEqual({ kind: 'unaskable', reason: 'long domain' });
      }
    },
  );

  test('a name longer than any mailbox is impossible, in whatever domain', () => {
    const keyOf = (local: number): string => `${'a'.repeat(local)}@${'d'.repeat(ADDRESS_MAX_BYTES)}`;
    expect(whyNot(keyOf(489))).toBe('unaskable: long domain');
    expect(whyNot(keyOf(490))).toBe('impossible: too long');
  });

  test('a detail may be as long as the line that lmtpd reads, one byte more is unaskable', () => {
    expect(whyNot(detailed(LINE_ADDRESS_MAX_BYTES))).toBe('recipient');
    expect(`RCPT TO:<${detailed(LINE_ADDRESS_MAX_BYTES)}>\r\n`).toHaveLength(4095);
    expect(whyNot(detailed(LINE_ADDRESS_MAX_BYTES + 1))).toBe('unaskable: long line');
  });

  test('the detail of the post user is a name', () => {
    const parsed = parseKey(detailed(ADDRESS_MAX_BYTES + 1), {
      ...DEFAULT_ADDRESS_RULES,
      downcase: true,
      postUser: 'alice',
    });
    expect(parsed).toEqual({ kind: 'impossible', reason: 'too long' });
  });
});

test.each(['alice@example.jp', 'Alice@example.jp', 'alice+x@example.jp', 'alice'])(
  '%s is no folder, and is asked about without a message',
  (key) => {
    const recipient = recipientOf(key);
    expect([recipient.folder, recipient.messageBytes]).toEqual([false, undefined]);
  },
);

test('a message changes nothing of its recipient but the size that is asked about', () => {
  const recipient = recipientOf('Alice+x@example.jp');
  expect(withMessage(recipient, 1_000)).toEqual({ ...recipient, messageBytes: 1_000 });
});

test('an address has 8-bit bytes in its local part, its detail or nowhere', () => {
  const rules = { asksEightBit: true };
  const keys = ['\xe4@example.jp', 'alice+\xe4@example.jp', 'alice@example.jp'];
  expect(keys.map((key) => isEightBit(recipientOf(key, rules)))).toEqual([true, true, false]);
});

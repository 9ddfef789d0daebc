// No key of any bytes makes an address that could break a command line, or a mailbox that means another one.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ADDRESS_MAX_BYTES,
  DEFAULT_ADDRESS_RULES,
  LINE_ADDRESS_MAX_BYTES,
  parseAny,
  parseKey,
  withoutDetail,
  type AddressRules,
} from '../../src/validation/recipient.js';

const RUNS = { numRuns: 20_000 };

const anyKey = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
/** Keys that are nearly addresses: what the parser takes apart, often, and what it fears. */
const nearly = fc
  .array(
    fc.constantFrom(
      ...['alice', 'Alice', 'post', 'example.jp', 'EXAMPLE.jp', 'rig.test', '[127.0.0.1]', 'x'.repeat(600)],
      ...[...'@@@+++.\\"<>():;,[] %!/\r\n\0\t\x7f\xfc_-'],
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));
const key = fc.oneof(anyKey, nearly);

const rules: fc.Arbitrary<AddressRules> = fc.record({
  downcase: fc.boolean(),
  postUser: fc.constantFrom('', 'post', 'alice'),
  virtualDomains: fc.boolean(),
  defaultDomain: fc.constantFrom(undefined, 'rig.test', 'example.jp'),
});

test('an address holds printable ASCII without space, quote, backslash, angle bracket or the like, and fits a line', () => {
  fc.assert(
    fc.property(key, rules, (text, how) => {
      const parsed = parseKey(text, how);
      if (parsed.kind !== 'recipient') return;
      const { address, mailbox, local, domain, shared } = parsed.recipient;
      const user = shared ? address : withoutDetail(parsed.recipient).address;
      for (const each of [address, mailbox, user]) {
        expect(each).toMatch(/^[!-~]+$/);
        expect(each).not.toMatch(/["\\<>(),;:\s]/);
        expect(each.split('@').length).toBeLessThanOrEqual(2);
      }
      expect(local + (domain ?? '')).not.toMatch(/[^!-~]/);
      expect(address.length).toBeLessThanOrEqual(LINE_ADDRESS_MAX_BYTES);
      expect(mailbox.length).toBeLessThanOrEqual(ADDRESS_MAX_BYTES);
    }),
    RUNS,
  );
});

const ordinary = fc
  .array(fc.constantFrom(...'abz019._-', 'example.jp', 'rig.test', '@'), { maxLength: 12 })
  .map((parts) => parts.join(''));

test('an ordinary key, which is taken as it stands, is what the whole parser makes of it', () => {
  const keys = fc.oneof(
    ordinary,
    ordinary.map((text) => `a${text}@example.jp`),
    nearly,
  );
  fc.assert(
    fc.property(keys, rules, (text, how) => {
      expect(parseKey(text, how)).toEqual(parseAny(text, how));
    }),
    RUNS,
  );
});

test('an address is the key itself, but for the case of what lmtpd folds', () => {
  fc.assert(
    fc.property(key, rules, (text, how) => {
      const parsed = parseKey(text, how);
      if (parsed.kind !== 'recipient') return;
      const { address, detail } = parsed.recipient;
      expect(address.toLowerCase()).toBe(text.toLowerCase());
      if (!how.downcase) expect(address).toBe(text);
      if (detail !== undefined) expect(text).toContain(`+${detail}`);
    }),
    RUNS,
  );
});

test('the mailbox of a mailbox is itself', () => {
  fc.assert(
    fc.property(key, rules, (text, how) => {
      const parsed = parseKey(text, how);
      if (parsed.kind !== 'recipient') return;
      const again = parseKey(parsed.recipient.mailbox, how);
      expect(again).toMatchObject({ kind: 'recipient', recipient: { mailbox: parsed.recipient.mailbox } });
    }),
    RUNS,
  );
});

test('parsing the address again changes nothing', () => {
  fc.assert(
    fc.property(key, rules, (text, how) => {
      const parsed = parseKey(text, how);
      if (parsed.kind === 'recipient') expect(parseKey(parsed.recipient.address, how)).toEqual(parsed);
    }),
    RUNS,
  );
});

test('two keys that differ in more than folded case, detail and shared domains have two mailboxes', () => {
  fc.assert(
    fc.property(key, key, (one, two) => {
      const [first, second] = [parseKey(one, DEFAULT_ADDRESS_RULES), parseKey(two, DEFAULT_ADDRESS_RULES)];
      if (first.kind !== 'recipient' || second.kind !== 'recipient') return;
      if (first.recipient.mailbox !== second.recipient.mailbox) return;
      expect([first.recipient.local, first.recipient.domain]).toEqual([
        second.recipient.local,
        second.recipient.domain,
      ]);
    }),
    RUNS,
  );
});

test('where 8-bit bytes are asked about they stand as they came, and never in a domain', () => {
  fc.assert(
    fc.property(key, rules, (text, how) => {
      const parsed = parseKey(text, { ...how, asksEightBit: true });
      if (parsed.kind !== 'recipient') return;
      const { address, mailbox, local, domain, plain } = parsed.recipient;
      for (const each of [address, mailbox]) {
        expect(each).toMatch(/^[!-~\x80-\xff]+$/);
        expect(each).not.toMatch(/["\\<>(),;:\x7f]/);
      }
      expect(domain ?? '').toMatch(/^[!-~]*$/);
      expect(address.replace(/[A-Z]/g, (letter) => letter.toLowerCase())).toBe(
        text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
      );
      if (/[^\0-\x7f]/.test(local)) expect(plain).toBe(false);
    }),
    RUNS,
  );
});

test('a key with an 8-bit byte is never a recipient, wherever it stands', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 0x80, max: 0xff }), fc.string(), rules, (a, byte, b, how) => {
      expect(parseKey(a + String.fromCharCode(byte) + b, how).kind).not.toBe('recipient');
    }),
    RUNS,
  );
});

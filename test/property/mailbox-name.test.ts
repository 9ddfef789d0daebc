import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listedMailbox, mailboxNameOf } from '../../src/cyrus/mailbox-name.js';
import { parseKey, type AddressRules } from '../../src/validation/recipient.js';

const rules: fc.Arbitrary<AddressRules> = fc.record({
  downcase: fc.boolean(),
  postUser: fc.constantFrom('', 'post'),
  virtualDomains: fc.boolean(),
  defaultDomain: fc.constantFrom(undefined, 'rig.test'),
});
const separator = fc.constantFrom('/' as const, '.' as const);
const key = fc
  .tuple(
    fc.stringMatching(/^[!-~]{1,20}$/),
    fc.constantFrom('', '@', '@example.jp', '@Rig.test', '@rig.test'),
  )
  .map(([local, domain]) => local + domain);

describe('mailbox names', () => {
  test("the INBOX of a recipient, when it is listed, is what the cache keeps the recipient's mailbox under", () => {
    fc.assert(
      fc.property(key, separator, rules, (text, by, address) => {
        const parsed = parseKey(text, address);
        if (parsed.kind !== 'recipient' || parsed.recipient.shared) return;
        const { recipient } = parsed;
        const name = mailboxNameOf(recipient, by, address);
        const nowhere = recipient.domain === '' && address.virtualDomains;
        if (recipient.local.includes('/') || nowhere) expect(name).toBeUndefined();
        else expect(listedMailbox(name ?? '', by, address)).toBe(recipient.mailbox);
      }),
    );
  });

  test('whatever is listed, what the cache keeps it under is an address that leads to it', () => {
    const name = fc
      .tuple(fc.constantFrom('user/', 'user.', ''), fc.string({ unit: 'binary-ascii', maxLength: 20 }))
      .map(([prefix, rest]) => prefix + rest);
    fc.assert(
      fc.property(name, separator, rules, (listed, by, address) => {
        const mailbox = listedMailbox(listed, by, address);
        if (mailbox === undefined) return;
        expect(parseKey(mailbox, address)).toMatchObject({ kind: 'recipient', recipient: { mailbox } });
      }),
    );
  });

  test('no name can end a quoted string or a command, whatever was asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), separator, rules, (text, by, address) => {
        const parsed = parseKey(text, address);
        if (parsed.kind !== 'recipient') return;
        expect(mailboxNameOf(parsed.recipient, by, address) ?? '').toMatch(/^[ !#-[\]-~]*$/);
      }),
    );
  });
});

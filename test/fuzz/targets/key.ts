// Whatever a stranger asks for, what is asked of Cyrus for it holds no byte that a line of LMTP or IMAP could be broken with,
// is the same when it is read again, and the reply is one netstring.
import { expect } from 'vitest';
import { ProtocolError } from '../../../src/errors.js';
import { NetstringDecoder } from '../../../src/socketmap/netstring.js';
import { formatReply, parseReply, parseRequest } from '../../../src/socketmap/protocol.js';
import { ADDRESS_MAX_BYTES, DEFAULT_ADDRESS_RULES, parseKey } from '../../../src/validation/recipient.js';
import type { Target } from '../engine.js';

const RULES = [true, false].flatMap((downcase) =>
  [true, false].map((virtualDomains) => ({ ...DEFAULT_ADDRESS_RULES, downcase, virtualDomains })),
);

export const key: Target = {
  name: 'key',
  seeds: [
    'cyrus alice@example.jp',
    'cyrus alice+Sent/2026@example.jp',
    'cyrus "a b"@example.jp',
    'cyrus first^last@example.jp',
    'cyrus +shared.folder@example.jp',
    '__proto__ __proto__@constructor',
    'cyrus a@[192.0.2.1]',
    'cyrus \xe9mile@example.jp',
  ],
  dictionary: [
    '@',
    '+',
    '.',
    '..',
    '^',
    '"',
    '\\',
    '\r\n',
    '\r\nRCPT TO:<',
    '<',
    '>',
    '{5}',
    '\0',
    '%',
    '!',
    'user.',
    'user/',
    '@example.jp',
    '__proto__',
  ],
  run(input) {
    const text = input.toString('latin1');
    let request;
    try {
      request = parseRequest(text);
    } catch (error) {
      if (error instanceof ProtocolError) return;
      throw error;
    }
    const decoder = new NetstringDecoder(100_000);
    decoder.feed(Buffer.from(formatReply({ status: 'TEMP', text: request.key }), 'latin1'));
    expect(parseReply(decoder.next() ?? '').status).toBe('TEMP');
    expect([decoder.next(), decoder.unread]).toEqual([undefined, false]);
    for (const rules of RULES) {
      const parsed = parseKey(request.key, rules);
      if (parsed.kind !== 'recipient') continue;
      const { address, mailbox } = parsed.recipient;
      expect(address).toMatch(/^[!#-;=?-[\]-~]+$/);
      expect(mailbox).toMatch(/^[\x21-\x7e]+$/);
      expect(address.length).toBeLessThanOrEqual(4 * ADDRESS_MAX_BYTES);
      const again = parseKey(address, rules);
      expect(again.kind === 'recipient' && again.recipient.address).toBe(address);
    }
  },
};

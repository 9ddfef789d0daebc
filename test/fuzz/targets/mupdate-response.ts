// However the bytes of a mupdate master are cut, the same entries come out of them, or one ProtocolError; and whatever entries
// come out of them, the list counts as many mailboxes as it finds, of no more servers than it may have.
import { expect } from 'vitest';
import { Entries } from '../../../src/cyrus/mupdate/entries.js';
import { MupdateParser } from '../../../src/cyrus/mupdate/parser.js';
import { ProtocolError } from '../../../src/errors.js';
import type { Target } from '../engine.js';
import { parsedAlike } from './streams.js';

export const mupdateResponse: Target = {
  name: 'MUPDATE response',
  seeds: [
    '* AUTH "SCRAM-SHA-256" "PLAIN"\r\n* STARTTLS\r\n* OK MUPDATE "m.example.jp" "Cyrus IMAP" "3.6.1" "(master)"\r\n',
    'C2 MAILBOX {21+}\r\nexample.jp!user.alice {10+}\r\nb1!default {6+}\r\na\tlrs\t\r\n',
    'C2 RESERVE {8+}\r\nuser.bob {10+}\r\nb1!default\r\nC2 DELETE {8+}\r\nuser.bob\r\n',
    'C2 MAILBOX "user.\\"x" b1! {0+}\r\n\r\n',
    'C2 OK "streaming starts"\r\nC3 NO Unknown COMPRESS algorithm: FOO\r\n',
    'cj1hYmM=\r\n\r\n',
    '* BYE "x"\r\n',
    'C2 DELETE {2000+}\r\n',
    '\n',
  ],
  dictionary: [
    '* ',
    'C2 ',
    'OK',
    'NO',
    'BAD',
    'BYE',
    'MAILBOX ',
    'RESERVE ',
    'DELETE ',
    'user.',
    'example.jp!',
    'b1!default',
    'b2!',
    '!',
    '.',
    '^',
    '\r\n',
    '{5+}\r\n',
    '{5}\r\n',
    '{0+}\r\n',
    '"',
    '\\"',
    ' ',
  ],
  run(input) {
    const { items } = parsedAlike(() => new MupdateParser(), input);
    const list = new Entries(1_000, () => undefined);
    const names = new Set<string>();
    for (const item of items) {
      if (item.kind !== 'mailbox' && item.kind !== 'reserve' && item.kind !== 'delete') continue;
      try {
        if (list.take(item)) names.add(item.name);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }
    const there = [...names].filter((name) => list.find(name).kind === 'on');
    expect(list.mailboxes).toBe(there.length);
  },
};

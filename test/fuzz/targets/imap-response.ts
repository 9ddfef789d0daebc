// However the bytes of imapd are cut, the same responses come out of them, or one ProtocolError.
import { ImapResponseParser } from '../../../src/cyrus/imap/parser.js';
import type { Target } from '../engine.js';
import { parsedAlike } from './streams.js';

export const imapResponse: Target = {
  name: 'IMAP response',
  seeds: [
    '* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] imapd ready\r\n',
    '* LIST (\\HasNoChildren) "/" user/alice@example.jp\r\nc1 OK Completed\r\n',
    '* LIST () "." {5}\r\nab cd\r\n',
    '* QUOTAROOT "user/a b" user/x\r\n* QUOTA user/x (STORAGE 10 42 MESSAGE 1 2)\r\nc2 OK [X y] done\r\n',
    '+ cj1hYmM=\r\n+\r\n',
    '* BYE\r\n',
    'c1 NO [NONEXISTENT] Mailbox does not exist\r\n',
    '* SEARCH\r\n* 5 EXISTS\r\n',
    'x\r\n',
    '\n',
  ],
  dictionary: [
    '* ',
    '+ ',
    'c1 ',
    'OK',
    'NO',
    'BAD',
    'BYE',
    '\r\n',
    '{5}\r\n',
    '{5+}\r\n',
    '{0}\r\n',
    '"',
    '\\"',
    '(',
    ')',
    'NIL',
    '[',
    ']',
    'LIST',
    'QUOTA',
    'QUOTAROOT',
    'CAPABILITY',
    'STORAGE',
  ],
  run(input) {
    parsedAlike(() => new ImapResponseParser(), input);
  },
};

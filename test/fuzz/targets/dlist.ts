// However the bytes of Cyrus' events are cut, the same commands come out of them, or one ProtocolError; and each is an event,
// of mailboxes that an address could lead to, or one that makes everything forgotten: never silence, never another error.
import { expect } from 'vitest';
import { DEFAULT_DLIST_LIMITS, DlistParser } from '../../../src/cyrus/events/dlist.js';
import { readEvent } from '../../../src/cyrus/events/event.js';
import { ProtocolError } from '../../../src/errors.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';
import type { Target } from '../engine.js';
import { parsedAlike } from './streams.js';

const LIMITS = { ...DEFAULT_DLIST_LIMITS, maxCommandBytes: 2048 };
const EVENT = '{"event":"MailboxDelete","uri":"imap://host/user/bob@example.jp"}';

export const dlist: Target = {
  name: 'dlist',
  seeds: [
    `A0 NOTIFY %(METHOD external CLASS EVENT PRIORITY "" USER "" MAILBOX "" OPTIONS () MESSAGE "x")\r\n`,
    `A0 APPLY NOTIFY %(METHOD external CLASS EVENT MESSAGE {${EVENT.length}+}\r\n${EVENT})\r\n`,
    'X NIL\r\nY () %() ("" NIL {0+}\r\n)\r\n',
    'GET / HTTP/1.0\r\n\r\n',
  ],
  dictionary: [
    '%(',
    '(',
    ')',
    ' ',
    '\r\n',
    '{5+}\r\n',
    '{2048}\r\n',
    'NIL',
    'NOTIFY',
    'METHOD',
    'CLASS',
    'EVENT',
    'MESSAGE',
    EVENT,
    '"event":"MailboxRename"',
    '"oldMailboxID":"imap://h/user/a"',
    '\\u0000',
    '%2F',
    '__proto__',
  ],
  run(input) {
    for (const command of parsedAlike(() => new DlistParser(LIMITS), input).items) {
      try {
        expect(typeof readEvent(command, DEFAULT_ADDRESS_RULES).kind).toBe('string');
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }
  },
};

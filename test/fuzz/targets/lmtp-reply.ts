// However the bytes of lmtpd are cut, the same replies come out of them, and a mailbox is unknown only where the code is 550
// and each line says the same.
import { expect } from 'vitest';
import { LmtpReplyParser } from '../../../src/cyrus/lmtp/reply.js';
import { rcptVerdict } from '../../../src/cyrus/lmtp/rcpt-verdict.js';
import { REPLIES } from '../../fakes/lmtp-server.js';
import type { Target } from '../engine.js';
import { parsedAlike } from './streams.js';

export const lmtpReply: Target = {
  name: 'LMTP reply',
  seeds: [
    ...Object.values(REPLIES),
    '250 2.1.5 ok\r\n550 5.1.1 User unknown\r\n',
    '550-5.1.1 a\r\n550 5.1.1 b\r\n',
    '550\r\n',
    '550-\r\n550 \r\n',
    // Behind a line without a code the parser went on.
    '452 4.2.2 Over quota\r\n55ser unknown\r\n',
  ],
  dictionary: [
    '550',
    '250',
    '452',
    ' ',
    '-',
    '\r\n',
    '\n',
    '5.1.1',
    '5.7.1',
    '2.1.5',
    'User unknown',
    '550-',
    'SESSIONID=<',
    '>',
  ],
  run(input) {
    for (const reply of parsedAlike(() => new LmtpReplyParser(), input).items) {
      const { kind } = rcptVerdict(reply);
      if (kind === 'unknown') expect([reply.code, input.includes('550')]).toEqual([550, true]);
      if (kind === 'deliverable') expect(Math.floor(reply.code / 100)).toBe(2);
    }
  },
};

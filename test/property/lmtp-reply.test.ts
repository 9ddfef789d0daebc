// However the bytes of replies are cut, the same replies come out; and of any bytes at all nothing but replies or
// one ProtocolError, with no more kept than one reply may have.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../../src/errors.js';
import { LmtpReplyParser, type LmtpReply } from '../../src/cyrus/lmtp/reply.js';
import { rcptVerdict } from '../../src/cyrus/lmtp/rcpt-verdict.js';

const text = fc.string({ unit: fc.constantFrom(...'abc <>.=-+0123456789\xe9'), maxLength: 30 });
const enhanced = fc.tuple(fc.constantFrom(2, 4, 5), fc.nat(9), fc.nat(9)).map((parts) => parts.join('.'));
const reply = fc.record({
  code: fc.integer({ min: 200, max: 599 }),
  lines: fc.array(
    fc.oneof(
      text,
      fc.tuple(enhanced, text).map(([a, b]) => `${a} ${b}`),
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  ),
});

function format({ code, lines }: { code: number; lines: readonly string[] }): string {
  return lines.map((line, i) => `${code}${i === lines.length - 1 ? ' ' : '-'}${line}\r\n`).join('');
}

/** Cuts bytes at the given places. */
function cut(bytes: string, places: readonly number[]): string[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.slice(ends[i - 1] ?? 0, end));
}

function parse(chunks: readonly string[]): LmtpReply[] | 'broken' {
  const parser = new LmtpReplyParser();
  const replies: LmtpReply[] = [];
  try {
    for (const chunk of chunks) {
      parser.feed(Buffer.from(chunk, 'latin1'));
      for (let next = parser.next(); next !== undefined; next = parser.next()) replies.push(next);
    }
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return 'broken';
  }
  return replies;
}

test('replies are read as they were written, wherever their bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(reply, { maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      (replies, places) => {
        const parsed = parse(cut(replies.map(format).join(''), places));
        expect(parsed).toMatchObject(replies);
      },
    ),
    { numRuns: 3000 },
  );
});

/** Bytes that are nearly replies. */
const noise = fc
  .array(
    fc.oneof(
      fc.constantFrom('250', '550', '421', '-', ' ', '2.1.5', '5.1.1', '\r\n', '\n', '\r', '\0', 'ok', '25'),
      reply.map(format),
      fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(''));

test('any bytes give the same, however they are cut: replies, or a ProtocolError', () => {
  fc.assert(
    fc.property(noise, fc.array(fc.nat(), { maxLength: 8 }), (bytes, places) => {
      expect(parse(cut(bytes, places))).toEqual(parse([bytes]));
    }),
    { numRuns: 5000 },
  );
});

test('bytes that hold no whole line of `550 5.1.1` never make an unknown', () => {
  fc.assert(
    fc.property(noise, (bytes) => {
      const replies = parse([...bytes]);
      if (replies === 'broken' || /^550 5\.1\.1(?: .*)?\r?$/m.test(bytes)) return;
      expect(replies.map((each) => rcptVerdict(each).kind)).not.toContain('unknown');
    }),
    { numRuns: 5000 },
  );
});

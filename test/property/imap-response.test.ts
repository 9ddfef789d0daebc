import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ImapResponseParser } from '../../src/cyrus/imap/parser.js';
import type { ImapResponse } from '../../src/cyrus/imap/response.js';
import { ProtocolError } from '../../src/errors.js';

type Outcome = { readonly responses: readonly ImapResponse[]; readonly error: string | undefined };

function parse(chunks: readonly Buffer[]): Outcome {
  const parser = new ImapResponseParser();
  const responses: ImapResponse[] = [];
  try {
    for (const chunk of chunks) {
      parser.feed(chunk);
      for (let response = parser.next(); response !== undefined; response = parser.next())
        responses.push(response);
    }
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    expect(() => parser.next()).toThrow(ProtocolError);
    return { responses, error: String(error) };
  }
  return { responses, error: undefined };
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

const places = fc.array(fc.nat(), { maxLength: 20 });
const latin1 = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

/** A string and one of the ways in which a server may write it. */
const written = fc
  .tuple(
    fc.oneof(latin1, fc.stringMatching(/^[!-~]{1,20}$/)),
    fc.constantFrom('atom', 'quoted', 'literal', 'literal+'),
  )
  .map(([value, form]) => ({ value, bytes: write(value, form) }));

function write(value: string, form: string): string {
  const plain = /^[^\0-\x20"(){\x7f\\]+$/.test(value);
  if (form === 'atom' && plain) return value;
  if (form === 'quoted' && !/[\r\n]/.test(value)) return `"${value.replace(/["\\]/g, '\\$&')}"`;
  return `{${value.length}${form === 'literal+' ? '+' : ''}}\r\n${value}`;
}

const listed = fc.tuple(written, fc.constantFrom('/', '.')).map(([mailbox, separator]) => ({
  bytes: `* LIST (\\HasNoChildren) "${separator}" ${mailbox.bytes}\r\n`,
  response: {
    kind: 'list',
    attributes: ['\\HasNoChildren'],
    separator,
    mailbox: mailbox.value,
  },
}));
const rooted = fc.array(written, { minLength: 1, maxLength: 4 }).map((names) => ({
  bytes: `* QUOTAROOT ${names.map(({ bytes }) => bytes).join(' ')}\r\n`,
  response: {
    kind: 'quotaroot',
    mailbox: names[0]?.value ?? '',
    roots: names.slice(1).map(({ value }) => value),
  },
}));

/** Bytes that look like responses for a while: what pure noise hardly ever does. */
const nearlyResponses = fc
  .array(
    fc.oneof(
      listed.map(({ bytes }) => bytes),
      rooted.map(({ bytes }) => bytes),
      fc.constantFrom(
        '* ',
        'a1 OK ',
        '\r\n',
        '\n',
        '{3}\r\n',
        '{99999}\r\n',
        '(',
        ')',
        '"',
        '\\',
        ' ',
        'NIL',
      ),
      fc.constantFrom(
        '* QUOTA a (STORAGE 1 2)\r\n',
        '* NAMESPACE NIL NIL NIL\r\n',
        '* ACL a b c\r\n',
        '+ \r\n',
      ),
      latin1,
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

describe('ImapResponseParser', () => {
  test('what a server wrote comes out as it meant it, in whatever form and however split', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(listed, rooted), { maxLength: 8 }), places, (sent, at) => {
        const bytes = Buffer.from(sent.map((one) => one.bytes).join(''), 'latin1');
        expect(parse(cut(bytes, at))).toEqual({
          responses: sent.map((one) => one.response),
          error: undefined,
        });
      }),
    );
  });

  test('the way a stream is split changes neither what comes out nor what is wrong', () => {
    fc.assert(
      fc.property(nearlyResponses, places, (bytes, at) => {
        expect(parse(cut(bytes, at))).toEqual(parse([bytes]));
      }),
    );
  });
});

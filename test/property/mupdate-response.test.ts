import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Entries, type Place } from '../../src/cyrus/mupdate/entries.js';
import { MupdateParser } from '../../src/cyrus/mupdate/parser.js';
import type { MupdateEntry, MupdateResponse } from '../../src/cyrus/mupdate/response.js';
import { ProtocolError } from '../../src/errors.js';

type Outcome = { readonly responses: readonly MupdateResponse[]; readonly error: string | undefined };

function parse(chunks: readonly Buffer[]): Outcome {
  const parser = new MupdateParser();
  const responses: MupdateResponse[] = [];
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

/** A string and one of the ways in which a server may write it; Cyrus writes a literal. */
const written = fc
  .tuple(
    fc.oneof(latin1, fc.stringMatching(/^[!-~]{1,20}$/)),
    fc.constantFrom('atom', 'quoted', 'literal', 'literal+'),
  )
  .map(([value, form]) => ({ value, bytes: write(value, form) }));

function write(value: string, form: string): string {
  if (form === 'atom' && /^[^\0-\x20"{}\x7f\\]+$/.test(value)) return value;
  if (form === 'quoted' && !/[\r\n]/.test(value)) return `"${value.replace(/["\\]/g, '\\$&')}"`;
  return `{${value.length}${form === 'literal' ? '' : '+'}}\r\n${value}`;
}

const entry = fc.oneof(
  fc.tuple(written, written, written).map(([name, location, acl]) => ({
    bytes: `C2 MAILBOX ${name.bytes} ${location.bytes} ${acl.bytes}\r\n`,
    response: { kind: 'mailbox', tag: 'C2', name: name.value, location: location.value },
  })),
  fc.tuple(written, written).map(([name, location]) => ({
    bytes: `C2 RESERVE ${name.bytes} ${location.bytes}\r\n`,
    response: { kind: 'reserve', tag: 'C2', name: name.value, location: location.value },
  })),
  written.map((name) => ({
    bytes: `C2 DELETE ${name.bytes}\r\n`,
    response: { kind: 'delete', tag: 'C2', name: name.value },
  })),
  fc.constant({
    bytes: 'C3 OK "Noop done"\r\n',
    response: { kind: 'status', tag: 'C3', status: 'OK', text: '"Noop done"' },
  }),
);

describe('what a mupdate master says', () => {
  test('comes out as it was written, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), places, (entries, at) => {
        const bytes = Buffer.from(entries.map((each) => each.bytes).join(''), 'latin1');
        const { responses, error } = parse(cut(bytes, at));
        expect(error).toBeUndefined();
        expect(responses).toEqual(entries.map(({ response }) => response));
      }),
    );
  });

  test('is the same, or the same error, of any bytes, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          latin1,
          fc
            .array(
              fc.oneof(
                latin1,
                entry.map(({ bytes }) => bytes),
              ),
            )
            .map((all) => all.join('')),
        ),
        places,
        (text, at) => {
          const bytes = Buffer.from(text, 'latin1');
          expect(parse(cut(bytes, at))).toEqual(parse([bytes]));
        },
      ),
    );
  });
});

const NAMES = ['user.a', 'user.b', 'example.jp!user.a', 'user.a.Trash', 'DELETED.user.a.1', 'shared'];
const change: fc.Arbitrary<MupdateEntry> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...NAMES), fc.constantFrom('b1!default', 'B2!x', 'b3!'))
    .map(([name, location]) => ({
      kind: 'mailbox' as const,
      tag: 'C2',
      name,
      location,
    })),
  fc
    .constantFrom(...NAMES)
    .map((name) => ({ kind: 'reserve' as const, tag: 'C2', name, location: 'b1!default' })),
  fc.constantFrom(...NAMES).map((name) => ({ kind: 'delete' as const, tag: 'C2', name })),
);

function placeAfter(entry: MupdateEntry): Place {
  if (entry.kind === 'delete') return { kind: 'absent' };
  if (entry.kind === 'reserve' || entry.location.endsWith('!')) return { kind: 'unsettled' };
  return { kind: 'on', server: entry.location.replace(/!.*/, '').toLowerCase() };
}

describe('the list', () => {
  test('has of each INBOX what came last, and counts as many as it has', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const list = new Entries(1_000, () => undefined);
        const model = new Map<string, Place>();
        for (const each of changes) {
          list.take(each);
          if (/^(?:[^!]+!)?user\.[^.]+$/.test(each.name)) model.set(each.name, placeAfter(each));
        }
        for (const name of NAMES) expect(list.find(name)).toEqual(model.get(name) ?? { kind: 'absent' });
        const there = [...model.values()];
        expect(list.mailboxes).toBe(there.filter(({ kind }) => kind === 'on').length);
        for (const server of ['b1', 'b2'])
          expect(list.on(server)).toBe(
            there.filter((place) => place.kind === 'on' && place.server === server).length,
          );
      }),
    );
  });
});

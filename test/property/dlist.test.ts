import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_DLIST_LIMITS,
  DlistParser,
  type DlistCommand,
  type DlistValue,
} from '../../src/cyrus/events/dlist.js';
import { readEvent } from '../../src/cyrus/events/event.js';
import { ProtocolError } from '../../src/errors.js';
import { DEFAULT_ADDRESS_RULES } from '../../src/validation/recipient.js';

const LIMITS = { ...DEFAULT_DLIST_LIMITS, maxCommandBytes: 4096 };

type Outcome = { readonly commands: readonly DlistCommand[]; readonly error: string | undefined };

function parse(chunks: readonly Buffer[]): Outcome {
  const parser = new DlistParser(LIMITS);
  const commands: DlistCommand[] = [];
  try {
    for (const chunk of chunks) {
      parser.feed(chunk);
      for (let command = parser.next(); command !== undefined; command = parser.next())
        commands.push(command);
    }
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    expect(() => parser.next()).toThrow(ProtocolError);
    return { commands, error: String(error) };
  }
  return { commands, error: undefined };
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

/** As dlist_printbuf() of Cyrus does, with the choice of form made by `form`. */
function print(value: DlistValue, form: number): string {
  if (value === null) return 'NIL';
  if (typeof value === 'string') {
    const atom = value !== 'NIL' && /^[^\s()"{}%]+$/.test(value);
    if (atom && form % 3 === 0) return value;
    if (form % 3 === 1 && !/[\r\n]/.test(value)) return `"${value.replace(/["\\]/g, '\\$&')}"`;
    return `{${value.length}+}\r\n${value}`;
  }
  if (value instanceof Map) return `%(${[...value].map(([k, v]) => `${k} ${print(v, form + 1)}`).join(' ')})`;
  return Array.isArray(value) ? `(${value.map((each: DlistValue) => print(each, form + 1)).join(' ')})` : '';
}

const latin1 = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const name = fc.stringMatching(/^[A-Z]{1,8}$/);
const value = fc.letrec<{ value: DlistValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    latin1,
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .uniqueArray(fc.tuple(name, tie('value')), { maxLength: 4, selector: ([key]) => key })
      .map((e) => new Map(e)),
  ),
})).value;
const places = fc.array(fc.nat(), { maxLength: 20 });

/** Bytes that look like dlists for a while. */
const nearlyDlists = fc
  .array(
    fc.oneof(
      fc.tuple(name, value, fc.nat()).map(([n, v, form]) => `${n} ${print(v, form)}\r\n`),
      fc.constantFrom(
        'NOTIFY ',
        '%(',
        '(',
        ')',
        ' ',
        '"',
        '\\',
        '{2+}\r\n',
        '{9999',
        '\r\n',
        '\n',
        'NIL',
        '%',
      ),
      latin1,
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

describe('DlistParser', () => {
  test('what Cyrus would print comes out as it went in, however the stream is split', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value, fc.nat()), { maxLength: 5 }), places, (all, at) => {
        const texts = all.map(([n, v, form]) => `${n} ${print(v, form)}\r\n`);
        const { commands, error } = parse(cut(Buffer.from(texts.join(''), 'latin1'), at));
        expect(error).toBeUndefined();
        expect(commands).toEqual(all.map(([n, v], i) => ({ name: n, value: v, bytes: texts[i] })));
      }),
    );
  });

  test('the way a stream is split changes neither what comes out nor what is wrong', () => {
    fc.assert(
      fc.property(nearlyDlists, places, (bytes, at) => {
        const whole = parse([bytes]);
        expect(parse(cut(bytes, at))).toEqual(whole);
        expect(parse(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  test('the bytes of all commands, joined, are how the input began', () => {
    fc.assert(
      fc.property(nearlyDlists, (bytes) => {
        const again = parse([bytes])
          .commands.map((command) => command.bytes)
          .join('');
        expect(bytes.toString('latin1').startsWith(again)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

const EVENTS = ['MailboxCreate', 'MailboxDelete', 'MailboxRename', 'QuotaChange', 'QuotaWithin', 'AclChange'];

const json = fc.oneof(
  fc.json(),
  fc
    .record(
      {
        event: fc.constantFrom(...EVENTS, 'QuotaExceed', 'Login', 'MessageNew', 'Unheard', '__proto__'),
        uri: fc.oneof(
          fc.string(),
          fc.webPath().map((path) => `imap://mail.rig.test${path}`),
          fc.constantFrom(
            'imap://h/user/a%40b',
            'imap://h/user.a%5Eb%40c;UIDVALIDITY=1',
            'imap://h/user',
            'imap:',
          ),
        ),
        oldMailboxID: fc.oneof(fc.string(), fc.constant('imap://h/user/old%40b'), fc.constant(7)),
      },
      { requiredKeys: [] },
    )
    .map((fields) => JSON.stringify(fields)),
);

describe('readEvent', () => {
  test('never throws, and each change names a mailbox of a user, or is no user’s, or is doubted', () => {
    fc.assert(
      fc.property(fc.oneof(json, latin1), fc.boolean(), (message, virtualDomains) => {
        const notified = new Map<string, DlistValue>([
          ['CLASS', 'EVENT'],
          ['MESSAGE', message],
        ]);
        const event = readEvent(
          { name: 'NOTIFY', value: notified, bytes: '' },
          { ...DEFAULT_ADDRESS_RULES, virtualDomains },
        );
        if (event.kind === 'other') expect(event.foreign).toBe(false);
        if (event.kind !== 'changed' && event.kind !== 'overquota') return;
        expect([...EVENTS, 'QuotaExceed']).toContain(event.event);
        for (const mailbox of event.mailboxes) {
          expect(mailbox).not.toBe('');
          expect(mailbox).toBe(mailbox.toLowerCase());
          expect(mailbox).not.toContain('^');
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('whatever class and command is not Cyrus’ own is foreign and forgets nothing', () => {
    fc.assert(
      fc.property(fc.string(), latin1, (eventClass, message) => {
        const value = new Map<string, DlistValue>([
          ['CLASS', eventClass],
          ['MESSAGE', message],
        ]);
        const { kind } = readEvent({ name: 'NOTIFY', value, bytes: '' }, DEFAULT_ADDRESS_RULES);
        if (eventClass !== 'EVENT') expect(kind).toBe('other');
      }),
    );
  });
});

// What real Cyrus servers pushed while an administrator made, renamed and deleted mailboxes, byte for byte.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DlistParser, type DlistCommand } from '../../../../src/cyrus/events/dlist.js';
import { readEvent, type MailboxEvent } from '../../../../src/cyrus/events/event.js';
import { DEFAULT_ADDRESS_RULES } from '../../../../src/validation/recipient.js';

const RULES = { ...DEFAULT_ADDRESS_RULES, postUser: 'post', defaultDomain: 'rig.test' };

/** With LF in the file, CR LF on the wire. */
function pushed(name: string): string {
  const file = new URL(`../../../fixtures/events/${name}.txt`, import.meta.url);
  return readFileSync(file, 'latin1').replaceAll('\n', '\r\n');
}

function parse(...chunks: readonly string[]): DlistCommand[] {
  const parser = new DlistParser();
  const commands: DlistCommand[] = [];
  for (const chunk of chunks) {
    parser.feed(Buffer.from(chunk, 'latin1'));
    for (let command = parser.next(); command !== undefined; command = parser.next()) commands.push(command);
  }
  expect(parser.pending).toBe(false);
  return commands;
}

function changes(events: readonly MailboxEvent[], name: string): (readonly string[])[] {
  return events.flatMap((event) =>
    event.kind === 'changed' && event.event === name ? [event.mailboxes] : [],
  );
}

describe.each(['cyrus-3.2.6', 'cyrus-3.6.1', 'cyrus-3.6.1-dots', 'cyrus-3.10.2', 'cyrus-3.12.4'])(
  '%s',
  (name) => {
    const bytes = pushed(name);
    const commands = parse(bytes);
    const events = commands.map((command) => readEvent(command, RULES));

    test('is read whole and byte by byte alike, and could be handed on as it came', () => {
      expect(commands).toHaveLength(bytes.split('NOTIFY %(').length - 1);
      expect(commands.map((command) => command.bytes).join('')).toBe(bytes);
      expect(parse(...bytes)).toEqual(commands);
    });

    test('is understood, all of it', () => {
      expect(events.filter(({ kind }) => kind === 'doubtful')).toEqual([]);
      expect(events.filter((event) => event.kind === 'other' && event.foreign)).toEqual([]);
    });

    test('names each user whose INBOX was made, in a domain and in the default one', () => {
      const made = changes(events, 'MailboxCreate').flat();
      expect(made).toContain('alice@example.jp');
      expect(made).toContain('first.last@example.jp');
      expect(made).toContain('bob');
    });

    test('says nothing of a delivery that would be forgotten for', () => {
      const modseq = events.filter(({ event }) => event === 'MailboxModseq');
      expect(modseq.length).toBeGreaterThan(0);
      expect(modseq.every(({ kind }) => kind === 'other')).toBe(true);
    });
  },
);

describe.each(['cyrus-3.2.6', 'cyrus-3.6.1', 'cyrus-3.6.1-dots', 'cyrus-3.12.4'])('%s', (name) => {
  const events = parse(pushed(name)).map((command) => readEvent(command, RULES));

  test('names the old and the new owner of a renamed mailbox', () => {
    const [bob, first] = changes(events, 'MailboxRename');
    expect(bob).toEqual(expect.arrayContaining(['bob', 'robert']));
    expect(first).toEqual(expect.arrayContaining(['first.last@example.jp', 'second.last@example.jp']));
  });

  test('names the owner of a deleted mailbox, not where it was moved to', () => {
    const [alice, robert] = changes(events, 'MailboxDelete');
    expect(alice).toContain('alice@example.jp');
    expect(robert).toContain('robert');
  });
});

test.each(['cyrus-3.2.6', 'cyrus-3.6.1', 'cyrus-3.10.2', 'cyrus-3.12.4'])(
  '%s names whose quota was set',
  (name) => {
    const events = parse(pushed(name)).map((command) => readEvent(command, RULES));
    const changed = changes(events, 'QuotaChange').flat();
    expect(changed).toContain('alice@example.jp');
    expect(changed).toContain('bob');
  },
);

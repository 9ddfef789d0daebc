import { beforeEach, describe, expect, test } from 'vitest';
import { inboxPattern, type MailboxName, type Separator } from '../../../src/cyrus/mailbox-name.js';
import { SnapshotReader, type ListingSession } from '../../../src/cyrus/snapshot-reader.js';
import { UnavailableError } from '../../../src/errors.js';

class TableSession implements ListingSession {
  readonly separator: Separator = '/';
  botched = false;
  closed = false;
  readonly asked: string[] = [];
  mailboxes: string[] = ['a@example.jp', 'b@example.net'];
  failure: Error | undefined;

  list(pattern: MailboxName, take: (mailbox: string) => void): Promise<void> {
    this.asked.push(pattern);
    for (const mailbox of this.mailboxes) take(mailbox);
    return this.failure === undefined ? Promise.resolve() : Promise.reject(this.failure);
  }

  close(): void {
    this.closed = true;
  }
}

let sessions: TableSession[];
let taken: string[];

beforeEach(() => {
  sessions = [];
  taken = [];
});

function newReader(keep = true): SnapshotReader {
  return new SnapshotReader({
    open: () => {
      const session = new TableSession();
      sessions.push(session);
      return Promise.resolve(session);
    },
    patterns: (separator) => [inboxPattern('example.jp', separator), inboxPattern(undefined, separator)],
    covers: (mailbox) => mailbox.endsWith('@example.jp'),
    keep,
  });
}

function read(reader: SnapshotReader): Promise<void> {
  return reader.read((mailbox) => taken.push(mailbox));
}

describe('reading', () => {
  test('asks for each pattern, and takes what is covered', async () => {
    await read(newReader());
    expect(sessions[0]?.asked).toEqual(['user/%@example.jp', 'user/%']);
    expect(taken).toEqual(['a@example.jp', 'a@example.jp']);
  });

  test('again and again needs one login', async () => {
    const reader = newReader();
    for (let i = 0; i < 3; i++) await read(reader);
    expect(sessions).toHaveLength(1);
    expect(sessions[0]?.closed).toBe(false);
  });

  test('leaves no session that would be closed by imapd', async () => {
    const reader = newReader(false);
    await read(reader);
    await read(reader);
    expect(sessions.map(({ closed }) => closed)).toEqual([true, true]);
  });

  test('takes a new session where Cyrus has ended the old one', async () => {
    const reader = newReader();
    await read(reader);
    for (const session of sessions) session.botched = true;
    await read(reader);
    expect(sessions.map(({ closed }) => closed)).toEqual([true, false]);
  });

  test('that fails ends the session, and what follows it is not asked', async () => {
    const reader = newReader();
    await read(reader);
    for (const session of sessions) session.failure = new UnavailableError('connection closed by the peer');
    await expect(read(reader)).rejects.toThrow('connection closed by the peer');
    expect(sessions[0]?.asked).toHaveLength(3);
    expect(sessions[0]?.closed).toBe(true);
    await read(reader);
    expect(sessions).toHaveLength(2);
  });
});

describe('the end', () => {
  test('closes the session', async () => {
    const reader = newReader();
    await read(reader);
    reader.close();
    expect(sessions[0]?.closed).toBe(true);
  });

  test('closes one that comes after it', async () => {
    const reader = newReader();
    const reading = read(reader);
    reader.close();
    await expect(reading).rejects.toThrow(UnavailableError);
    expect(sessions[0]?.closed).toBe(true);
    expect(taken).toEqual([]);
  });
});

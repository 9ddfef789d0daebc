import { beforeEach, describe, expect, test } from 'vitest';
import { inboxPattern, type MailboxName, type Separator } from '../../../src/cyrus/mailbox-name.js';
import { SnapshotReader, type ListingSession } from '../../../src/snapshots/reader.js';
import { LoginError, UnavailableError } from '../../../src/errors.js';

class TableSession implements ListingSession {
  readonly separator: Separator = '/';
  botched = false;
  closed = false;
  readonly asked: string[] = [];
  readonly within: number[] = [];
  takesMs = 0;
  mailboxes: string[] = ['a@example.jp', 'b@example.net'];
  failure: Error | undefined;

  list(pattern: MailboxName, take: (mailbox: string) => void, withinMs: number): Promise<void> {
    this.asked.push(pattern);
    this.within.push(withinMs);
    time += this.takesMs;
    for (const mailbox of this.mailboxes) take(mailbox);
    return this.failure === undefined ? Promise.resolve() : Promise.reject(this.failure);
  }

  close(): void {
    this.closed = true;
  }
}

let sessions: TableSession[];
let taken: string[];
let time: number;
let refusal: Error | undefined;

beforeEach(() => {
  sessions = [];
  taken = [];
  time = 0;
  refusal = undefined;
});

function newReader(keep = true): SnapshotReader {
  return new SnapshotReader({
    open: () => {
      if (refusal !== undefined) return Promise.reject(refusal);
      const session = new TableSession();
      sessions.push(session);
      return Promise.resolve(session);
    },
    patterns: (separator) => [inboxPattern('example.jp', separator), inboxPattern(undefined, separator)],
    covers: (mailbox) => mailbox.endsWith('@example.jp'),
    keep,
    listTimeoutMs: 900_000,
    loginBackoffMs: 300_000,
    now: () => time,
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

describe('a list that takes long', () => {
  test('has one time for all its patterns', async () => {
    const reader = newReader();
    await read(reader);
    const [session] = sessions;
    if (session === undefined) throw new Error('no session');
    expect(session.within).toEqual([900_000, 900_000]);
    session.takesMs = 600_000;
    await read(reader);
    expect(session.within.slice(2)).toEqual([900_000, 300_000]);
  });

  test('is given up, with its session', async () => {
    const reader = newReader();
    await read(reader);
    const [session] = sessions;
    if (session === undefined) throw new Error('no session');
    session.takesMs = 900_000;
    await expect(read(reader)).rejects.toThrow('the list took longer than 900000 ms');
    expect([session.asked.length, session.closed]).toEqual([3, true]);
  });
});

describe('a login that is refused', () => {
  test('is tried again only after the pause', async () => {
    const reader = newReader();
    refusal = new LoginError('imapd refused the login');
    await expect(read(reader)).rejects.toThrow('imapd refused the login');
    refusal = undefined;
    time = 299_999;
    await expect(read(reader)).rejects.toThrow('imapd refused the login');
    expect(sessions).toHaveLength(0);
    time = 300_000;
    await read(reader);
    expect(sessions).toHaveLength(1);
  });

  test('is not what it is when nobody listens', async () => {
    const reader = newReader();
    refusal = new UnavailableError('no connection');
    await expect(read(reader)).rejects.toThrow('no connection');
    refusal = undefined;
    await read(reader);
    expect(sessions).toHaveLength(1);
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

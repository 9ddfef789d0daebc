// Lists the mailboxes of some domains over IMAP, in a session of its own, since a long list would hold up questions. The session is
// kept between two lists, because each login takes a reader slot of sasldb that imapd does not give back. No I/O of its own.
import { DeadlineError, LoginError, UnavailableError } from '../errors.js';
import type { MailboxName, Separator } from '../cyrus/mailbox-name.js';

/** The part of an ImapSession that is needed here. */
export interface ListingSession {
  readonly botched: boolean;
  readonly separator: Separator;
  list(pattern: MailboxName, take: (mailbox: string) => void, withinMs: number): Promise<void>;
  close(): void;
}

export type SnapshotReaderOptions = {
  readonly open: () => Promise<ListingSession>;
  readonly patterns: (separator: Separator) => readonly MailboxName[];
  readonly covers: (mailbox: string) => boolean;
  /** Whether to keep the session until the next list: only if imapd allows it to be idle so long, by default 32 minutes. */
  readonly keep: boolean;
  /** For the lists of all patterns together. */
  readonly listTimeoutMs: number;
  /** How long we wait after a refused login, since trying again may lock the account. */
  readonly loginBackoffMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
};

export class SnapshotReader {
  readonly #options: SnapshotReaderOptions;
  #session: ListingSession | undefined;
  #refused: { readonly error: LoginError; readonly until: number } | undefined;
  #closed = false;

  constructor(options: SnapshotReaderOptions) {
    this.#options = options;
  }

  /** Reads the list; one call at a time. @throws what the session throws: then the list is not complete */
  async read(take: (mailbox: string) => void): Promise<void> {
    const { patterns, covers, keep, listTimeoutMs, now } = this.#options;
    const session = await this.#acquire();
    const covered = (mailbox: string): void => {
      if (covers(mailbox)) take(mailbox);
    };
    const end = now() + listTimeoutMs;
    try {
      for (const pattern of patterns(session.separator)) {
        const leftMs = Math.round(end - now());
        if (leftMs <= 0) throw new DeadlineError(`the list took longer than ${listTimeoutMs} ms`);
        await session.list(pattern, covered, leftMs);
      }
    } catch (error) {
      this.#drop();
      throw error;
    }
    if (!keep || this.#closed) this.#drop();
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  async #acquire(): Promise<ListingSession> {
    if (this.#session?.botched === true) this.#drop();
    const session = this.#session ?? (await this.#open());
    this.#session = session;
    if (!this.#closed) return session;
    this.#drop();
    throw new UnavailableError('the reader is closed');
  }

  async #open(): Promise<ListingSession> {
    const { open, now, loginBackoffMs } = this.#options;
    if (this.#refused !== undefined && now() < this.#refused.until) throw this.#refused.error;
    try {
      return await open();
    } catch (error) {
      if (error instanceof LoginError) this.#refused = { error, until: now() + loginBackoffMs };
      throw error;
    }
  }

  #drop(): void {
    this.#session?.close();
    this.#session = undefined;
  }
}

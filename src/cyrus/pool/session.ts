// One conversation with Cyrus that answers batches of recipients, whatever protocol it is held in. LMTP and
// IMAP each implement it; the pool opens, feeds and closes them. No I/O here.
import type { Recipient } from '../../validation/recipient.js';
import type { Verdict } from '../../validation/verdict.js';

/**
 * How long a session waits for Cyrus' answers: far longer than whoever asked. A session that is closed leaves its lmtpd where
 * it hangs; one that waits is in step again once that goes on.
 */
export const SESSION_PATIENCE_MS = 600_000;

/** Is told what comes of a batch before it is at its end. */
export interface Progress {
  /** Something was answered. */
  heard(): void;
  /**
   * A verdict that no witness is needed for, and that no mail is refused for.
   * @param index of the recipient in the batch
   */
  early(index: number, verdict: Verdict): void;
}

export interface Session {
  /**
   * Asks about all recipients at once, pipelined, with the witness behind any unknown.
   * One call at a time. Whatever it throws, the session is out of step and must be closed.
   * @returns a verdict for each recipient, in the same order, those that were told early as well
   */
  ask(batch: readonly Recipient[], progress: Progress): Promise<readonly Verdict[]>;

  /** Whether the peer has closed it, or sent what nobody asked for, since the last answer. */
  readonly botched: boolean;

  /** SMTPUTF8 among its capabilities. */
  readonly acceptsEightBit: boolean;

  /** Ends it politely where it is idle and in step, else at once. Never throws. */
  close(): void;
}

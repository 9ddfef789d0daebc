// The interface of one conversation with Cyrus in which batches of recipients are asked about, whatever the protocol. LMTP and IMAP
// each implement it; the pool opens sessions, asks them and closes them. No I/O here.
import type { Recipient } from '../../validation/recipient.js';
import type { Verdict } from '../../validation/verdict.js';

/**
 * How long a session waits for Cyrus, in milliseconds: far longer than those who asked. If we closed it, its lmtpd would hang on
 * all the same; a session that waits can be used again as soon as lmtpd goes on.
 */
export const SESSION_PATIENCE_MS = 600_000;

/** What a session tells of a batch before all answers are there. */
export interface Progress {
  /** Cyrus has answered something. */
  heard(): void;
  /**
   * A verdict that is certain, and needs no witness, since no mail is refused for it.
   * @param index of the recipient in the batch
   */
  early(index: number, verdict: Verdict): void;
  /** There is such a verdict, but only the end of the batch proves that the reply belongs to this recipient. */
  unproven(index: number): void;
}

export interface Session {
  /**
   * Asks about all recipients at once, pipelined; an "unknown" is returned only with its witness.
   * One call at a time. If it throws anything, the session is out of step and must be closed.
   * @returns a verdict for each recipient, in the same order, the early ones included
   */
  ask(batch: readonly Recipient[], progress: Progress): Promise<readonly Verdict[]>;

  /** Whether since the last answer the peer has closed the session, or sent something that nobody asked for. */
  readonly botched: boolean;

  /** Whether SMTPUTF8 is among the server's capabilities. */
  readonly acceptsEightBit: boolean;

  /** Ends the session: politely where it is idle and in step, otherwise at once. Never throws. */
  close(): void;
}

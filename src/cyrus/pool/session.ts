// One conversation with Cyrus that answers batches of recipients, whatever protocol it is held in. LMTP and
// IMAP each implement it; the pool opens, feeds and closes them. No I/O here.
import type { Recipient } from '../../validation/recipient.js';
import type { Verdict } from '../../validation/verdict.js';

export interface Session {
  /**
   * Asks about all recipients at once, pipelined, with the witness behind any unknown.
   * One call at a time. Whatever it throws, the session is out of step and must be closed.
   * @returns a verdict for each recipient, in the same order
   */
  ask(batch: readonly Recipient[]): Promise<readonly Verdict[]>;

  /** Whether the peer has closed it, or sent what nobody asked for, since the last answer. */
  readonly botched: boolean;

  /** SMTPUTF8 among its capabilities. */
  readonly acceptsEightBit: boolean;

  /** Ends it politely where it is idle and in step, else at once. Never throws. */
  close(): void;
}

// What was seen of one Cyrus, as its tests hand it to the reporter: beside the result of one of them. No I/O.
import type { Verdict } from '../../src/validation/verdict.js';
import type { Suite } from '../containers/cyrus.js';
import type { Setup } from '../containers/setup.js';
import type { Offers } from './offers.js';

export type Seen = {
  readonly suite: Suite;
  readonly setup: Setup;
  readonly offers: Offers;
  /** In the order of the verdict table. */
  readonly observations: readonly Observation[];
  readonly listed: readonly Listed[];
};

export type Observation = {
  readonly key: string;
  readonly why: string;
  readonly lmtp: Verdict;
  readonly imap: Verdict;
  /** The same with a configuration that says nothing about Cyrus' own. */
  readonly plainLmtp: Verdict;
  readonly plainImap: Verdict;
  /** Its reply, or NO_REPLY. */
  readonly smmapd: string;
  /** The last line of lmtpd's reply to RCPT. */
  readonly rcpt: string;
  /** The mailboxes that the message went to. */
  readonly where: readonly string[];
};

/** A mailbox that a snapshot lists, and lmtpd's reply to it. */
export type Listed = Pick<Observation, 'rcpt'> & { readonly mailbox: string };

export const NO_REPLY = 'no reply';

declare module 'vitest' {
  interface TaskMeta {
    matrix?: Seen;
  }
}

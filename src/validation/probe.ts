// The interface of everything that can be asked about mailboxes: LMTP, IMAP or a list. No I/O here.
import type { Recipient } from './recipient.js';
import type { Verdict } from './verdict.js';

/** Who is asked about a domain. Where the configuration names nobody: `foreign` if its list is complete, else `unserved`. */
export type Route = (domain: string | undefined) => Probe | 'unserved' | 'foreign';

/** Who asks: a connection of a mail server. It is compared by identity, so that no connection can crowd out the others. */
export interface Asker {
  /** Whether the connection was closed: then nobody waits there for an answer any more. */
  readonly gone: boolean;
  /** The number of the connection, counted from the start of the server, for the log. */
  readonly number?: number;
}

/** What was said, and who said it: where several servers share a domain, the one that has the mailbox. */
export type Found = { readonly verdict: Verdict; readonly by: Probe };

export interface Probe {
  /** The back-channel's name in the configuration, for the log. */
  readonly name: string;

  /**
   * Asks about one recipient. What Cyrus said comes back as a verdict, `unknown` only with the witness
   * behind it. A question whose deadline passes before it could be written is dropped.
   * @param deadline absolute, in milliseconds of the same monotonic clock that the back-channel was given
   * @param asker undefined for a question of our own, in the background
   * @throws UnavailableError, DeadlineError or ProtocolError where Cyrus could not be asked
   */
  check(recipient: Recipient, deadline: number, asker?: Asker): Promise<Verdict>;

  /**
   * As `check`, where several servers share a domain.
   * @param home the one that had the mailbox last, which is asked first
   */
  search?(recipient: Recipient, deadline: number, asker?: Asker, home?: Probe): Promise<Found>;

  /** The servers, where this probe asks several that share a domain. */
  readonly members?: readonly Probe[];

  /** Whether a local part with 8-bit bytes could exist there (SMTPUTF8, RFC 6531). Where it could not, lmtpd only refuses it. */
  readonly acceptsEightBit: boolean;

  /** Whether it can be asked with 8-bit bytes: only lmtpd can make use of them. */
  readonly asksEightBit?: boolean;

  /** Whether it can be asked about the folder that a detail names; lmtpd takes any detail. */
  readonly seesFolders?: boolean;

  /** Whether Cyrus counts the size of the coming message against the quota, and can be asked with it: see withMessage(). */
  readonly judgesSize?: boolean;

  /** Takes no more questions, lets those under way be answered, then closes. */
  drain(): Promise<void>;

  /** Closes every connection; questions still waiting are rejected with UnavailableError. */
  close(): Promise<void>;
}

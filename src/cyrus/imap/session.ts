// Asks imapd (RFC 3501) as an administrator: one login, then all commands of a batch in one write. Lists all mailboxes for a
// snapshot. What is asked about one recipient is inquiry.ts's.
import { UnavailableError } from '../../errors.js';
import type { AddressRules, Recipient } from '../../validation/recipient.js';
import { evidenceAdder, type Verdict } from '../../validation/verdict.js';
import type { Witness } from '../witness/witness.js';
import { Connection } from '../wire/connection.js';
import { Trace, type TraceLine } from '../wire/trace.js';
import { describeAnswer, type ImapAnswer } from './answer.js';
import { list } from './command.js';
import { ImapDialogue } from './dialogue.js';
import { inquiryAbout } from './inquiry.js';
import { logInAsAdministrator, type ImapAccess } from './login.js';
import { ImapResponseParser } from './parser.js';
import type { ImapResponse } from './response.js';
import { listedMailbox, type MailboxName, type Separator } from '../mailbox-name.js';
import { SESSION_PATIENCE_MS, type Progress, type Session } from '../pool/session.js';
import { WitnessedAsk } from '../witness/witnessed-ask.js';

export type ImapOptions = ImapAccess & {
  readonly rules: AddressRules;
  readonly witness: Witness;
  /** As `lmtp_strict_quota`. */
  readonly strictQuota: boolean;
  /** For the connection and then for the greeting. */
  readonly connectTimeoutMs: number;
  /** For all answers of a batch, and for each step of the login; while a list is read, for silence. */
  readonly replyTimeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly trace?: TraceLine;
};

export class ImapSession implements Session {
  readonly #connection: Connection<ImapResponse>;
  readonly #imapd: ImapDialogue;
  readonly #options: ImapOptions;
  readonly #asker: WitnessedAsk;
  /** How this Cyrus divides names. */
  readonly separator: Separator;
  /** lmtpd takes no address with 8-bit bytes. */
  readonly acceptsEightBit = false;

  private constructor(
    connection: Connection<ImapResponse>,
    imapd: ImapDialogue,
    options: ImapOptions,
    separator: Separator,
  ) {
    this.#connection = connection;
    this.#imapd = imapd;
    this.#options = options;
    this.separator = separator;
    const { witness, now } = options;
    this.#asker = new WitnessedAsk(witness, (recipients, told) => this.#verdicts(recipients, told), now);
  }

  /**
   * Connects, logs in, and makes sure that an administrator did.
   * @throws LoginError where he is none or is not let in, UnavailableError, DeadlineError, ProtocolError
   */
  static async open(options: ImapOptions): Promise<ImapSession> {
    const trace = new Trace(options.trace);
    const parser = new ImapResponseParser((text) => trace.received(text, '+ '));
    const connection = await Connection.open(options.endpoint, parser, options.connectTimeoutMs);
    try {
      const imapd = new ImapDialogue(connection, trace);
      const separator = await logInAsAdministrator(connection, imapd, trace, options);
      return new ImapSession(connection, imapd, options, separator);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  get botched(): boolean {
    return this.#connection.botched;
  }

  ask(batch: readonly Recipient[], progress: Progress): Promise<readonly Verdict[]> {
    return this.#asker.ask(batch, progress);
  }

  /**
   * Lists mailboxes that an address leads to. Whatever it throws, the session must be closed, and the list is not whole.
   * @param pattern such as inboxPattern() makes
   * @param take is given each, as the cache keeps it, at once as it comes
   * @param withinMs for the whole; a list that has no end must not be read for ever
   */
  async list(pattern: MailboxName, take: (mailbox: string) => void, withinMs: number): Promise<void> {
    const { rules, replyTimeoutMs } = this.#options;
    const command = list(pattern);
    const answer = await this.#imapd.stream(
      command,
      (response) => {
        if (response.kind !== 'list' || response.attributes.some(isNoMailbox)) return;
        const mailbox = listedMailbox(response.mailbox, this.separator, rules);
        if (mailbox !== undefined) take(mailbox);
      },
      { silenceMs: replyTimeoutMs, totalMs: withinMs },
    );
    if (answer.status !== 'OK')
      throw new UnavailableError(`imapd answered ${command} with ${describeAnswer(answer)}`);
  }

  close(): void {
    this.#connection.close('bye LOGOUT\r\n');
  }

  async #verdicts(
    recipients: readonly Recipient[],
    told: (index: number, verdict: Verdict) => void,
  ): Promise<Verdict[]> {
    const { rules, strictQuota } = this.#options;
    const context = { separator: this.separator, rules, strictQuota };
    const inquiries = recipients.map((recipient) => inquiryAbout(recipient, context));
    const commands = inquiries.flatMap((inquiry) => inquiry.commands);
    const { sessionId } = this.#imapd;
    const withSession = sessionId === undefined ? undefined : evidenceAdder({ session: sessionId });
    const verdicts: Verdict[] = [];
    let judged = 0;
    /** Judges those whose answers have all come. */
    const judge = (answers: readonly ImapAnswer[]): void => {
      for (
        let inquiry = inquiries[verdicts.length];
        inquiry !== undefined;
        inquiry = inquiries[verdicts.length]
      ) {
        const end = judged + inquiry.commands.length;
        if (answers.length < end) return;
        const judgement = inquiry.judge(answers.slice(judged, end));
        const verdict = withSession === undefined ? judgement : withSession(judgement);
        judged = end;
        told(verdicts.length, verdict);
        verdicts.push(verdict);
      }
    };
    if (commands.length === 0) judge([]);
    else await this.#imapd.ask(commands, SESSION_PATIENCE_MS, judge);
    return verdicts;
  }
}

/** A level of the hierarchy at which there is no mailbox, or none any more. */
function isNoMailbox(attribute: string): boolean {
  return /^\\(?:Noselect|NonExistent)$/i.test(attribute);
}

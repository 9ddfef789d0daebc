// Asks imapd (RFC 3501) as an administrator: one login, then all commands of a batch in one write. It also lists all mailboxes for
// a snapshot. What is asked about one recipient stands in inquiry.ts. I/O through the connection.
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
  /** The setting `lmtp_strict_quota`. */
  readonly strictQuota: boolean;
  /** For the connection, and again for the greeting. */
  readonly connectTimeoutMs: number;
  /** For each step of the login; while a list is read, the longest silence. */
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
  /** The separator of names in this Cyrus. */
  readonly separator: Separator;
  /** Always false, since lmtpd takes no address with 8-bit bytes. */
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
   * Connects, logs in, and makes sure that the login is that of an administrator.
   * @throws LoginError where it is not, or is refused; UnavailableError, DeadlineError, ProtocolError
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
   * Lists mailboxes to which an address leads. If it throws anything, the list is not complete, and the session must be closed.
   * @param pattern a pattern as inboxPattern() makes it
   * @param take called with each mailbox as it comes, under its name in the cache
   * @param withinMs for the whole list, so that a list without end is not read for ever
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
    /** Judges each recipient for whom all answers have come. */
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

/** Whether a name of the list is only a level above others, with no mailbox of its own. */
function isNoMailbox(attribute: string): boolean {
  return /^\\(?:Noselect|NonExistent)$/i.test(attribute);
}

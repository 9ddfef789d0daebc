// Asks imapd (RFC 3501, RFC 2087) as an administrator, who can change nothing by it: one login, then GETQUOTAROOT for each
// recipient, all of a batch in one write, and GETACL too for a shared mailbox. Lists all mailboxes for a snapshot.
import { ProtocolError, UnavailableError } from '../../errors.js';
import type { AddressRules, Recipient } from '../../validation/recipient.js';
import { deferred, UNKNOWN, type Verdict } from '../../validation/verdict.js';
import type { Witness } from '../witness/witness.js';
import { Connection } from '../wire/connection.js';
import { Trace, type TraceLine } from '../wire/trace.js';
import { getAcl, getQuotaRoot, list } from './command.js';
import { ImapDialogue } from './dialogue.js';
import { logInAsAdministrator, type ImapAccess } from './login.js';
import { ImapResponseParser } from './parser.js';
import type { ImapResponse } from './response.js';
import { describeAnswer, postingVerdict, quotaVerdict, type ImapAnswer } from './verdict.js';
import { listedMailbox, mailboxNameOf, type MailboxName, type Separator } from '../mailbox-name.js';
import type { Session } from '../pool/session.js';
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

/** What is asked about one recipient, and what its answers mean. */
type Question = {
  readonly commands: readonly string[];
  readonly judge: (answers: readonly ImapAnswer[]) => Verdict;
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
    this.#asker = new WitnessedAsk(options.witness, (recipients) => this.#verdicts(recipients), options.now);
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

  ask(batch: readonly Recipient[]): Promise<readonly Verdict[]> {
    return this.#asker.ask(batch);
  }

  /**
   * Lists mailboxes that an address leads to. Whatever it throws, the session must be closed, and the list is not whole.
   * @param pattern such as inboxPattern() makes
   * @param take is given each, as the cache keeps it, at once as it comes
   */
  async list(pattern: MailboxName, take: (mailbox: string) => void): Promise<void> {
    const { rules, replyTimeoutMs } = this.#options;
    const command = list(pattern);
    const answer = await this.#imapd.stream(
      command,
      (response) => {
        if (response.kind !== 'list' || response.attributes.some(isNoMailbox)) return;
        const mailbox = listedMailbox(response.mailbox, this.separator, rules);
        if (mailbox !== undefined) take(mailbox);
      },
      replyTimeoutMs,
    );
    if (answer.status !== 'OK')
      throw new UnavailableError(`imapd answered ${command} with ${describeAnswer(answer)}`);
  }

  close(): void {
    this.#connection.close('bye LOGOUT\r\n');
  }

  async #verdicts(recipients: readonly Recipient[]): Promise<Verdict[]> {
    const questions = recipients.map((recipient) => this.#question(recipient));
    const commands = questions.flatMap((question) => question.commands);
    const answers =
      commands.length === 0 ? [] : await this.#imapd.ask(commands, this.#options.replyTimeoutMs);
    return questions.map((question) => question.judge(answers.splice(0, question.commands.length)));
  }

  #question(recipient: Recipient): Question {
    const { rules, strictQuota } = this.#options;
    const name = mailboxNameOf(recipient, this.separator, rules);
    const posts = recipient.shared && recipient.local === rules.postUser;
    if (recipient.shared && !posts && recipient.local !== '') return this.#doubtful(recipient, name);
    // mailbox-name.ts: there can be no such mailbox, and lmtpd refuses the address whatever exists.
    if (name === undefined) return unasked(UNKNOWN);
    if (this.#isAmbiguous(name)) return unasked(AMBIGUOUS);
    if (!posts) {
      return {
        commands: [getQuotaRoot(name)],
        judge: ([quota]) => quotaVerdict(required(quota), name, strictQuota),
      };
    }
    return {
      commands: [getQuotaRoot(name), getAcl(name)],
      judge: ([quota, acl]) => {
        const exists = quotaVerdict(required(quota), name, strictQuota);
        if (exists.kind === 'unknown' || exists.kind === 'deferred') return exists;
        const posting = postingVerdict(required(acl), name);
        return posting.kind === 'deliverable' ? exists : posting;
      },
    };
  }

  /**
   * A user who does not exist, with a detail: where that names a shared mailbox, `lookup.post_user` may not be
   * what it is in Cyrus, and lmtpd would deliver.
   * @param name of the user's INBOX
   */
  #doubtful(recipient: Recipient, name: MailboxName | undefined): Question {
    const { rules, strictQuota } = this.#options;
    const asPosted = mailboxNameOf(recipient, this.separator, { ...rules, postUser: recipient.local });
    const names = [name, asPosted].filter((each) => each !== undefined);
    if (names.some((each) => this.#isAmbiguous(each))) return unasked(AMBIGUOUS);
    return {
      commands: names.map(getQuotaRoot),
      judge: (answers) => {
        const verdicts = answers.map((answer, i) => quotaVerdict(answer, names[i] ?? '', strictQuota));
        const inbox = name === undefined ? UNKNOWN : (verdicts[0] ?? UNKNOWN);
        if (inbox.kind !== 'unknown' || verdicts.every(({ kind }) => kind === 'unknown')) return inbox;
        return deferred(
          `the detail of ${recipient.address} names a shared mailbox: is post_user as in Cyrus?`,
        );
      },
    };
  }

  /** To lmtpd it is of the default domain, to imapd of the domain of the login, if that has one. */
  #isAmbiguous(name: MailboxName): boolean {
    return this.#options.rules.virtualDomains && !name.includes('@');
  }
}

const AMBIGUOUS = deferred(
  'a name without domain is asked of imapd only with lookup.default_domain, or with virtual_domains = false',
);

function unasked(verdict: Verdict): Question {
  return { commands: [], judge: () => verdict };
}

function required(answer: ImapAnswer | undefined): ImapAnswer {
  if (answer === undefined) throw new ProtocolError('imapd did not answer');
  return answer;
}

/** A level of the hierarchy at which there is no mailbox, or none any more. */
function isNoMailbox(attribute: string): boolean {
  return /^\\(?:Noselect|NonExistent)$/i.test(attribute);
}

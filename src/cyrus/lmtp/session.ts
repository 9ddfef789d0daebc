// Asks lmtpd (RFC 2033) without delivering: MAIL FROM:<>, a RCPT for each recipient, and RSET at the end, but never DATA. The size
// of a message stands in MAIL (RFC 1870), so recipients with another size need another transaction. Replies are matched to
// commands by counting; RSET has a status code of its own, which proves at the end that no reply was lost or added.
import { ProtocolError } from '../../errors.js';
import { sessionIn } from '../../validation/evidence.js';
import type { Recipient } from '../../validation/recipient.js';
import { deferred, evidenceAdder, unasked, UNKNOWN, type Verdict } from '../../validation/verdict.js';
import { SESSION_PATIENCE_MS, type Progress, type Session } from '../pool/session.js';
import { Connection } from '../wire/connection.js';
import { Trace, type TraceLine } from '../wire/trace.js';
import type { Witness } from '../witness/witness.js';
import { WitnessedAsk } from '../witness/witnessed-ask.js';
import { begin, type Capabilities, type LmtpAccess } from './begin.js';
import type { CreationCheck, Finding } from './creation-check.js';
import { expectReply, LmtpDialogue } from './dialogue.js';
import { LmtpReplyParser, type LmtpReply } from './reply.js';
import { rcptVerdict } from './rcpt-verdict.js';

export type LmtpOptions = LmtpAccess & {
  readonly witness: Witness;
  /** Undefined where the configuration accepts that a RCPT may create a mailbox. */
  readonly creationCheck: CreationCheck | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly trace?: TraceLine;
};

/** Recipients that are asked about in one transaction, all with a message of the same size. */
type Run = { readonly messageBytes: number | undefined; readonly recipients: readonly Recipient[] };

export class LmtpSession implements Session {
  readonly #connection: Connection<LmtpReply>;
  readonly #lmtpd: LmtpDialogue;
  readonly #options: LmtpOptions;
  readonly #capabilities: Capabilities;
  readonly #asker: WitnessedAsk;
  /** Each RSET is answered with a new SESSIONID. An old one shows that these replies have come before. */
  readonly #names: string[] = [];

  private constructor(
    connection: Connection<LmtpReply>,
    lmtpd: LmtpDialogue,
    options: LmtpOptions,
    capabilities: Capabilities,
  ) {
    this.#connection = connection;
    this.#lmtpd = lmtpd;
    this.#options = options;
    this.#capabilities = capabilities;
    const { witness, now } = options;
    this.#asker = new WitnessedAsk(witness, (recipients, told) => this.#verdicts(recipients, told), now);
  }

  /**
   * Connects, waits for the greeting, says LHLO, and where the options say so starts TLS and logs in.
   * @throws LoginError, UnavailableError, DeadlineError, ProtocolError
   */
  static async open(options: LmtpOptions): Promise<LmtpSession> {
    const { endpoint, connectTimeoutMs } = options;
    const connection = await Connection.open(endpoint, new LmtpReplyParser(), connectTimeoutMs);
    const trace = new Trace(options.trace);
    const lmtpd = new LmtpDialogue(connection, trace);
    try {
      const capabilities = await begin(connection, lmtpd, trace, options);
      return new LmtpSession(connection, lmtpd, options, capabilities);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  get botched(): boolean {
    return this.#connection.botched;
  }

  get acceptsEightBit(): boolean {
    return this.#capabilities.has('SMTPUTF8');
  }

  async ask(batch: readonly Recipient[], progress: Progress): Promise<readonly Verdict[]> {
    const { creationCheck } = this.#options;
    if (creationCheck === undefined) return this.#asker.ask(batch, counting(progress, itself));
    const names = creationCheck.due(batch);
    if (names.length > 0) {
      const run = { messageBytes: undefined, recipients: names };
      const replies = await this.#transaction(run, () => progress.heard());
      names.forEach((name, i) => creationCheck.learn(name, replies[i] ?? NO_REPLY));
    }
    const refused = batch.map((recipient) => whyNotAsked(creationCheck.finding(recipient)));
    if (refused.every((why) => why === undefined)) return this.#asker.ask(batch, counting(progress, itself));
    const askable = batch.filter((_, i) => refused[i] === undefined);
    const places = batch.flatMap((_, i) => (refused[i] === undefined ? [i] : []));
    const placed = counting(progress, (index) => places[index] ?? -1);
    const verdicts = askable.length === 0 ? [] : [...(await this.#asker.ask(askable, placed))];
    return refused.map((verdict) => verdict ?? verdicts.shift() ?? deferred('no verdict came'));
  }

  close(): void {
    this.#connection.close('QUIT\r\n');
  }

  async #verdicts(
    recipients: readonly Recipient[],
    told: (index: number, verdict: Verdict) => void,
  ): Promise<Verdict[]> {
    const session = this.#lmtpd.sessionId;
    const withSession = session === undefined ? undefined : evidenceAdder({ session });
    const verdicts: Verdict[] = [];
    // In a flood the parser gives the same reply many times, which is looked up once.
    let last: LmtpReply | undefined;
    let said = UNKNOWN;
    const judge = (reply: LmtpReply): void => {
      if (reply !== last) said = rcptVerdict(reply);
      last = reply;
      const verdict = withSession === undefined ? said : withSession(said);
      told(verdicts.length, verdict);
      verdicts.push(verdict);
    };
    // The order must not change, so that the witnesses stay before and after the recipients that may be unknown.
    for (const run of runsOfOneSize(recipients)) await this.#transaction(run, judge);
    return verdicts;
  }

  /** One transaction. @param told called with each reply to RCPT, as it comes */
  async #transaction(run: Run, told: (reply: LmtpReply) => void): Promise<LmtpReply[]> {
    const { recipients } = run;
    const messageBytes = this.#capabilities.has('SIZE') ? run.messageBytes : undefined;
    const commands = [mailCommand(messageBytes), ...recipients.map(rcptCommand), 'RSET'];
    const replies = await this.#lmtpd.exchange(commands, SESSION_PATIENCE_MS, (index, reply) => {
      // If lmtpd takes no message of that size at all, it refuses MAIL, and so each RCPT: those replies become "deferred".
      const mayBeRefused = messageBytes !== undefined && reply.code >= 400;
      if (index === 0 && !mayBeRefused) expectReply(reply, 250, 'MAIL', '2.1.0');
      else if (index > 0 && index < commands.length - 1) told(reply);
    });
    const { lines } = expectReply(replies.at(-1), 250, 'RSET', '2.0.0');
    this.#name(sessionIn(lines.at(-1) ?? ''));
    return replies.slice(1, -1);
  }

  /** Takes the name that lmtpd has given to the next transaction. @throws ProtocolError where an earlier one had it */
  #name(sessionId: string | undefined): void {
    this.#lmtpd.sessionId = sessionId;
    if (sessionId === undefined) return;
    if (this.#names.includes(sessionId))
      throw new ProtocolError(`lmtpd ended two transactions with the same SESSIONID ${sessionId}`);
    this.#names.push(sessionId);
    if (this.#names.length > NAMES_KEPT) this.#names.shift();
  }
}

/** The place of a recipient, where the whole batch is asked about. */
function itself(index: number): number {
  return index;
}

/** Replies are matched by counting, so none is certain before the end: one that was added shows only there. */
function counting(progress: Progress, placeOf: (index: number) => number): Progress {
  const unproven = (index: number): void => progress.unproven(placeOf(index));
  return { heard: () => progress.heard(), early: unproven, unproven };
}

/** Replies that come a second time come soon after the first. */
const NAMES_KEPT = 8;

const NO_REPLY: LmtpReply = { code: 0, enhanced: '', lines: ['no reply'] };

/** A RCPT that might create the mailbox is not sent. With a catch-all mailbox everything is deliverable, so we may ask. */
function whyNotAsked(finding: Finding | undefined): Verdict | undefined {
  switch (finding) {
    case 'clean':
    case 'catch-all':
      return undefined;
    case 'autocreate':
      return unasked('lmtpd may create the mailboxes it is asked about: autocreate_post');
    case undefined:
      return unasked('it is not known whether lmtpd creates mailboxes in this domain');
  }
}

function mailCommand(messageBytes: number | undefined): string {
  return messageBytes === undefined ? 'MAIL FROM:<>' : `MAIL FROM:<> SIZE=${messageBytes}`;
}

function runsOfOneSize(recipients: readonly Recipient[]): Run[] {
  const runs: { readonly messageBytes: number | undefined; readonly recipients: Recipient[] }[] = [];
  for (const recipient of recipients) {
    const { messageBytes } = recipient;
    const last = runs.at(-1);
    if (last !== undefined && last.messageBytes === messageBytes) last.recipients.push(recipient);
    else runs.push({ messageBytes, recipients: [recipient] });
  }
  return runs;
}

function rcptCommand(recipient: Recipient): string {
  return `RCPT TO:<${recipient.address}>`;
}

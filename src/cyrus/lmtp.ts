// Asks lmtpd (RFC 2033) without delivering: LHLO once, then MAIL FROM:<>, RCPT for each recipient, RSET for
// each batch, never DATA. All commands of a batch go out in one write (RFC 2920) and every reply is matched
// to its command by count; RSET's own code at the end proves that none was lost or added.
import { ProtocolError, UnavailableError } from '../errors.js';
import type { Endpoint } from '../endpoint.js';
import type { Recipient } from '../validation/recipient.js';
import { deferred, unasked, type Verdict } from '../validation/verdict.js';
import type { Witness } from '../validation/witness.js';
import { Connection } from './connection.js';
import type { CreationCheck, Finding } from './creation-check.js';
import { describeReply, LmtpReplyParser, type LmtpReply } from './lmtp-reply.js';
import { rcptVerdict } from './rcpt-verdict.js';
import type { Session } from './session.js';

/** Each line of a dialogue, for `check` and for the log at level trace. */
export type Trace = (direction: '>' | '<', line: string) => void;

export type LmtpOptions = {
  readonly endpoint: Endpoint;
  readonly witness: Witness;
  /** Undefined where the configuration accepts that a RCPT may create a mailbox. */
  readonly creationCheck: CreationCheck | undefined;
  /** Connection and greeting: an lmtpd beyond its maxchild accepts and stays silent. */
  readonly connectTimeoutMs: number;
  /** For all replies of a batch. */
  readonly replyTimeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Named in LHLO. */
  readonly clientName: string;
  readonly trace?: Trace;
};

export class LmtpSession implements Session {
  readonly #connection: Connection<LmtpReply>;
  readonly #options: LmtpOptions;
  #capabilities: ReadonlySet<string> = new Set();
  /** Unknowns come in floods: after one the witness is asked along with the batch, not in a second turn. */
  #expectUnknown = false;
  /** The last thing that was asked here was this mailbox, and it exists. */
  #vouched: { readonly mailbox: string; readonly at: number } | undefined;

  private constructor(connection: Connection<LmtpReply>, options: LmtpOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Connects, awaits the greeting and says LHLO. */
  static async open(options: LmtpOptions): Promise<LmtpSession> {
    const connection = await Connection.open(
      options.endpoint,
      new LmtpReplyParser(),
      options.connectTimeoutMs,
    );
    const session = new LmtpSession(connection, options);
    try {
      await session.#greet();
    } catch (error) {
      connection.close();
      throw error;
    }
    return session;
  }

  get botched(): boolean {
    return this.#connection.botched;
  }

  get acceptsEightBit(): boolean {
    return this.#capabilities.has('SMTPUTF8');
  }

  async ask(batch: readonly Recipient[]): Promise<readonly Verdict[]> {
    const { creationCheck } = this.#options;
    if (creationCheck === undefined) return this.#askAll(batch);
    const names = creationCheck.due(batch);
    if (names.length > 0) {
      const replies = await this.#transaction(names);
      names.forEach((name, i) => creationCheck.learn(name, replies[i] ?? NO_REPLY));
    }
    const refused = batch.map((recipient) => whyNotAsked(creationCheck.finding(recipient)));
    const askable = batch.filter((_, i) => refused[i] === undefined);
    const verdicts = askable.length === 0 ? [] : [...(await this.#askAll(askable))];
    return refused.map((verdict) => verdict ?? verdicts.shift() ?? deferred('no verdict came'));
  }

  async #askAll(batch: readonly Recipient[]): Promise<readonly Verdict[]> {
    const early = this.#expectUnknown ? this.#options.witness.candidate(NONE_DENIED) : undefined;
    const { verdicts, said } = await this.#round(batch, early);
    batch.forEach((recipient, i) => {
      if (verdicts[i]?.kind === 'deliverable') this.#options.witness.learn(recipient);
    });
    const denied = batch.filter((_, i) => verdicts[i]?.kind === 'unknown');
    this.#expectUnknown = denied.length > 0;
    if (denied.length === 0) return verdicts;

    const names = new Set(denied.map(({ mailbox }) => mailbox));
    if (early !== undefined && !names.has(early.mailbox)) return this.#believe(verdicts, early, said);
    const witness = this.#options.witness.candidate(names);
    if (witness === undefined) return this.#believe(verdicts, undefined, []);
    const again = await this.#round(denied, witness);
    const confirmed = verdicts.map((verdict) =>
      verdict.kind === 'unknown' ? (again.verdicts.shift() ?? deferred('no verdict came')) : verdict,
    );
    return this.#believe(confirmed, witness, again.said);
  }

  close(): void {
    this.#connection.close('QUIT\r\n');
  }

  async #greet(): Promise<void> {
    const { connectTimeoutMs, replyTimeoutMs, clientName } = this.#options;
    const [greeting] = await this.#exchange([], 1, connectTimeoutMs);
    expect(greeting, 220, 'greeting');
    const [hello] = await this.#exchange([`LHLO ${clientName}`], 1, replyTimeoutMs);
    this.#capabilities = new Set(expect(hello, 250, 'LHLO').lines.slice(1).map(capability));
  }

  /**
   * One transaction. The witness stands on both sides of the recipients: so a mailboxes.db that is moved away,
   * or back, while it runs shows in one of its replies. In a flood the end of a batch is the beginning of the next.
   */
  async #round(recipients: readonly Recipient[], witness: Recipient | undefined): Promise<Round> {
    const vouched = this.#vouched;
    this.#vouched = undefined;
    if (witness === undefined) return { verdicts: await this.#verdicts(recipients), said: [] };
    const now = this.#options.now();
    const vouchedFor = vouched?.mailbox === witness.mailbox && now - vouched.at <= VOUCHED_MS;
    const before = vouchedFor ? [] : [witness];
    const verdicts = await this.#verdicts([...before, ...recipients, witness]);
    const said = [...verdicts.splice(0, before.length), ...verdicts.splice(-1)];
    if (said.every(({ kind }) => kind === 'deliverable'))
      this.#vouched = { mailbox: witness.mailbox, at: now };
    return { verdicts, said };
  }

  /** Lets an unknown stand only where the witness, asked around it, exists. */
  #believe(
    verdicts: readonly Verdict[],
    witness: Recipient | undefined,
    said: readonly Verdict[],
  ): readonly Verdict[] {
    const doubt = this.#options.witness.judge(witness, said);
    if (doubt === undefined) return verdicts;
    return verdicts.map((verdict) => (verdict.kind === 'unknown' ? doubt : verdict));
  }

  async #verdicts(recipients: readonly Recipient[]): Promise<Verdict[]> {
    return (await this.#transaction(recipients)).map(rcptVerdict);
  }

  /** One MAIL, RCPT for each, RSET; the replies to RCPT in order. */
  async #transaction(recipients: readonly Recipient[]): Promise<LmtpReply[]> {
    const commands = ['MAIL FROM:<>', ...recipients.map(rcptCommand), 'RSET'];
    const replies = await this.#exchange(commands, commands.length, this.#options.replyTimeoutMs);
    expect(replies[0], 250, 'MAIL', '2.1.0');
    expect(replies.at(-1), 250, 'RSET', '2.0.0');
    return replies.slice(1, -1);
  }

  async #exchange(commands: readonly string[], count: number, timeoutMs: number): Promise<LmtpReply[]> {
    const { trace } = this.#options;
    if (trace !== undefined) commands.forEach((command) => trace('>', command));
    const bytes = commands.length === 0 ? '' : `${commands.join('\r\n')}\r\n`;
    const replies: LmtpReply[] = [];
    await this.#connection.converse(
      bytes,
      (reply) => {
        if (trace !== undefined) traceReply(trace, reply);
        if (reply.code === 421) throw new UnavailableError(`lmtpd said ${describeReply(reply)}`);
        replies.push(reply);
        return replies.length === count ? 'done' : 'more';
      },
      timeoutMs,
    );
    return replies;
  }
}

/** The verdicts on the recipients, and what the witness said around them. */
type Round = { readonly verdicts: Verdict[]; readonly said: readonly Verdict[] };

/** How long the end of one batch counts as the beginning of the next. */
const VOUCHED_MS = 1_000;

const NO_REPLY: LmtpReply = { code: 0, enhanced: '', lines: ['no reply'] };

/** A RCPT that might create the mailbox is not sent. Where all is deliverable, lmtpd's word for it is true. */
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

const NONE_DENIED: ReadonlySet<string> = new Set();

function rcptCommand(recipient: Recipient): string {
  return `RCPT TO:<${recipient.address}>`;
}

function capability(line: string): string {
  return (line.split(' ', 1)[0] ?? '').toUpperCase();
}

function traceReply(trace: Trace, reply: LmtpReply): void {
  const last = reply.lines.length - 1;
  reply.lines.forEach((line, i) => trace('<', `${reply.code}${i === last ? ' ' : '-'}${line}`));
}

/**
 * @throws UnavailableError where lmtpd refused the command, ProtocolError where the reply belongs to another one
 */
function expect(reply: LmtpReply | undefined, code: number, command: string, enhanced?: string): LmtpReply {
  if (reply === undefined) throw new ProtocolError(`no reply to ${command}`);
  if (reply.code >= 400) throw new UnavailableError(`lmtpd answered ${command} with ${describeReply(reply)}`);
  if (reply.code !== code || (enhanced !== undefined && reply.enhanced !== enhanced)) {
    throw new ProtocolError(
      `lmtpd answered ${command} with ${describeReply(reply)}: expected ${code} ${enhanced ?? ''}`,
    );
  }
  return reply;
}

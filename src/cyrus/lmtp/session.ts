// Asks lmtpd (RFC 2033) without delivering: LHLO once, then MAIL FROM:<>, RCPT for each recipient, RSET for
// each batch, never DATA. All commands of a batch go out in one write (RFC 2920) and every reply is matched
// to its command by count; RSET's own code at the end proves that none was lost or added.
import { isLocal, type Endpoint } from '../../net/endpoint.js';
import { ProtocolError, UnavailableError } from '../../errors.js';
import type { Recipient } from '../../validation/recipient.js';
import { deferred, unasked, type Verdict } from '../../validation/verdict.js';
import type { Witness } from '../witness/witness.js';
import type { Carrier, SaslReply } from '../sasl/exchange.js';
import type { Login } from '../sasl/log-in.js';
import { Connection } from '../wire/connection.js';
import type { CreationCheck, Finding } from './creation-check.js';
import { Trace, type TraceLine } from '../wire/trace.js';
import { describeReply, LmtpReplyParser, type LmtpReply } from './reply.js';
import { rcptVerdict } from './rcpt-verdict.js';
import type { Session } from '../pool/session.js';
import type { TlsSettings } from '../wire/tls.js';
import { WitnessedAsk } from '../witness/witnessed-ask.js';

export type LmtpOptions = {
  readonly endpoint: Endpoint;
  /** Undefined for a connection in clear. */
  readonly tls: TlsSettings | undefined;
  /** Undefined where lmtpd takes us as we come: a UNIX socket, or `lmtpd -a`. */
  readonly login: Login | undefined;
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
  readonly trace?: TraceLine;
};

export class LmtpSession implements Session {
  readonly #connection: Connection<LmtpReply>;
  readonly #options: LmtpOptions;
  readonly #trace: Trace;
  readonly #asker: WitnessedAsk;
  /** What stood behind its name. */
  #capabilities: ReadonlyMap<string, readonly string[]> = new Map();

  private constructor(connection: Connection<LmtpReply>, options: LmtpOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#trace = new Trace(options.trace);
    this.#asker = new WitnessedAsk(options.witness, (recipients) => this.#verdicts(recipients), options.now);
  }

  /**
   * Connects, awaits the greeting, says LHLO, puts TLS around it and logs in, as the options say.
   * @throws LoginError, UnavailableError, DeadlineError, ProtocolError
   */
  static async open(options: LmtpOptions): Promise<LmtpSession> {
    const connection = await Connection.open(
      options.endpoint,
      new LmtpReplyParser(),
      options.connectTimeoutMs,
    );
    const session = new LmtpSession(connection, options);
    try {
      await session.#begin();
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
    if (creationCheck === undefined) return this.#asker.ask(batch);
    const names = creationCheck.due(batch);
    if (names.length > 0) {
      const replies = await this.#transaction(names);
      names.forEach((name, i) => creationCheck.learn(name, replies[i] ?? NO_REPLY));
    }
    const refused = batch.map((recipient) => whyNotAsked(creationCheck.finding(recipient)));
    const askable = batch.filter((_, i) => refused[i] === undefined);
    const verdicts = askable.length === 0 ? [] : [...(await this.#asker.ask(askable))];
    return refused.map((verdict) => verdict ?? verdicts.shift() ?? deferred('no verdict came'));
  }

  close(): void {
    this.#connection.close('QUIT\r\n');
  }

  async #begin(): Promise<void> {
    const { connectTimeoutMs, tls, login } = this.#options;
    if (tls?.mode === 'implicit') await this.#secure(tls);
    const [greeting] = await this.#exchange([], 1, connectTimeoutMs);
    expect(greeting, 220, 'greeting');
    await this.#greet();
    if (tls?.mode === 'starttls') {
      if (!this.#capabilities.has('STARTTLS')) throw new UnavailableError('lmtpd offers no STARTTLS');
      expect(await this.#command('STARTTLS'), 220, 'STARTTLS');
      await this.#secure(tls);
      // RFC 3207 section 4.2: what was said in clear is forgotten.
      await this.#greet();
    }
    if (login !== undefined) await this.#logIn(login);
  }

  async #greet(): Promise<void> {
    const hello = await this.#command(`LHLO ${this.#options.clientName}`);
    this.#capabilities = new Map(expect(hello, 250, 'LHLO').lines.slice(1).map(capability));
  }

  async #secure(tls: TlsSettings): Promise<void> {
    this.#trace.secured(await this.#connection.secure(tls, this.#options.replyTimeoutMs));
  }

  async #logIn(login: Login): Promise<void> {
    const { logIn } = await import('../sasl/log-in.js');
    const { tls, endpoint } = this.#options;
    const offered = this.#capabilities.get('AUTH') ?? [];
    await logIn(login, offered, tls !== undefined || isLocal(endpoint), this.#carrier());
  }

  /** AUTH (RFC 4954), masked in the trace. */
  #carrier(): Carrier {
    const turn = async (line: string): Promise<SaslReply> => {
      const reply = saslReply(await this.#send(line));
      if (reply.kind !== 'challenge') this.#trace.endSecret();
      return reply;
    };
    return {
      takesInitialResponse: true,
      start: (mechanism, initialResponse) => {
        const response = initialResponse === undefined ? '' : ` ${initialResponse}`;
        this.#trace.beginSecret(`AUTH ${mechanism}${response === '' ? '' : ' ***'}`);
        return turn(`AUTH ${mechanism}${response}`);
      },
      respond: (response) => {
        this.#trace.sent(response);
        return turn(response);
      },
    };
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

  async #command(command: string): Promise<LmtpReply> {
    this.#trace.sent(command);
    return this.#send(command);
  }

  /** One line, which has been traced before. */
  async #send(line: string): Promise<LmtpReply> {
    const [reply] = await this.#converse(`${line}\r\n`, 1, this.#options.replyTimeoutMs);
    if (reply === undefined) throw new ProtocolError('no reply came');
    return reply;
  }

  async #exchange(commands: readonly string[], count: number, timeoutMs: number): Promise<LmtpReply[]> {
    for (const command of commands) this.#trace.sent(command);
    return this.#converse(commands.map((command) => `${command}\r\n`).join(''), count, timeoutMs);
  }

  async #converse(bytes: string, count: number, timeoutMs: number): Promise<LmtpReply[]> {
    const replies: LmtpReply[] = [];
    await this.#connection.converse(
      bytes,
      (reply) => {
        this.#traceReply(reply);
        if (reply.code === 421) throw new UnavailableError(`lmtpd said ${describeReply(reply)}`);
        replies.push(reply);
        return replies.length === count ? 'done' : 'more';
      },
      timeoutMs,
    );
    return replies;
  }

  #traceReply(reply: LmtpReply): void {
    if (this.#options.trace === undefined) return;
    const last = reply.lines.length - 1;
    reply.lines.forEach((line, i) =>
      this.#trace.received(`${reply.code}${i === last ? ' ' : '-'}${line}`, '334 '),
    );
  }
}

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

function rcptCommand(recipient: Recipient): string {
  return `RCPT TO:<${recipient.address}>`;
}

function capability(line: string): [string, readonly string[]] {
  const [name = '', ...parameters] = line.toUpperCase().split(' ');
  return [name, parameters];
}

/** RFC 4954 has no room for data beside a success. */
function saslReply(reply: LmtpReply): SaslReply {
  if (reply.code === 334) return { kind: 'challenge', data: reply.lines.join('') };
  if (reply.code === 235) return { kind: 'success', data: undefined };
  if (reply.code >= 400) return { kind: 'failure', text: describeReply(reply) };
  throw new ProtocolError(`lmtpd answered AUTH with ${describeReply(reply)}`);
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

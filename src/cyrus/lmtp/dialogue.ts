// Sends commands to lmtpd and reads its replies (RFC 2033). All commands go out in one write (RFC 2920), and each reply belongs to
// the oldest command that has no reply yet. This file does not know what is asked. I/O through the connection.
import { ProtocolError, UnavailableError } from '../../errors.js';
import type { Connection } from '../wire/connection.js';
import type { Trace } from '../wire/trace.js';
import { describeReply, type LmtpReply } from './reply.js';

export class LmtpDialogue {
  readonly #connection: Connection<LmtpReply>;
  readonly #trace: Trace;
  /** The SESSIONID: the reply to LHLO gives the first one, the reply to each RSET the next. */
  sessionId: string | undefined;

  constructor(connection: Connection<LmtpReply>, trace: Trace) {
    this.#connection = connection;
    this.#trace = trace;
  }

  /** Waits for the greeting of lmtpd. */
  async greeting(timeoutMs: number): Promise<LmtpReply | undefined> {
    const [reply] = await this.#converse('', 1, timeoutMs);
    return reply;
  }

  /** Sends one command. @throws ProtocolError where no reply came */
  command(command: string, timeoutMs: number): Promise<LmtpReply> {
    this.#trace.sent(command);
    return this.send(command, timeoutMs);
  }

  /** Sends one line, which the caller has put into the trace. @throws ProtocolError where no reply came */
  async send(line: string, timeoutMs: number): Promise<LmtpReply> {
    const [reply] = await this.#converse(`${line}\r\n`, 1, timeoutMs);
    // Stryker disable next-line ConditionalExpression: there is one, or #converse() has thrown. Only the type does not know that.
    if (reply === undefined) throw new ProtocolError('no reply came');
    return reply;
  }

  /**
   * Sends all commands in one write.
   * @param timeoutMs for all replies
   * @param told called with each reply as it comes
   * @returns a reply for each command, in order
   */
  exchange(
    commands: readonly string[],
    timeoutMs: number,
    told?: (index: number, reply: LmtpReply) => void,
  ): Promise<LmtpReply[]> {
    for (const command of commands) this.#trace.sent(command);
    const bytes = commands.map((command) => `${command}\r\n`).join('');
    return this.#converse(bytes, commands.length, timeoutMs, told);
  }

  async #converse(
    bytes: string,
    count: number,
    timeoutMs: number,
    told?: (index: number, reply: LmtpReply) => void,
  ): Promise<LmtpReply[]> {
    const replies: LmtpReply[] = [];
    await this.#connection.converse(
      bytes,
      (reply) => {
        this.#traceReply(reply);
        if (reply.code === 421) throw new UnavailableError(`lmtpd said ${describeReply(reply)}`);
        told?.(replies.length, reply);
        replies.push(reply);
        return replies.length === count ? 'done' : 'more';
      },
      timeoutMs,
    );
    return replies;
  }

  #traceReply(reply: LmtpReply): void {
    // Stryker disable next-line ConditionalExpression: without it the same lines are made for nobody, which takes time.
    if (!this.#trace.isOn) return;
    const last = reply.lines.length - 1;
    reply.lines.forEach((line, i) =>
      this.#trace.received(`${reply.code}${i === last ? ' ' : '-'}${line}`, '334 '),
    );
  }
}

/**
 * @param enhanced the enhanced status code that the reply must have too
 * @throws UnavailableError where lmtpd refused the command, ProtocolError where the reply is not one to this command
 */
export function expectReply(
  reply: LmtpReply | undefined,
  code: number,
  command: string,
  enhanced?: string,
): LmtpReply {
  if (reply === undefined) throw new ProtocolError(`no reply to ${command}`);
  if (reply.code >= 400) throw new UnavailableError(`lmtpd answered ${command} with ${describeReply(reply)}`);
  if (reply.code !== code || (enhanced !== undefined && reply.enhanced !== enhanced)) {
    throw new ProtocolError(
      `lmtpd answered ${command} with ${describeReply(reply)}: expected ${code} ${enhanced ?? ''}`,
    );
  }
  return reply;
}

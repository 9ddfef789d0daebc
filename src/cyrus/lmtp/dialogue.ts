// Commands to lmtpd and its replies (RFC 2033): all go out in one write (RFC 2920), and each reply belongs to the oldest
// command that has none yet. Knows nothing of what is asked.
import { ProtocolError, UnavailableError } from '../../errors.js';
import type { Connection } from '../wire/connection.js';
import type { Trace } from '../wire/trace.js';
import { describeReply, type LmtpReply } from './reply.js';

export class LmtpDialogue {
  readonly #connection: Connection<LmtpReply>;
  readonly #trace: Trace;
  /** SESSIONID: LHLO gives the first, each RSET the next. */
  sessionId: string | undefined;

  constructor(connection: Connection<LmtpReply>, trace: Trace) {
    this.#connection = connection;
    this.#trace = trace;
  }

  /** What lmtpd says first. */
  async greeting(timeoutMs: number): Promise<LmtpReply | undefined> {
    const [reply] = await this.#converse('', 1, timeoutMs);
    return reply;
  }

  /** One command. @throws ProtocolError where no reply came */
  command(command: string, timeoutMs: number): Promise<LmtpReply> {
    this.#trace.sent(command);
    return this.send(command, timeoutMs);
  }

  /** One line, which has been traced before. @throws ProtocolError where no reply came */
  async send(line: string, timeoutMs: number): Promise<LmtpReply> {
    const [reply] = await this.#converse(`${line}\r\n`, 1, timeoutMs);
    if (reply === undefined) throw new ProtocolError('no reply came');
    return reply;
  }

  /**
   * All commands in one write.
   * @param timeoutMs for all replies
   * @param told is called with each reply as it comes
   * @returns a reply for each, in order
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
    if (!this.#trace.isOn) return;
    const last = reply.lines.length - 1;
    reply.lines.forEach((line, i) =>
      this.#trace.received(`${reply.code}${i === last ? ' ' : '-'}${line}`, '334 '),
    );
  }
}

/**
 * @param enhanced the status code that must stand there too
 * @throws UnavailableError where lmtpd refused the command, ProtocolError where the reply belongs to another one
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

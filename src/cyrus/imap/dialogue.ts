// Commands in flight to imapd and what it answers (RFC 3501 section 2.2): each command has a tag, all are sent in one
// write, and every tagged response must be that of the oldest command that is still unanswered.
import { ProtocolError, UnavailableError } from '../../errors.js';
import type { Connection, StreamPatience, Taker } from '../wire/connection.js';
import type { Trace } from '../wire/trace.js';
import { describeAnswer, type ImapAnswer } from './answer.js';
import type { ImapResponse } from './response.js';
import { IMAP_DATA_MAX, outOfTurn, said, untagged } from './untagged.js';

/** Responses to LIST: far more mailboxes than a Cyrus has. An endless list must not keep us busy for ever. */
const IMAP_LIST_MAX = 10_000_000;

/**
 * imapd writes each answer by itself, and its kernel holds the second one back until ours has acknowledged the first:
 * after 40 ms, or at once with our next command. A few commands are answered sooner one by one.
 */
const SINGLY_MAX = 4;

type Greeting = { readonly preauthenticated: boolean };

export class ImapDialogue {
  readonly #connection: Connection<ImapResponse>;
  readonly #trace: Trace;
  #tags = 0;
  /** SESSIONID, which imapd tells with a login. */
  sessionId: string | undefined;

  constructor(connection: Connection<ImapResponse>, trace: Trace) {
    this.#connection = connection;
    this.#trace = trace;
  }

  /** @throws UnavailableError where imapd takes leave at once, ProtocolError where it does not greet */
  async greeting(timeoutMs: number): Promise<Greeting> {
    let preauthenticated = false;
    await this.#connection.converse(
      '',
      (response) => {
        const status = response.kind === 'status' ? response.status : undefined;
        if (status === 'BYE') throw said(response);
        if (status !== 'OK' && status !== 'PREAUTH')
          throw new ProtocolError('imapd began without a greeting');
        preauthenticated = status === 'PREAUTH';
        return 'done';
      },
      timeoutMs,
    );
    return { preauthenticated };
  }

  /**
   * Sends all commands at once, or a few one after the other.
   * @param timeoutMs for all answers to what is sent at once
   * @param told is called after each answer, with all so far
   * @returns an answer for each, in order
   */
  async ask(
    commands: readonly string[],
    timeoutMs: number,
    told: (answers: readonly ImapAnswer[]) => void = () => undefined,
  ): Promise<ImapAnswer[]> {
    if (commands.length > SINGLY_MAX) return this.#askAtOnce(commands, timeoutMs, told);
    const answers: ImapAnswer[] = [];
    for (const command of commands) {
      answers.push(...(await this.#askAtOnce([command], timeoutMs, () => undefined)));
      told(answers);
    }
    return answers;
  }

  async #askAtOnce(
    commands: readonly string[],
    timeoutMs: number,
    told: (answers: readonly ImapAnswer[]) => void,
  ): Promise<ImapAnswer[]> {
    const tags = commands.map(() => this.nextTag());
    const answers: ImapAnswer[] = [];
    let data: ImapResponse[] = [];
    const take: Taker<ImapResponse> = (response) => {
      if (response.kind !== 'tagged') {
        data.push(untagged(response));
        if (data.length > IMAP_DATA_MAX)
          throw new ProtocolError(`imapd sent over ${IMAP_DATA_MAX} responses to one command`);
        return 'more';
      }
      const { tag, status, code, text } = response;
      if (tag !== tags[answers.length]) throw outOfTurn(tag, tags[answers.length]);
      answers.push({ status, code, text, data });
      data = [];
      told(answers);
      return answers.length === tags.length ? 'done' : 'more';
    };
    const lines = commands.map((command, i) => `${tags[i] ?? ''} ${command}`);
    for (const line of lines) this.#trace.sent(line);
    await this.#connection.converse(lines.map((line) => `${line}\r\n`).join(''), take, timeoutMs);
    return answers;
  }

  /** As `ask`, for one command that has to succeed. @throws UnavailableError naming it */
  async demand(command: string, timeoutMs: number): Promise<ImapAnswer> {
    const [answer] = await this.ask([command], timeoutMs);
    if (answer === undefined) throw new ProtocolError(`imapd did not answer ${command}`);
    if (answer.status === 'OK') return answer;
    throw new UnavailableError(`imapd answered ${command} with ${describeAnswer(answer)}`);
  }

  /**
   * As `ask`, for one command with an answer of any length: each untagged response is handed on as it comes.
   */
  async stream(
    command: string,
    each: (response: ImapResponse) => void,
    patience: StreamPatience,
    maxResponses = IMAP_LIST_MAX,
  ): Promise<ImapAnswer> {
    const tag = this.nextTag();
    let answer: ImapAnswer | undefined;
    let count = 0;
    this.#trace.sent(`${tag} ${command}`);
    await this.#connection.stream(
      `${tag} ${command}\r\n`,
      (response) => {
        if (response.kind !== 'tagged') {
          count += 1;
          if (count > maxResponses)
            throw new ProtocolError(`imapd sent over ${maxResponses} responses to one command`);
          each(untagged(response));
          return 'more';
        }
        if (response.tag !== tag) throw outOfTurn(response.tag, tag);
        const { status, code, text } = response;
        answer = { status, code, text, data: [] };
        return 'done';
      },
      patience,
    );
    if (answer === undefined) throw new ProtocolError(`imapd did not answer ${command}`);
    return answer;
  }

  /** Of no command yet. */
  nextTag(): string {
    this.#tags += 1;
    return `c${this.#tags}`;
  }
}

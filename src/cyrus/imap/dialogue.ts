// Sends commands to imapd and reads its answers (RFC 3501 section 2.2). Each command has a tag, all are sent in one write, and
// each tagged response must belong to the oldest command that has no answer yet. I/O through the connection.
import { ProtocolError, UnavailableError } from '../../errors.js';
import type { Connection, StreamPatience, Taker } from '../wire/connection.js';
import type { Trace } from '../wire/trace.js';
import { describeAnswer, type ImapAnswer } from './answer.js';
import type { ImapResponse } from './response.js';
import { IMAP_DATA_MAX, outOfTurn, said, untagged } from './untagged.js';

/** So many responses to LIST are far more than any Cyrus has mailboxes. The limit ends a list that would never end. */
const IMAP_LIST_MAX = 10_000_000;

/**
 * Up to so many commands are sent one by one, since that is faster: imapd writes each answer separately, and its kernel holds
 * the second one back until ours has acknowledged the first, which it does after 40 ms, or at once with our next command.
 */
const SINGLY_MAX = 4;

type Greeting = { readonly preauthenticated: boolean };

export class ImapDialogue {
  readonly #connection: Connection<ImapResponse>;
  readonly #trace: Trace;
  #tags = 0;
  /** The SESSIONID, which imapd gives in its answer to the login. */
  sessionId: string | undefined;

  constructor(connection: Connection<ImapResponse>, trace: Trace) {
    this.#connection = connection;
    this.#trace = trace;
  }

  /** Waits for the greeting. @throws UnavailableError where imapd says BYE instead, ProtocolError where it does not greet */
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
   * Sends all commands at once; where they are few, one after the other.
   * @param timeoutMs for all answers to commands that are sent at once
   * @param told called after each answer, with all answers so far
   * @returns an answer for each command, in order
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

  /** Like `ask`, for one command. */
  async askOne(command: string, timeoutMs: number): Promise<ImapAnswer> {
    const [answer] = await this.ask([command], timeoutMs);
    // Stryker disable next-line ConditionalExpression: ask() gives one for each command, or throws. Only the type does not know that.
    if (answer === undefined) throw new ProtocolError(`imapd did not answer ${command}`);
    return answer;
  }

  /** Like `askOne`, for a command that must succeed. @throws UnavailableError that names the command */
  async demand(command: string, timeoutMs: number): Promise<ImapAnswer> {
    const answer = await this.askOne(command, timeoutMs);
    if (answer.status === 'OK') return answer;
    throw new UnavailableError(`imapd answered ${command} with ${describeAnswer(answer)}`);
  }

  /**
   * Like `ask`, for one command with an answer of any length: each untagged response is handed on as it comes.
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
    // Stryker disable next-line ConditionalExpression: the stream ends with the answer, or throws. Only the type does not know that.
    if (answer === undefined) throw new ProtocolError(`imapd did not answer ${command}`);
    return answer;
  }

  /** A tag that no command has had yet. */
  nextTag(): string {
    this.#tags += 1;
    return `c${this.#tags}`;
  }
}

// Commands to imapd and what it answers (RFC 3501 section 2.2): each command has a tag, all are sent in one write, and
// every tagged response must be that of the oldest command that is still unanswered. Also how SASL is carried there.
import { ProtocolError, UnavailableError } from '../../errors.js';
import type { Carrier, SaslReply } from '../sasl/exchange.js';
import type { Connection, Taker } from '../wire/connection.js';
import type { Trace } from '../wire/trace.js';
import { authenticate } from './command.js';
import type { ImapResponse } from './response.js';
import { describeAnswer, type ImapAnswer } from './verdict.js';

/** Untagged responses to one command, but for LIST: GETQUOTAROOT has one, and one for each quota root. */
export const IMAP_DATA_MAX = 100;

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
   * @returns an answer for each, in order
   */
  async ask(commands: readonly string[], timeoutMs: number): Promise<ImapAnswer[]> {
    if (commands.length > SINGLY_MAX) return this.#askAtOnce(commands, timeoutMs);
    const answers: ImapAnswer[] = [];
    for (const command of commands) answers.push(...(await this.#askAtOnce([command], timeoutMs)));
    return answers;
  }

  async #askAtOnce(commands: readonly string[], timeoutMs: number): Promise<ImapAnswer[]> {
    const tags = commands.map(() => this.#nextTag());
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
   * @param silenceMs without a byte
   */
  async stream(
    command: string,
    each: (response: ImapResponse) => void,
    silenceMs: number,
  ): Promise<ImapAnswer> {
    const tag = this.#nextTag();
    let answer: ImapAnswer | undefined;
    this.#trace.sent(`${tag} ${command}`);
    await this.#connection.stream(
      `${tag} ${command}\r\n`,
      (response) => {
        if (response.kind !== 'tagged') {
          each(untagged(response));
          return 'more';
        }
        if (response.tag !== tag) throw outOfTurn(response.tag, tag);
        const { status, code, text } = response;
        answer = { status, code, text, data: [] };
        return 'done';
      },
      silenceMs,
    );
    if (answer === undefined) throw new ProtocolError(`imapd did not answer ${command}`);
    return answer;
  }

  /** For a login (RFC 3501 section 6.2.2, RFC 4959), masked in the trace. */
  carrier(takesInitialResponse: boolean, timeoutMs: number): Carrier {
    const tag = this.#nextTag();
    const turn = async (line: string): Promise<SaslReply> => {
      let reply: SaslReply | undefined;
      await this.#connection.converse(
        `${line}\r\n`,
        (response) => {
          reply = saslReply(response, tag);
          return reply === undefined ? 'more' : 'done';
        },
        timeoutMs,
      );
      if (reply === undefined) throw new ProtocolError('imapd did not answer AUTHENTICATE');
      if (reply.kind !== 'challenge') this.#trace.endSecret();
      return reply;
    };
    return {
      takesInitialResponse,
      start: (mechanism, initialResponse) => {
        const masked = initialResponse === undefined ? undefined : '***';
        this.#trace.beginSecret(`${tag} ${authenticate(mechanism, masked)}`);
        return turn(`${tag} ${authenticate(mechanism, initialResponse)}`);
      },
      respond: (response) => {
        this.#trace.sent(response);
        return turn(response);
      },
    };
  }

  #nextTag(): string {
    this.#tags += 1;
    return `c${this.#tags}`;
  }
}

/** RFC 3501 has no room for data beside a success. */
function saslReply(response: ImapResponse, tag: string): SaslReply | undefined {
  if (response.kind === 'continuation') return { kind: 'challenge', data: response.text };
  if (response.kind !== 'tagged') {
    untagged(response);
    return undefined;
  }
  if (response.tag !== tag) throw outOfTurn(response.tag, tag);
  if (response.status === 'OK') return { kind: 'success', data: undefined };
  return { kind: 'failure', text: response.text };
}

/** @throws UnavailableError at a BYE, ProtocolError at what has no place in an answer */
function untagged(response: ImapResponse): ImapResponse {
  if (response.kind === 'continuation') throw new ProtocolError('imapd asked to go on with nothing');
  if (response.kind !== 'status') return response;
  switch (response.status) {
    case 'BYE':
      throw said(response);
    case 'BAD':
    case 'PREAUTH':
      throw new ProtocolError(`imapd said ${response.status} ${response.text}`);
    case 'OK':
    case 'NO':
      return response;
  }
}

function said(response: ImapResponse): UnavailableError {
  const text = response.kind === 'status' ? response.text : '';
  return new UnavailableError(`imapd said BYE ${text}`);
}

function outOfTurn(tag: string, expected: string | undefined): ProtocolError {
  return new ProtocolError(`imapd answered ${tag}: expected the answer to ${expected ?? 'nothing'}`);
}

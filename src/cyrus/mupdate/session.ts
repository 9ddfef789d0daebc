// A session with a mupdate master, which reads only: greeting, login, the list, NOOP. Never STARTTLS, and never a command that
// writes: with Cyrus 3.6.1 and 3.12.4 a STARTTLS, or a DELETE of a name that it does not have, ends the master (docs/several-machines.md).
import { ProtocolError, UnavailableError } from '../../errors.js';
import { isLocal, type Endpoint } from '../../net/endpoint.js';
import type { Login } from '../sasl/log-in.js';
import { Connection } from '../wire/connection.js';
import { Trace, type TraceLine } from '../wire/trace.js';
import { MupdateParser } from './parser.js';
import type { MupdateEntry, MupdateResponse, MupdateStatus } from './response.js';
import { saslCarrier, unquoted } from './sasl-carrier.js';

export type MasterAccess = {
  readonly endpoint: Endpoint;
  readonly login: Login;
  /** For the connection, and for the greeting. */
  readonly connectTimeoutMs: number;
  /** For each step of the login, for each NOOP, and for silence within the list. */
  readonly replyTimeoutMs: number;
  /** For the whole list. */
  readonly listTimeoutMs: number;
  readonly trace?: TraceLine;
};

/** Of the banner: Cyrus' own has three or four lines before its end. */
const BANNER_LINES_MAX = 32;
const UPDATE_TAG = 'C2';
/** Last of the banner's words: a slave has the address of its master there. */
const MASTER = /"\(master\)"$/;
const SLAVE = /"(mupdate:\/\/[^"]*)"$/i;

export class MasterSession {
  readonly #connection: Connection<MupdateResponse>;
  readonly #access: MasterAccess;
  readonly #trace: Trace;
  #lastTag = 2;

  private constructor(connection: Connection<MupdateResponse>, access: MasterAccess, trace: Trace) {
    this.#connection = connection;
    this.#access = access;
    this.#trace = trace;
  }

  /**
   * Connects and logs in.
   * @throws UnavailableError where it is no master, LoginError, DeadlineError, ProtocolError
   */
  static async open(access: MasterAccess): Promise<MasterSession> {
    const { endpoint, connectTimeoutMs } = access;
    const connection = await Connection.open(endpoint, new MupdateParser(), connectTimeoutMs);
    const session = new MasterSession(connection, access, new Trace(access.trace));
    try {
      await session.#logIn(await session.#banner());
      return session;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Whether it is over, or out of step. */
  get botched(): boolean {
    return this.#connection.botched;
  }

  /**
   * Asks for the list, and for each change from then on.
   * @param take is given each entry, of the list and later of changes; where it throws, the session is over
   * @returns when the list is complete
   */
  async update(take: (entry: MupdateEntry) => void): Promise<void> {
    const { replyTimeoutMs, listTimeoutMs } = this.#access;
    const patience = { silenceMs: replyTimeoutMs, totalMs: listTimeoutMs };
    this.#connection.takeUnasked((response) => take(entryOf(response)));
    this.#trace.sent(`${UPDATE_TAG} UPDATE`);
    let entries = 0;
    const ended = await this.#ask(`${UPDATE_TAG} UPDATE`, patience, (response) => {
      entries += 1;
      take(entryOf(response));
    });
    this.#trace.received(`(${entries} entries)`, '');
    this.#requireOk(ended, UPDATE_TAG, 'UPDATE');
  }

  /** Whatever happened before the call has been told when it is over. @param take as in `update` */
  async noop(take: (entry: MupdateEntry) => void): Promise<void> {
    const { replyTimeoutMs } = this.#access;
    this.#lastTag += 1;
    const tag = `C${this.#lastTag}`;
    const ended = await this.#ask(`${tag} NOOP`, replyTimeoutMs, (response) => take(entryOf(response)));
    this.#requireOk(ended, tag, 'NOOP');
  }

  close(): void {
    this.#connection.close('Q LOGOUT\r\n');
  }

  /** @returns the mechanisms on offer */
  async #banner(): Promise<readonly string[]> {
    const mechanisms: string[] = [];
    let lines = 0;
    let end: MupdateStatus | undefined;
    await this.#connection.converse(
      '',
      (response) => {
        lines += 1;
        if (lines > BANNER_LINES_MAX)
          throw new ProtocolError(`the mupdate banner has over ${BANNER_LINES_MAX} lines`);
        if (response.kind === 'status') {
          end = response;
          return 'done';
        }
        if (response.kind !== 'banner') throw outOfTurn(response);
        this.#trace.received(`* ${response.word} ${response.words.join(' ')}`, '');
        if (response.word === 'AUTH') mechanisms.push(...response.words);
        return 'more';
      },
      this.#access.connectTimeoutMs,
    );
    if (end === undefined || end.tag !== '*') throw new ProtocolError('the mupdate banner has no end');
    this.#trace.received(`* ${end.status} ${end.text}`, '');
    if (end.status !== 'OK') throw new UnavailableError(`the mupdate master says ${unquoted(end.text)}`);
    requireMaster(end.text);
    return mechanisms;
  }

  async #logIn(mechanisms: readonly string[]): Promise<void> {
    const { login, endpoint, replyTimeoutMs } = this.#access;
    const { logIn } = await import('../sasl/log-in.js');
    const carrier = saslCarrier(this.#connection, this.#trace, 'C1', replyTimeoutMs);
    await logIn(login, mechanisms, { confidential: isLocal(endpoint), binding: undefined }, carrier);
  }

  /** @returns how it ended */
  async #ask(
    command: string,
    patience: number | { readonly silenceMs: number; readonly totalMs: number },
    take: (response: MupdateResponse) => void,
  ): Promise<MupdateStatus | undefined> {
    let ended: MupdateStatus | undefined;
    const each = (response: MupdateResponse): 'more' | 'done' => {
      if (response.kind === 'status') {
        ended = response;
        return 'done';
      }
      take(response);
      return 'more';
    };
    const line = `${command}\r\n`;
    if (typeof patience === 'number') await this.#connection.converse(line, each, patience);
    else await this.#connection.stream(line, each, patience);
    return ended;
  }

  /** @throws ProtocolError, UnavailableError; then it is over */
  #requireOk(ended: MupdateStatus | undefined, tag: string, command: string): void {
    if (ended?.tag === tag && ended.status === 'OK') return;
    this.#connection.close();
    if (ended?.tag === tag || ended?.status === 'BYE')
      throw new UnavailableError(
        `the mupdate master answered ${command} with ${ended.status} ${unquoted(ended.text)}`,
      );
    throw new ProtocolError(`the mupdate master answered ${command} with another's end`);
  }
}

/** A slave, such as a frontend, answers NOOP while it has lost its master, so it is no barrier there. */
function requireMaster(banner: string): void {
  if (MASTER.test(banner)) return;
  const master = SLAVE.exec(banner)?.[1];
  const what = master === undefined ? 'does not say that it is the master' : `is a slave of ${master}`;
  throw new UnavailableError(`the mupdate server ${what}: only a master can be believed`);
}

/** Each line of the list and of a change has the tag of UPDATE. */
function entryOf(response: MupdateResponse): MupdateEntry {
  switch (response.kind) {
    case 'mailbox':
    case 'reserve':
    case 'delete':
      if (response.tag === UPDATE_TAG) return response;
      throw outOfTurn(response);
    case 'status':
      if (response.status === 'BYE')
        throw new UnavailableError(`the mupdate master says ${unquoted(response.text)}`);
      throw outOfTurn(response);
    case 'banner':
    case 'bare':
      throw outOfTurn(response);
  }
}

function outOfTurn({ kind }: MupdateResponse): ProtocolError {
  return new ProtocolError(`the mupdate master sent a ${kind} line that nobody asked for`);
}

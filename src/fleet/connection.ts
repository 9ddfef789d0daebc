// A connection to Valkey that is made again where it was lost, over iovalkey: the only place where that package is used. What a lost
// connection had under way is given up, never sent again by itself. I/O: that connection.
import { Redis, type RedisOptions } from 'iovalkey';
import { messageOf, UnavailableError } from '../errors.js';
import type { Command } from './store.js';

/** Where Valkey is, and how to be let in. */
export type ValkeyAccess = {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Undefined for a connection in clear. */
  readonly tls:
    | {
        readonly serverName: string;
        readonly ca: Buffer | undefined;
        readonly cert: Buffer | undefined;
        readonly key: Buffer | undefined;
      }
    | undefined;
};

/** Between two attempts, the last one again and again. */
const RETRIES_MS = [20, 50, 100, 200, 500];

export class ValkeyConnection {
  readonly #valkey: Redis;
  /** Why there is no connection. */
  #trouble: string | undefined;
  /** Attempts since Valkey has last answered a command: whom it does not let in is connected for a moment each time. */
  #attempts = 0;

  /** @param answerMs for one answer; without one in that time the connection is given up */
  constructor(access: ValkeyAccess, answerMs: number) {
    const { host, port, user } = access;
    const options: RedisOptions = {
      host,
      port,
      ...(user === undefined ? {} : { username: user }),
      ...secretsOf(access),
      // It would ask INFO, for which a right is needed; a server that still loads says so to each command.
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      connectTimeout: answerMs,
      commandTimeout: answerMs,
      socketTimeout: answerMs,
      retryStrategy: () => RETRIES_MS[Math.min(this.#attempts++, RETRIES_MS.length - 1)] ?? 0,
      // A former main node, which takes no writes any more.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
    };
    this.#valkey = new Redis(options);
    this.#valkey.on('error', (error) => (this.#trouble = messageOf(error)));
    this.#valkey.on('ready', () => (this.#trouble = undefined));
  }

  /** @throws UnavailableError where it failed, or there is no connection */
  async ask(command: Command): Promise<unknown> {
    const [answer] = await this.apart([command]);
    return answer;
  }

  /** One after the other in one go. @throws UnavailableError where one of them failed, or there is no connection */
  async inTurn(...commands: readonly Command[]): Promise<unknown[]> {
    try {
      return (await this.answers(commands)).map(([error, answer]) => {
        if (error !== null) throw error;
        return answer;
      });
    } catch (error) {
      throw new UnavailableError(messageOf(error), { cause: error });
    }
  }

  /** The same, with what failed beside what did not. @throws UnavailableError where there is no connection */
  async answers(commands: readonly Command[]): Promise<readonly [error: Error | null, answer: unknown][]> {
    if (this.#valkey.status !== 'ready') await this.#connected();
    const answers = (await this.#valkey.pipeline(commands.map((command) => [...command])).exec()) ?? [];
    if (answers.some(([error]) => error === null)) this.#attempts = 0;
    return answers;
  }

  /** One after the other in one packet, each with an answer of its own. @throws UnavailableError where there is no connection */
  async apart(commands: readonly Command[]): Promise<Promise<unknown>[]> {
    const valkey = this.#valkey;
    if (valkey.status !== 'ready') await this.#connected();
    const { stream } = valkey;
    stream.cork();
    const answers = commands.map(([name, ...words]) =>
      valkey.call(name, ...words).catch((error: unknown) => {
        throw new UnavailableError(messageOf(error), { cause: error });
      }),
    );
    stream.uncork();
    return answers;
  }

  /**
   * On each connection from now on: hears what is published there. Such a connection can be used for nothing else. Where our user
   * may not have that, nothing is heard.
   * @param heard called with each message, and with none when it begins
   */
  hear(channel: string, heard: (message: string | undefined) => void): void {
    const valkey = this.#valkey;
    valkey.on('message', (_: string, message: string) => heard(message));
    valkey.on(
      'ready',
      () =>
        void this.subscribe(channel).then(
          () => heard(undefined),
          () => undefined,
        ),
    );
  }

  /** Also a second time: whoever is answered hears. */
  async subscribe(channel: string): Promise<void> {
    await this.#valkey.subscribe(channel);
    this.#attempts = 0;
  }

  /** From the next connection on: this one has been let in, and Valkey does not ask again. */
  admit(access: ValkeyAccess): void {
    Object.assign(this.#valkey.options, secretsOf(access));
  }

  reconnect(): void {
    const { status, stream } = this.#valkey;
    if (status === 'ready' || status === 'connect') stream.destroy();
  }

  close(): void {
    this.#valkey.disconnect();
  }

  /** What is asked while a connection is being made waits for that. @throws UnavailableError where it cannot be made */
  async #connected(): Promise<void> {
    const valkey = this.#valkey;
    if (valkey.status === 'connecting' || valkey.status === 'connect') {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          valkey.off('ready', done).off('close', done);
          resolve();
        };
        valkey.on('ready', done).on('close', done);
      });
    }
    if (valkey.status !== 'ready')
      throw new UnavailableError(`no connection to Valkey: ${this.#trouble ?? 'it was closed'}`);
  }
}

/** What files hold. */
function secretsOf({ password, tls }: ValkeyAccess): RedisOptions {
  return {
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: toOptions(tls) }),
  };
}

function toOptions({
  serverName,
  ca,
  cert,
  key,
}: NonNullable<ValkeyAccess['tls']>): NonNullable<RedisOptions['tls']> {
  return {
    servername: serverName,
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

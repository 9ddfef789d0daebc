// The few commands of Valkey, or Redis 6.2 and later, that publishers and followers need (valkey.io/commands), over iovalkey. What
// a lost connection had under way is given up, never sent again by itself. The only place where that package is used.
import { Redis, type RedisOptions } from 'iovalkey';
import { messageOf, UnavailableError } from '../errors.js';
import type { RawEntry } from './entry-codec.js';
import type { Ack } from './follower.js';
import { keysOf } from './keys.js';
import type { Command, FollowerStore, PublisherStore, Visit } from './store.js';

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

/** How long a read waits for entries: Valkey ends it by itself then. */
const READ_MS = 1_000;
/** Entries in one answer: 100 kB or so. */
const READ_MAX = 1_000;
/** Between two attempts, the last one again and again. */
const RETRIES_MS = [20, 50, 100, 200, 500];
/** Of a list of followers that nobody looks at any more: a day. */
const FORGOTTEN_MS = 86_400_000;

/** @param answerMs for one answer; without one in that time the connection is given up */
function connectValkey({ host, port, user, password, tls }: ValkeyAccess, answerMs: number): Redis {
  const options: RedisOptions = {
    host,
    port,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined
      ? {}
      : { tls: { servername: tls.serverName, rejectUnauthorized: true, ...filesOf(tls) } }),
    // It would ask INFO, for which a right is needed; a server that still loads says so to each command.
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: answerMs,
    commandTimeout: answerMs,
    socketTimeout: answerMs,
    retryStrategy: (times) => RETRIES_MS[Math.min(times, RETRIES_MS.length) - 1] ?? 0,
    // A former main node, which takes no writes any more.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
  const valkey = new Redis(options);
  valkey.on('error', (error) => TROUBLES.set(valkey, messageOf(error)));
  valkey.on('ready', () => TROUBLES.delete(valkey));
  return valkey;
}

/** Why there is no connection. */
const TROUBLES = new WeakMap<Redis, string>();

/** What is asked while a connection is being made waits for that. @throws UnavailableError where it cannot be made */
async function connected(valkey: Redis): Promise<void> {
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
    throw new UnavailableError(`no connection to Valkey: ${TROUBLES.get(valkey) ?? 'it was closed'}`);
}

function filesOf({ ca, cert, key }: NonNullable<ValkeyAccess['tls']>): {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
} {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** One after the other in one go. @throws UnavailableError where one of them failed, or there is no connection */
async function inTurn(valkey: Redis, ...commands: readonly Command[]): Promise<unknown[]> {
  if (valkey.status !== 'ready') await connected(valkey);
  try {
    const pipeline = valkey.pipeline(commands.map((command) => [...command]));
    const answers = await pipeline.exec();
    return (answers ?? []).map(([error, answer]) => {
      if (error !== null) throw error;
      return answer;
    });
  } catch (error) {
    throw new UnavailableError(messageOf(error), { cause: error });
  }
}

function reconnect(valkey: Redis): void {
  if (valkey.status === 'ready' || valkey.status === 'connect') valkey.stream.destroy();
}

export function publisherStore(
  access: ValkeyAccess,
  stream: string,
  answerMs: number,
  maxEntries: number,
): PublisherStore {
  const valkey = connectValkey(access, answerMs);
  const keys = keysOf(stream);
  const ask = (...command: Command) => inTurn(valkey, command).then(([answer]) => answer);
  return {
    beacon: async () => textOf(await ask('get', keys.beacon)),
    dropFollowers: async (instance) => void (await ask('del', keys.followers(instance))),
    append: async (fields) =>
      String(await ask('xadd', keys.stream, 'MAXLEN', '~', maxEntries, '*', ...fields)),
    begin: async (instance, beacon) => {
      const followers = keys.followers(instance);
      await inTurn(
        valkey,
        // What stays there as long as the list does.
        ['zadd', followers, '+inf', 'publisher'],
        ['pexpire', followers, FORGOTTEN_MS],
        ['set', keys.beacon, beacon],
      );
    },
    questions: async () => Number((await ask('get', keys.questions)) ?? 0),
    shine: async (instance, beacon) => {
      const followers = keys.followers(instance);
      const [before, count] = await inTurn(
        valkey,
        ['set', keys.beacon, beacon, 'XX', 'GET'],
        ['zcard', followers],
        ['pexpire', followers, FORGOTTEN_MS],
      );
      return { before: textOf(before), followers: Number(count) - 1 };
    },
    least: async (instance) => {
      const answer = await ask('zrange', keys.followers(instance), 0, 0, 'WITHSCORES');
      const [member, score] = Array.isArray(answer) ? answer.map(String) : [];
      if (member === undefined || score === undefined) return undefined;
      return member === 'publisher' ? Infinity : Number(score);
    },
    drop: async (instance, below) =>
      Number(await ask('zremrangebyscore', keys.followers(instance), '-inf', `(${below}`)),
    reconnect: () => reconnect(valkey),
    close: () => valkey.disconnect(),
  };
}

/** @param id of this follower: no other one may have the same */
export function followerStore(
  access: ValkeyAccess,
  stream: string,
  answerMs: number,
  id: string,
): FollowerStore {
  const valkey = connectValkey(access, answerMs);
  const reader = connectValkey(access, READ_MS + answerMs);
  const keys = keysOf(stream);
  const acknowledge = ({ instance, seq }: Ack) => ['zadd', keys.followers(instance), seq, `f${id}`] as const;
  return {
    beat: async (ack) => {
      const [beacon, ...rest] = await inTurn(
        valkey,
        ['get', keys.beacon],
        ...(ack === undefined ? [] : [acknowledge(ack)]),
        ['incr', keys.questions],
      );
      return { beacon: textOf(beacon), question: Number(rest.at(-1)) };
    },
    acknowledge: async (ack) => void (await inTurn(valkey, acknowledge(ack))),
    read: async (after) => {
      const [answer] = await inTurn(reader, [
        'xread',
        'COUNT',
        READ_MAX,
        'BLOCK',
        READ_MS,
        'STREAMS',
        keys.stream,
        after,
      ]);
      return entriesOf(answer);
    },
    reconnect: () => reconnect(valkey),
    close: () => {
      valkey.disconnect();
      reader.disconnect();
    },
  };
}

/** For doctor, who wants to hear what is refused. Nothing is asked again. */
export function visitValkey(access: ValkeyAccess, answerMs: number): Visit {
  const valkey = connectValkey(access, answerMs);
  const { user, password } = access;
  // Once more, with the first commands: that nobody is logged in is heard earlier than why the login was refused.
  const logins: Command[] =
    password === undefined ? [] : [['auth', ...(user === undefined ? [] : [user]), password]];
  return {
    ask: async (commands) => {
      if (valkey.status !== 'ready') await connected(valkey);
      const sent = [...logins.splice(0), ...commands];
      const answers = (await valkey.pipeline(sent.map((command) => [...command])).exec()) ?? [];
      const refused = answers.find(([error]) => error?.message.startsWith('WRONGPASS'))?.[0]?.message;
      if (refused !== undefined) throw new UnavailableError(refused);
      return answers.slice(sent.length - commands.length).map(([error, value]) => {
        if (error !== null && !SAID.test(error.message))
          throw new UnavailableError(error.message, { cause: error });
        return { error: error?.message, value };
      });
    },
    close: () => valkey.disconnect(),
  };
}

/** How errors begin that Valkey has told; others are of the connection. */
const SAID = /^[A-Z]{3,} /;

function textOf(answer: unknown): string | null {
  return typeof answer === 'string' ? answer : null;
}

/** Of one stream: `[[key, [[id, [name, value, …]], …]]]`, null where there is nothing. */
function entriesOf(answer: unknown): RawEntry[] {
  const [first] = listOf(answer);
  const [, entries] = listOf(first);
  return listOf(entries).map((entry): RawEntry => {
    const [id, fields] = listOf(entry);
    return [String(id), listOf(fields).map(String)];
  });
}

function listOf(answer: unknown): readonly unknown[] {
  return Array.isArray(answer) ? answer : [];
}

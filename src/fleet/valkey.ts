// The few commands of Valkey, or Redis 6.2 and later, that publishers and followers need (valkey.io/commands), and what its answers
// mean. Its I/O is the connection's.
import { UnavailableError } from '../errors.js';
import { ValkeyConnection, type ValkeyAccess } from './connection.js';
import { encodeTold, type RawEntry } from './entry-codec.js';
import type { Ack } from './follower.js';
import { keysOf } from './keys.js';
import type { Command, FollowerStore, Heard, PublisherStore, Visit } from './store.js';
import { Watch } from './watch.js';

/** How long a read waits for entries: Valkey ends it by itself then. */
const READ_MS = 1_000;
/** Entries in one answer: 100 kB or so. */
const READ_MAX = 1_000;
/** More followers are not read at each beat: some 40 bytes each. */
const LIST_MAX = 1_000;
/** Of a list of followers that nobody looks at any more: a day. */
const FORGOTTEN_MS = 86_400_000;

/** Whose password and certificates may change meanwhile. */
export interface Admitting {
  /** From the next connection on. */
  admit(access: ValkeyAccess): void;
}

export function publisherStore(
  access: ValkeyAccess,
  stream: string,
  answerMs: number,
  maxEntries: number,
): PublisherStore & Admitting {
  const valkey = new ValkeyConnection(access, answerMs);
  let watch: Watch | undefined;
  let admitted = access;
  const keys = keysOf(stream);
  const ask = (...command: Command) => valkey.ask(command);
  return {
    beacon: async () => textOf(await ask('get', keys.beacon)),
    dropFollowers: async (instance) => void (await ask('del', keys.followers(instance))),
    append: async (fields) =>
      String(await ask('xadd', keys.stream, 'MAXLEN', '~', maxEntries, '*', ...fields)),
    begin: async (instance, beacon) => {
      const followers = keys.followers(instance);
      await valkey.inTurn(
        // What stays there as long as the list does.
        ['zadd', followers, '+inf', 'publisher'],
        ['pexpire', followers, FORGOTTEN_MS],
        ['set', keys.beacon, beacon],
      );
    },
    hear: async (instance) => {
      watch?.ask();
      const [question, list] = await valkey.inTurn(
        ['get', keys.questions],
        ['zrange', keys.followers(instance), 0, LIST_MAX, 'WITHSCORES'],
      );
      return { question: Number(question ?? 0), list: listedOf(list) };
    },
    shine: async (instance, beacon) => {
      const followers = keys.followers(instance);
      const [before, count] = await valkey.inTurn(
        ['set', keys.beacon, beacon, 'XX', 'GET'],
        ['zcard', followers],
        ['pexpire', followers, FORGOTTEN_MS],
      );
      return { before: textOf(before), followers: Number(count) - 1 };
    },
    least: async (instance, from) => {
      const first = ['BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES'] as const;
      const answer = await ask('zrange', keys.followers(instance), from, '+inf', ...first);
      const [member, score] = Array.isArray(answer) ? answer.map(String) : [];
      if (member === undefined || score === undefined) return undefined;
      return member === 'publisher' ? Infinity : Number(score);
    },
    drop: async (instance, below) =>
      Number(await ask('zremrangebyscore', keys.followers(instance), '-inf', `(${below}`)),
    watch: (told) => {
      const connection = new ValkeyConnection(admitted, answerMs);
      watch = new Watch(connection, keys.acknowledgements, told, answerMs, () => performance.now());
    },
    get watching() {
      return watch?.hears ?? false;
    },
    reconnect: () => {
      valkey.reconnect();
      watch?.reconnect();
    },
    admit: (now) => {
      admitted = now;
      valkey.admit(now);
      watch?.admit(now);
    },
    close: () => {
      valkey.close();
      watch?.close();
    },
  };
}

/** @param id of this follower: no other one may have the same */
export function followerStore(
  access: ValkeyAccess,
  stream: string,
  answerMs: number,
  id: string,
): FollowerStore & Admitting {
  const valkey = new ValkeyConnection(access, answerMs);
  const reader = new ValkeyConnection(access, READ_MS + answerMs);
  const keys = keysOf(stream);
  // Never back: what was sent over a former connection may arrive last.
  const acknowledge = ({ instance, seq }: Ack) =>
    ['zadd', keys.followers(instance), 'GT', seq, `f${id}`] as const;
  const tell = (ack: Ack) =>
    ['publish', keys.acknowledgements, encodeTold({ ...ack, follower: `f${id}` })] as const;
  return {
    beat: async (ack) => {
      const [beacon, ...rest] = await valkey.inTurn(
        ['get', keys.beacon],
        ...(ack === undefined ? [] : [acknowledge(ack)]),
        ['incr', keys.questions],
      );
      return { beacon: textOf(beacon), question: Number(rest.at(-1)) };
    },
    read: async (after, ack, acknowledged) => {
      const read = ['xread', 'COUNT', READ_MAX, 'BLOCK', READ_MS, 'STREAMS', keys.stream, after] as const;
      if (ack === undefined) {
        const [entries] = await reader.apart([read]);
        return entriesOf(await entries);
      }
      const [taken, told, entries] = await reader.apart([acknowledge(ack), tell(ack), read]);
      // Whom nothing is told looks at the list.
      told?.catch(() => undefined);
      // Where it fails the next beat acknowledges.
      taken?.then(
        () => acknowledged(ack),
        () => undefined,
      );
      return entriesOf(await entries);
    },
    reconnect: () => valkey.reconnect(),
    admit: (now) => {
      valkey.admit(now);
      reader.admit(now);
    },
    close: () => {
      valkey.close();
      reader.close();
    },
  };
}

/** For doctor, who wants to hear what is refused. Nothing is asked again. */
export function visitValkey(access: ValkeyAccess, answerMs: number): Visit {
  const valkey = new ValkeyConnection(access, answerMs);
  const { user, password } = access;
  // Once more, with the first commands: that nobody is logged in is heard earlier than why the login was refused.
  const logins: Command[] =
    password === undefined ? [] : [['auth', ...(user === undefined ? [] : [user]), password]];
  return {
    ask: async (commands) => {
      const sent = [...logins.splice(0), ...commands];
      const answers = await valkey.answers(sent);
      const refused = answers.find(([error]) => error?.message.startsWith('WRONGPASS'))?.[0]?.message;
      if (refused !== undefined) throw new UnavailableError(refused);
      return answers.slice(sent.length - commands.length).map(([error, value]) => {
        if (error !== null && !SAID.test(error.message))
          throw new UnavailableError(error.message, { cause: error });
        return { error: error?.message, value };
      });
    },
    close: () => valkey.close(),
  };
}

/** How errors begin that Valkey has told; others are of the connection. */
const SAID = /^[A-Z]{3,} /;

function textOf(answer: unknown): string | null {
  return typeof answer === 'string' ? answer : null;
}

/** Members and scores in turn, the least first. */
function listedOf(answer: unknown): Heard['list'] {
  const words = listOf(answer).map(String);
  const list = new Map<string, number>();
  for (let i = 0; i < words.length; i += 2) list.set(words[i] ?? '', Number(words[i + 1]));
  // The last one: where the list was cut off it is not there either.
  return list.delete('publisher') ? list : undefined;
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

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  DEFAULT_RECEIVER_LIMITS,
  EventReceiver,
  type EventEffects,
} from '../../../../src/cyrus/events/event-receiver.js';
import { silentLog, type Log } from '../../../../src/log/log.js';
import { DEFAULT_ADDRESS_RULES } from '../../../../src/validation/recipient.js';
import { afterwards, socketPath } from '../afterwards.js';

const OK = 'OK %()\r\n';
const IDLE_MS = 30_000;

/** What events did, in order. */
let effects: string[];
/** For whom Cyrus has to wait. */
let others: Promise<void> | undefined;
let receiver: EventReceiver;

/** Writes down what events do; what comes late is of the test before, and not of this one. */
function recorder(done: string[]): EventEffects {
  return {
    forget: (mailbox) => void done.push(`forget ${mailbox}`),
    markOverQuota: (mailbox) => void done.push(`over ${mailbox}`),
    gap: (reason) => void done.push(`gap ${reason}`),
    expects: (server) => server === 'b1.test',
    handOn: ({ name }) => void done.push(`hand on ${name}`),
    tell: (mailboxes, event) => {
      done.push(`tell ${mailboxes.join()} ${event}`);
      return others;
    },
  };
}

beforeEach(() => {
  effects = [];
  others = undefined;
});

afterEach(() => {
  vi.useRealTimers();
});

/** A process of Cyrus that pushes events, and what it was answered. */
type Cyrus = { readonly socket: Socket; readonly answers: () => string };

async function connected(log: Log = silentLog): Promise<Cyrus> {
  const path = socketPath();
  receiver = new EventReceiver(recorder(effects), () => DEFAULT_ADDRESS_RULES, log);
  const server = createServer({ allowHalfOpen: true }, (socket) => receiver.accept(socket)).listen(path);
  await once(server, 'listening');
  const socket = connect({ path, allowHalfOpen: true });
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString()));
  afterwards(() => {
    socket.destroy();
    receiver.close();
    server.close();
  });
  await Promise.all([once(server, 'connection'), once(socket, 'connect')]);
  return { socket, answers: () => received };
}

/** As Cyrus writes it. */
function notify(event: string, fields: object = {}): string {
  const uri = 'imap://h/user/alice%40example.jp';
  const message = JSON.stringify({ event, uri, serverFQDN: 'b1.test', ...fields });
  return `NOTIFY %(CLASS EVENT MESSAGE {${message.length}+}\r\n${message})\r\n`;
}

/** Pushes bytes, and waits for so many answers in all. */
async function push({ socket, answers }: Cyrus, bytes: string, count: number): Promise<void> {
  socket.write(bytes);
  await until(() => expect(answers()).toBe(OK.repeat(count)));
}

async function until(check: () => void): Promise<void> {
  await vi.waitFor(check, { interval: 5 });
}

/** Until what is under way on a local socket has arrived. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('an event', () => {
  test('of one mailbox is told to other machines by its name', async () => {
    await push(await connected(), notify('MailboxDelete'), 1);
    expect(effects).toEqual(['forget alice@example.jp', 'tell alice@example.jp MailboxDelete']);
  });

  test('of a mailbox that is no user’s is told to nobody', async () => {
    others = new Promise(() => undefined);
    await push(await connected(), notify('MailboxCreate', { uri: 'imap://h/shared/info' }), 1);
    expect(effects).toEqual([]);
  });

  test('over quota by a server that is not expected marks nobody', async () => {
    await push(await connected(), notify('QuotaExceed', { serverFQDN: 'stranger.test' }), 1);
    expect(effects).toEqual(['gap event QuotaExceed is of a server that is not expected']);
  });

  test('of no concern is taken from any server', async () => {
    await push(await connected(), notify('Login', { serverFQDN: 'stranger.test' }), 1);
    expect(effects).toEqual([]);
  });

  test('about which other machines cannot be told is answered all the same', async () => {
    let fail = (_: Error): void => undefined;
    others = new Promise((_resolve, reject) => (fail = reject));
    const cyrus = await connected();
    cyrus.socket.write(notify('MailboxDelete'));
    await until(() => expect(effects).toHaveLength(2));
    others = undefined;
    fail(new Error('no machine answers'));
    await push(cyrus, notify('MailboxCreate'), 2);
  });

  test('that comes while the answer to another one waits is applied after it, and answered', async () => {
    let done = (): void => undefined;
    others = new Promise((resolve) => (done = resolve));
    const cyrus = await connected();
    cyrus.socket.write(notify('MailboxDelete'));
    await until(() => expect(effects).toHaveLength(2));
    cyrus.socket.write(notify('QuotaChange'));
    await turns();
    expect([effects.length, cyrus.answers()]).toEqual([2, '']);
    others = undefined;
    done();
    await push(cyrus, '', 2);
    expect(effects.slice(2)).toEqual(['forget alice@example.jp', 'tell alice@example.jp QuotaChange']);
  });
});

describe('a connection', () => {
  test('with events is counted by their names', async () => {
    await push(await connected(), notify('MailboxDelete') + notify('Login') + notify('Login'), 3);
    expect([...receiver.counts]).toEqual([
      ['MailboxDelete', 1],
      ['Login', 2],
    ]);
  });

  test('is counted while it is open', async () => {
    const { socket } = await connected();
    expect(receiver.size).toBe(1);
    socket.end();
    await until(() => expect(receiver.size).toBe(0));
    expect(effects).toEqual([]);
  });

  test('that is gone before its answers is forgotten', async () => {
    const { socket } = await connected();
    socket.write(notify('MailboxDelete').repeat(3));
    socket.destroy();
    await until(() => expect(receiver.size).toBe(0));
    expect(effects).toHaveLength(6);
  });

  test('on which came what is no dlist is read no further, however much more comes', async () => {
    const cyrus = await connected();
    cyrus.socket.on('error', () => undefined);
    cyrus.socket.write('nonsense\r\n');
    cyrus.socket.write(notify('MailboxDelete').slice(0, 20));
    await once(cyrus.socket, 'end');
    cyrus.socket.write(notify('MailboxDelete'));
    cyrus.socket.end();
    await until(() => expect(receiver.size).toBe(0));
    expect(cyrus.answers()).toBe(OK);
    expect(effects).toEqual([expect.stringMatching(/^gap dlist has /)]);
  });

  test('is closed when no event came for half a minute, by each event anew', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const cyrus = await connected();
    const answered = async (count: number): Promise<void> => {
      cyrus.socket.write(notify('Login'));
      while (cyrus.answers().length < count * OK.length) await once(cyrus.socket, 'data');
    };
    for (let i = 1; i <= 3; i++) {
      vi.advanceTimersByTime(IDLE_MS - 1);
      await answered(i);
    }
    vi.advanceTimersByTime(IDLE_MS - 1);
    await turns();
    expect(receiver.size).toBe(1);
    vi.advanceTimersByTime(1);
    await once(cyrus.socket, 'end');
    expect([receiver.size, effects]).toEqual([0, []]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that is over leaves no timer behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { socket } = await connected();
    expect(vi.getTimerCount()).toBe(1);
    socket.end();
    await once(socket, 'end');
    await turns();
    expect([receiver.size, vi.getTimerCount()]).toEqual([0, 0]);
  });
});

test('there are by default as many connections as Cyrus needs, and no more', () => {
  expect(DEFAULT_RECEIVER_LIMITS).toMatchObject({ maxConnections: 1_000, maxCommandBytes: 256 * 1024 });
});

describe('the log', () => {
  const lines: object[] = [];
  const log: Log = { ...silentLog, debug: (line) => void lines.push(line) };

  beforeEach(() => {
    lines.length = 0;
  });

  test('has each event where it is asked to', async () => {
    const cyrus = await connected({ ...log, isLevelEnabled: (level) => level === 'debug' });
    await push(cyrus, notify('MailboxDelete') + notify('MailboxVanish') + notify('Login'), 3);
    expect(lines).toEqual([
      {
        event: 'cyrus-event',
        name: 'MailboxDelete',
        kind: 'changed',
        names: ['alice@example.jp'],
        reason: undefined,
      },
      {
        event: 'cyrus-event',
        name: 'MailboxVanish',
        kind: 'doubtful',
        names: undefined,
        reason: 'is not known',
      },
      { event: 'cyrus-event', name: 'Login', kind: 'other', names: undefined, reason: undefined },
    ]);
  });

  test('has none otherwise', async () => {
    await push(await connected(log), notify('MailboxDelete'), 1);
    expect(lines).toEqual([]);
  });
});

// The receiver over real UNIX sockets: what is applied, when it is answered, and what a stranger may do to it.
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { DlistCommand } from '../../src/cyrus/events/dlist.js';
import {
  DEFAULT_RECEIVER_LIMITS,
  EventReceiver,
  type EventEffects,
  type ReceiverLimits,
} from '../../src/cyrus/events/event-receiver.js';
import { silentLog } from '../../src/log/log.js';
import { DEFAULT_ADDRESS_RULES } from '../../src/validation/recipient.js';
import { afterwards, Peer, temporaryFolder, turns } from './socketmap-rig.js';

const OK = 'OK %()\r\n';

/** What was done, in order, and what each peer had been answered by then. */
let effects: string[];
let peers: Peer[];
let receiver: EventReceiver;
let path: string;
let failing: Error | undefined;
/** Another machine that has to forget too. */
let other: { readonly promise: Promise<void>; readonly done: () => void } | undefined;

/** Writes down what events do; what comes late is of the test before, and not of this one. */
function recorder(done: string[]): EventEffects {
  const effect = (what: string): void => {
    const answered = peers.map(({ received }) => received.length / OK.length).join(' ');
    done.push(`${what} after ${answered}`);
    if (failing !== undefined) throw failing;
  };
  return {
    forget: (mailbox) => effect(`forget ${mailbox}`),
    markOverQuota: (mailbox) => effect(`over ${mailbox}`),
    gap: (reason) => void done.push(`gap ${reason}`),
    expects: (server: string | undefined) => server !== 'stranger.test',
    handOn: ({ name, bytes }: DlistCommand) => effect(`hand on ${name} ${bytes.length}`),
    tell: () => other?.promise,
  };
}

async function listen(limits: Partial<ReceiverLimits> = {}): Promise<void> {
  effects = [];
  peers = [];
  failing = undefined;
  other = undefined;
  const made = new EventReceiver(recorder(effects), () => DEFAULT_ADDRESS_RULES, silentLog, {
    ...DEFAULT_RECEIVER_LIMITS,
    ...limits,
  });
  receiver = made;
  path = join(temporaryFolder(), 'events');
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => made.accept(socket));
  server.listen(path);
  await once(server, 'listening');
  afterwards(() => {
    made.close();
    server.close();
  });
}

async function connect(): Promise<Peer> {
  const peer = await Peer.connect({ kind: 'unix', path });
  peers.push(peer);
  return peer;
}

function notify(fields: object, eventClass = 'EVENT'): string {
  const message = JSON.stringify(fields);
  return (
    `NOTIFY %(METHOD external CLASS ${eventClass} PRIORITY NIL USER NIL MAILBOX NIL OPTIONS () ` +
    `MESSAGE {${message.length}+}\r\n${message} FILEPATH NIL)\r\n`
  );
}

function changed(user: string, event = 'MailboxCreate'): string {
  return notify({ event, uri: `imap://h/user/${user}%40example.jp` });
}

beforeEach(() => listen());

describe('an event', () => {
  test('is applied first, and answered then', async () => {
    const peer = await connect();
    peer.send(changed('alice'));
    expect(await peer.receives(OK)).toBe(OK);
    expect(effects).toEqual(['forget alice@example.jp after 0']);
  });

  test('in single bytes is answered after the last one', async () => {
    const peer = await connect();
    const bytes = changed('alice');
    for (const byte of bytes.slice(0, -1)) {
      peer.send(byte);
      await turns(2);
    }
    expect([peer.received, effects]).toEqual(['', []]);
    peer.send(bytes.slice(-1));
    expect(await peer.receives(OK)).toBe(OK);
    expect(effects).toHaveLength(1);
  });

  test('many on one connection are answered one by one, in order', async () => {
    const peer = await connect();
    const users = Array.from({ length: 500 }, (_, i) => `u${i}`);
    peer.send(users.map((user) => changed(user)).join(''));
    expect(await peer.receives(OK.repeat(500))).toBe(OK.repeat(500));
    expect(effects.map((what) => what.split(' ')[1])).toEqual(users.map((user) => `${user}@example.jp`));
  });

  test('that other machines are told of is answered when they have forgotten, and what follows after it', async () => {
    let done = (): void => undefined;
    const promise = new Promise<void>((resolve) => (done = resolve));
    other = { promise, done };
    const peer = await connect();
    peer.send(changed('alice') + changed('bob'));
    await turns(20);
    expect(effects).toEqual(['forget alice@example.jp after 0']);
    expect(peer.received).toBe('');
    other = undefined;
    done();
    expect(await peer.receives(OK.repeat(2))).toBe(OK.repeat(2));
    expect(effects.map((what) => what.split(' ')[1])).toEqual(['alice@example.jp', 'bob@example.jp']);
  });

  test('over quota is a mark, not a change', async () => {
    const peer = await connect();
    peer.send(changed('alice', 'QuotaExceed'));
    await peer.receives(OK);
    expect(effects).toEqual(['over alice@example.jp after 0']);
  });

  test('of a server that is not expected is answered, and a gap', async () => {
    const peer = await connect();
    const uri = 'imap://stranger.test/user/alice%40example.jp;UIDVALIDITY=1';
    peer.send(notify({ event: 'MailboxCreate', uri, serverFQDN: 'stranger.test' }));
    expect(await peer.receives(OK)).toBe(OK);
    expect(effects).toEqual([expect.stringMatching(/^gap .*MailboxCreate.*not expected$/)]);
  });

  test('of another class is answered, handed on as it came, and does nothing else', async () => {
    const peer = await connect();
    const sieve = notify({ text: 'you have mail' }, 'SIEVE');
    peer.send(sieve);
    expect(await peer.receives(OK)).toBe(OK);
    expect(effects).toEqual([`hand on NOTIFY ${sieve.length} after 0`]);
  });

  test('of no concern is answered and not handed on', async () => {
    const peer = await connect();
    peer.send(changed('alice', 'MailboxModseq'));
    expect(await peer.receives(OK)).toBe(OK);
    expect(effects).toEqual([]);
    expect([...receiver.counts]).toEqual([['MailboxModseq', 1]]);
  });

  test('is answered even where the peer has sent its end already', async () => {
    const peer = await connect();
    peer.socket.end(changed('alice'));
    expect(await peer.ended()).toBe(OK);
    await peer.closed();
    expect(effects).toEqual(['forget alice@example.jp after 0']);
  });
});

describe('what is not understood is answered all the same, and a gap', () => {
  test('an event that nobody knows', async () => {
    const peer = await connect();
    peer.send(notify({ event: 'MailboxVanish' }) + changed('bob'));
    expect(await peer.receives(OK + OK)).toBe(OK + OK);
    expect(effects).toEqual(['gap event MailboxVanish is not known', 'forget bob@example.jp after 0']);
  });

  test('no dlist: nothing more is read of that connection', async () => {
    const peer = await connect();
    peer.send(`GET / HTTP/1.0\r\n${changed('alice')}`);
    expect(await peer.closed()).toBe(OK);
    expect(effects).toEqual(['gap dlist has " HTTP/1.0" at byte 5: must be the end']);
  });

  test('a command over the limit, before it is whole', async () => {
    await listen({ maxCommandBytes: 100 });
    const peer = await connect();
    peer.send('NOTIFY %(MESSAGE {100000+}\r\n');
    expect(await peer.closed()).toBe(OK);
    expect(effects).toEqual(['gap dlist command has over 100 bytes']);
  });

  test('an effect that throws', async () => {
    failing = new TypeError('a mistake of ours');
    const peer = await connect();
    peer.send(changed('alice'));
    expect(await peer.closed()).toBe(OK);
    expect(effects).toEqual(['forget alice@example.jp after 0', 'gap a mistake of ours']);
  });

  test('a connection that ends within an event', async () => {
    const [ended, destroyed] = [await connect(), await connect()];
    ended.socket.end(changed('alice').slice(0, 50));
    expect(await ended.closed()).toBe('');
    destroyed.send(changed('alice').slice(0, 50));
    await turns();
    destroyed.socket.destroy();
    await turns();
    expect(effects).toEqual(Array(2).fill('gap a connection ended within an event'));
  });

  test('a connection that ends within an event while the answer to the one before waits for other machines', async () => {
    let done = (): void => undefined;
    const promise = new Promise<void>((resolve) => (done = resolve));
    other = { promise, done };
    const peer = await connect();
    peer.send(changed('alice') + changed('bob').slice(0, 50));
    await turns(20);
    peer.socket.destroy();
    await turns(20);
    done();
    await turns(20);
    expect(effects).toEqual(['forget alice@example.jp after 0', 'gap a connection ended within an event']);
  });

  test('a connection that stops within an event, after the idle timeout', async () => {
    await listen({ idleTimeoutMs: 50 });
    const peer = await connect();
    peer.send('NOTIFY %(');
    expect(await peer.closed()).toBe('');
    await turns();
    expect(effects).toEqual(['gap a connection ended within an event']);
  });
});

describe('limits', () => {
  test('a connection that sends a byte now and then is closed after the idle timeout all the same', async () => {
    await listen({ idleTimeoutMs: 100 });
    const peer = await connect();
    const drip = setInterval(() => peer.send('x'), 20);
    afterwards(() => clearInterval(drip));
    await peer.closed();
    clearInterval(drip);
    await turns();
    expect(effects).toEqual(['gap a connection ended within an event']);
  });

  test('a connection that sends nothing is closed after the idle timeout, which is no gap', async () => {
    await listen({ idleTimeoutMs: 50 });
    expect(await (await connect()).closed()).toBe('');
    await turns();
    expect(effects).toEqual([]);
  });

  test('one connection too many is closed, and a gap; afterwards there is room again', async () => {
    await listen({ maxConnections: 2 });
    const [one, two] = [await connect(), await connect()];
    expect(await (await connect()).closed()).toBe('');
    expect(effects).toEqual(['gap over 2 connections push events']);
    one.socket.end();
    await one.closed();
    const fourth = await connect();
    fourth.send(changed('alice'));
    expect(await fourth.receives(OK)).toBe(OK);
    two.send(changed('bob'));
    expect(await two.receives(OK)).toBe(OK);
  });

  test('who takes no answers is read no further', async () => {
    const peer = await connect();
    peer.socket.pause();
    const bytes = changed('alice', 'Login').repeat(1000);
    // The kernel's buffers take some megabytes of events and a lot of answers.
    let sent = 0;
    while (peer.socket.write(bytes) && sent < 200_000) {
      sent += 1000;
      await turns(5);
    }
    await turns(100);
    const counted = receiver.counts.get('Login') ?? 0;
    await turns(100);
    expect(receiver.counts.get('Login')).toBe(counted);
    expect(sent).toBeLessThan(200_000);
    peer.socket.resume();
    await once(peer.socket, 'drain');
    await peer.receives(OK.repeat(sent));
    expect(effects).toEqual([]);
  });

  test('names of events are counted up to a number', async () => {
    const peer = await connect();
    for (let i = 0; i < 150; i++) peer.send(notify({ text: '' }, `C${i}`));
    await peer.receives(OK.repeat(150));
    expect(receiver.counts.size).toBe(100);
    peer.send(notify({ text: '' }, 'C1') + notify({ text: '' }, 'C149'));
    await peer.receives(OK.repeat(152));
    expect([receiver.counts.get('C1'), receiver.counts.get('C149')]).toEqual([2, undefined]);
  });
});

test('the end closes what is open', async () => {
  const peer = await connect();
  await turns();
  receiver.close();
  expect(await peer.closed()).toBe('');
});

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Connection, type ReplyParser } from '../../../../src/cyrus/wire/connection.js';
import type { Endpoint } from '../../../../src/net/endpoint.js';
import { DeadlineError, ProtocolError, UnavailableError } from '../../../../src/errors.js';

const TIMEOUT_MS = 10_000;
const FOR_LONG = { silenceMs: TIMEOUT_MS, totalMs: 60 * TIMEOUT_MS };

/** Every line is a reply; `bad` is none. */
class LineParser implements ReplyParser<string> {
  #text = '';

  get pending(): boolean {
    return this.#text !== '';
  }

  feed(chunk: Buffer): void {
    this.#text += chunk.toString('latin1');
  }

  next(): string | undefined {
    const end = this.#text.indexOf('\n');
    if (end === -1) return undefined;
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    if (line === 'bad') throw new ProtocolError('a broken reply');
    return line;
  }
}

let folder: string;
let server: Server;
let endpoint: Endpoint;
let peers: Socket[];
let connections: Connection<string>[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  folder = mkdtempSync(join(tmpdir(), 'connection-'));
  endpoint = { kind: 'unix', path: join(folder, 's') };
  peers = [];
  connections = [];
  server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    peers.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(join(folder, 's'), resolve));
});

afterEach(async () => {
  for (const connection of connections) connection.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  for (const peer of peers) peer.destroy();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

/** A connection, and the peer's side of it. */
async function connected(): Promise<{ connection: Connection<string>; peer: Socket }> {
  const accepted = once(server, 'connection');
  const connection = await Connection.open(endpoint, new LineParser(), TIMEOUT_MS);
  connections.push(connection);
  await accepted;
  const peer = peers.at(-1);
  if (peer === undefined) throw new Error('nobody was accepted');
  return { connection, peer };
}

/** What vi.waitUntil() does, but without letting time pass. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

/** Converses until so many replies are there. */
async function converse(connection: Connection<string>, bytes: string, count: number): Promise<string[]> {
  const replies: string[] = [];
  const take = (reply: string): 'more' | 'done' => (replies.push(reply) === count ? 'done' : 'more');
  await connection.converse(bytes, take, TIMEOUT_MS);
  return replies;
}

async function received(peer: Socket, bytes: string): Promise<void> {
  let text = '';
  while (text !== bytes) {
    const [chunk] = await once(peer, 'data');
    text += String(chunk);
  }
}

/** Lets what was written to a local socket arrive. */
async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('connecting', () => {
  test('nobody listens', async () => {
    await new Promise((resolve) => server.close(resolve));
    const opening = Connection.open(endpoint, new LineParser(), TIMEOUT_MS);
    await expect(opening).rejects.toThrow(UnavailableError);
    await expect(opening).rejects.toThrow(/no connection to unix:.*: connect E/);
  });

  test('a host with several network addresses: each one’s reason is told', async () => {
    const port = await freePort();
    const opening = Connection.open({ kind: 'inet', host: 'localhost', port }, new LineParser(), TIMEOUT_MS);
    await expect(opening).rejects.toThrow(
      new RegExp(`^no connection to inet:${port}@localhost: connect ECONNREFUSED`),
    );
  });

  test('within the timeout or not at all', async () => {
    // Nothing can be awaited of a network address that answers nobody, so the clock passes at once.
    const opening = Connection.open({ kind: 'inet', host: '127.0.0.1', port: 9 }, new LineParser(), 0);
    vi.advanceTimersByTime(0);
    await expect(opening).rejects.toThrow(DeadlineError);
    await expect(opening).rejects.toThrow('no connection to inet:9@127.0.0.1 within 0 ms');
  });
});

describe('a conversation', () => {
  test('gives each reply to the taker until it is done, one conversation after the other', async () => {
    const { connection, peer } = await connected();
    const first = converse(connection, 'one\n', 2);
    await received(peer, 'one\n');
    peer.write('a\nb\n');
    expect(await first).toEqual(['a', 'b']);
    const second = converse(connection, 'two\n', 1);
    await received(peer, 'two\n');
    peer.write('c\n');
    expect(await second).toEqual(['c']);
    expect(connection.botched).toBe(false);
  });

  test('whatever way the bytes arrive in', async () => {
    const { connection, peer } = await connected();
    const replies = converse(connection, '', 2);
    for (const byte of 'one\ntwo\n') {
      peer.write(byte);
      await turns();
    }
    expect(await replies).toEqual(['one', 'two']);
  });

  test('bytes go out as they are: a character a byte', async () => {
    const { connection, peer } = await connected();
    const replies = converse(connection, 'a\xfc\n', 1);
    const [chunk] = await once(peer, 'data');
    expect(chunk).toEqual(Buffer.from([0x61, 0xfc, 0x0a]));
    peer.write('ok\n');
    await replies;
  });

  test('one at a time', async () => {
    const { connection, peer } = await connected();
    const first = converse(connection, '', 1);
    await expect(converse(connection, '', 1)).rejects.toThrow('a conversation is already under way');
    peer.write('a\n');
    expect(await first).toEqual(['a']);
  });

  test('without the last reply ends at its timeout, and botches the connection', async () => {
    const { connection, peer } = await connected();
    const replies = converse(connection, '', 2);
    peer.write('a\n');
    await turns();
    vi.advanceTimersByTime(TIMEOUT_MS - 1);
    expect(connection.botched).toBe(false);
    vi.advanceTimersByTime(1);
    await expect(replies).rejects.toThrow(DeadlineError);
    expect(connection.botched).toBe(true);
    await once(peer.resume(), 'end');
  });

  test('whose reply comes after the timeout: nobody gets it', async () => {
    const { connection, peer } = await connected();
    const first = converse(connection, '', 1);
    vi.advanceTimersByTime(TIMEOUT_MS);
    await expect(first).rejects.toThrow(DeadlineError);
    peer.write('late\n');
    await expect(converse(connection, '', 1)).rejects.toThrow(DeadlineError);
  });
});

describe('a stream', () => {
  test('may last as long as it goes on', async () => {
    const { connection, peer } = await connected();
    const replies: string[] = [];
    const all = connection.stream('go\n', (reply) => (replies.push(reply) === 5 ? 'done' : 'more'), FOR_LONG);
    for (const line of ['a', 'b', 'c', 'd', 'e']) {
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 1);
      peer.write(`${line}\n`);
      await until(() => replies.includes(line));
    }
    await all;
    expect(replies).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('in one piece is taken in several turns, so that others have theirs', async () => {
    const { connection, peer } = await connected();
    const taken: number[] = [];
    let turn = 0;
    const streamed = connection.stream(
      'go\n',
      (line) => {
        taken.push(turn);
        return line === 'done' ? 'done' : 'more';
      },
      FOR_LONG,
    );
    await received(peer, 'go\n');
    peer.write(`${'line\n'.repeat(1000)}done\n`);
    while (taken.length < 1001) {
      await turns();
      turn += 1;
    }
    await streamed;
    expect(Math.max(...taken.map((at) => taken.filter((other) => other === at).length))).toBeLessThan(1001);
  });

  test('whose peer closes right behind its end is whole', async () => {
    const { connection, peer } = await connected();
    let taken = 0;
    const streamed = connection.stream('go\n', () => (++taken === 1001 ? 'done' : 'more'), FOR_LONG);
    await received(peer, 'go\n');
    peer.end('line\n'.repeat(1001));
    await streamed;
    expect(taken).toBe(1001);
  });

  test('with more behind its end is botched, in whatever turn that is found', async () => {
    const { connection, peer } = await connected();
    let taken = 0;
    const streamed = connection.stream('go\n', () => (++taken === 500 ? 'done' : 'more'), FOR_LONG);
    await received(peer, 'go\n');
    peer.write('line\n'.repeat(501));
    await expect(streamed).rejects.toThrow('a reply too many');
    expect(connection.botched).toBe(true);
  });

  test('that never ends is ended, however busy it is', async () => {
    const { connection, peer } = await connected();
    let taken = 0;
    const all = connection.stream('go\n', () => (taken++, 'more'), FOR_LONG);
    const failed = expect(all).rejects.toThrow('no end of the reply within 600000 ms');
    for (let passed = 0; passed < FOR_LONG.totalMs; passed += TIMEOUT_MS / 2) {
      peer.write('line\n');
      await until(() => taken > passed / (TIMEOUT_MS / 2));
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS / 2);
    }
    await failed;
    expect(connection.botched).toBe(true);
  });

  test('that falls silent ends at its timeout', async () => {
    const { connection, peer } = await connected();
    const replies: string[] = [];
    const all = connection.stream('go\n', (reply) => (replies.push(reply), 'more'), FOR_LONG);
    const failed = expect(all).rejects.toThrow(DeadlineError);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 1);
    peer.write('a\nhalf');
    await until(() => replies.length === 1);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    await failed;
    expect(connection.botched).toBe(true);
  });
});

describe('the first surprise botches the connection', () => {
  const failing: [string, (peer: Socket) => void, RegExp][] = [
    ['a broken reply', (peer) => peer.write('bad\n'), /a broken reply/],
    ['a reply too many', (peer) => peer.write('a\nb\nc\n'), /a reply too many/],
    ['the beginning of one', (peer) => peer.write('a\nb\nc'), /a reply too many/],
    ['the end', (peer) => peer.end(), /closed by the peer/],
    ['the end in the middle of a reply', (peer) => peer.end('a\nb'), /closed by the peer/],
  ];
  test.each(failing)('in a conversation: %s', async (_, surprise, message) => {
    const { connection, peer } = await connected();
    const replies = converse(connection, '', 2);
    surprise(peer);
    await expect(replies).rejects.toThrow(message);
    expect(connection.botched).toBe(true);
    await expect(converse(connection, 'more\n', 1)).rejects.toThrow(message);
  });

  const idle: [string, (peer: Socket) => void, RegExp][] = [
    ['a reply that nobody asked for', (peer) => peer.write('a\n'), /nobody asked for/],
    ['half a reply', (peer) => peer.write('a'), /nobody asked for/],
    ['the end', (peer) => peer.end(), /closed by the peer/],
    ['last words and the end', (peer) => peer.end('421 4.4.1 bye\n'), /nobody asked for/],
    ['a reset', (peer) => peer.destroy(), /connection (lost|closed)/],
  ];
  test.each(idle)('between conversations: %s', async (_, surprise, message) => {
    const { connection, peer } = await connected();
    surprise(peer);
    await vi.waitUntil(() => connection.botched, { interval: 1 });
    await expect(converse(connection, 'more\n', 1)).rejects.toThrow(message);
  });

  test('what the taker throws', async () => {
    const { connection, peer } = await connected();
    const talk = connection.converse(
      '',
      () => {
        throw new UnavailableError('lmtpd said 421');
      },
      TIMEOUT_MS,
    );
    peer.write('421\n');
    await expect(talk).rejects.toThrow('lmtpd said 421');
    expect(connection.botched).toBe(true);
  });
});

describe('closing', () => {
  test('says its last words where it is idle', async () => {
    const { connection, peer } = await connected();
    connection.close('quit\n');
    expect(connection.botched).toBe(true);
    await received(peer, 'quit\n');
    peer.end('bye\n');
    await once(peer, 'close');
    await turns();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a peer that does not take them is left', async () => {
    const { connection, peer } = await connected();
    connection.close('quit\n');
    await received(peer, 'quit\n');
    vi.advanceTimersByTime(1000);
    peer.resume();
    await vi.waitUntil(() => peer.destroyed || peer.readableEnded, { interval: 1 });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('in a conversation it ends at once, without them', async () => {
    const { connection, peer } = await connected();
    const replies = converse(connection, '', 1);
    connection.close('quit\n');
    await expect(replies).rejects.toThrow(UnavailableError);
    let text = '';
    peer.on('data', (chunk) => (text += String(chunk)));
    await once(peer, 'end');
    expect(text).toBe('');
  });

  test('twice is no harm', async () => {
    const { connection } = await connected();
    connection.close();
    connection.close('quit\n');
    await expect(converse(connection, '', 1)).rejects.toThrow('connection closed');
  });
});

/** A port of this machine that nobody listens on. */
async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

test('a handshake begins at once: nothing that comes behind the reply to STARTTLS is taken for clear text', async () => {
  const connection = await Connection.open(endpoint, new LineParser(), TIMEOUT_MS);
  connections.push(connection);
  let begun = false;
  const secured = connection.secure(
    {
      mode: 'starttls',
      serverName: 'cyrus',
      context: createSecureContext(),
      handshake: () => {
        begun = true;
        return Promise.reject(new UnavailableError('no TLS'));
      },
    },
    TIMEOUT_MS,
  );
  expect(begun).toBe(true);
  await expect(secured).rejects.toThrow('no TLS');
});

// The client that the package exports, against our own server and against servers that misbehave.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  SocketmapClient,
  SocketmapError,
  type SocketmapClientOptions,
} from '../../src/client/socketmap-client.js';
import { formatEndpoint } from '../../src/net/endpoint.js';
import { afterwards, reply, startRig, temporaryFolder, turns } from './socketmap-rig.js';

type Hand = { readonly endpoint: string; readonly sockets: Socket[]; readonly stop: () => Promise<void> };

/** A server that does as it is told with each connection; `count` is 1 for the first. */
async function hand(
  accepted: (socket: Socket, count: number) => void,
  path = join(temporaryFolder(), 's'),
): Promise<Hand> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    accepted(socket, sockets.push(socket));
  }).listen(path);
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  afterwards(stop);
  return { endpoint: `unix:${path}`, sockets, stop };
}

function clientOf(endpoint: string, options?: SocketmapClientOptions): SocketmapClient {
  const client = new SocketmapClient(endpoint, options);
  afterwards(() => client.destroy());
  return client;
}

/** Echoes every key, as many as come in one piece. */
function echoing(socket: Socket): void {
  socket.on('data', (chunk) => {
    for (const [, key = ''] of chunk.toString('latin1').matchAll(/\d+:\S+ (.*?),/g))
      socket.write(reply(key), 'latin1');
  });
}

const failing = (code: string): unknown => expect.objectContaining({ name: 'SocketmapError', code });

describe('SocketmapClient', () => {
  test.each([undefined, 'inet:0@127.0.0.1', 'inet6:0@::1'])('asks our server, over %s', async (listen) => {
    const { endpoint } = await startRig({}, listen);
    const client = clientOf(formatEndpoint(endpoint));
    expect(await client.lookup('alice@example.jp')).toEqual({ status: 'OK', text: 'alice@example.jp' });
    expect(await client.lookup('nobody')).toEqual({ status: 'NOTFOUND', text: 'Mailbox does not exist' });
    expect(await client.lookup('müller@例え.jp')).toEqual({ status: 'OK', text: 'müller@例え.jp' });
  });

  test('gives each lookup its own reply, where many are made at once on one connection', async () => {
    const { endpoint, lookup, server } = await startRig();
    const client = clientOf(formatEndpoint(endpoint));
    const keys = Array.from({ length: 200 }, (_, i) => (i % 5 === 0 ? `later${i}` : `key${i}`));
    const replies = Promise.all(keys.map((key) => client.lookup(key)));
    await lookup.hasAsked(20);
    lookup.answer(...lookup.asked.toReversed());
    await lookup.hasAsked(40);
    lookup.answer(...lookup.asked.toReversed());
    expect((await replies).map(({ text }) => text)).toEqual(keys);
    expect(server.counters.accepted).toBe(1);
  });

  test('asks another map where a lookup names one', async () => {
    const asked: string[] = [];
    const { endpoint } = await hand((socket) => {
      socket.on('data', (chunk) => {
        asked.push(chunk.toString('latin1'));
        socket.write('4:OK a,');
      });
    });
    const client = clientOf(endpoint, { map: 'virtual' });
    await client.lookup('k');
    await client.lookup('k', { map: 'aliases' });
    expect(asked).toEqual(['9:virtual k,', '9:aliases k,']);
  });

  test('asks again on a new connection where the server closed the first', async () => {
    const { endpoint, sockets } = await hand((socket, count) =>
      count === 1 ? socket.once('data', () => socket.end()) : echoing(socket),
    );
    const client = clientOf(endpoint);
    const replies = await Promise.all(['a', 'b', 'c'].map((key) => client.lookup(key)));
    expect(replies.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
    expect(sockets).toHaveLength(2);
  });

  test('gives up where the connection is closed twice', async () => {
    const { endpoint, sockets } = await hand((socket) => socket.once('data', () => socket.end()));
    await expect(clientOf(endpoint).lookup('a')).rejects.toEqual(failing('unavailable'));
    expect(sockets).toHaveLength(2);
  });

  test('connects anew after the server was away, and says so meanwhile', async () => {
    const path = join(temporaryFolder(), 's');
    const first = await hand(echoing, path);
    const client = clientOf(first.endpoint);
    expect((await client.lookup('a')).text).toBe('a');
    await first.stop();
    await expect(client.lookup('b')).rejects.toEqual(failing('unavailable'));
    await hand(echoing, path);
    expect((await client.lookup('c')).text).toBe('c');
  });

  test('rejects what is not answered in time, and asks on another connection then', async () => {
    const { endpoint, sockets } = await hand((socket, count) =>
      count === 1 ? socket.resume() : echoing(socket),
    );
    const client = clientOf(endpoint, { timeoutMs: 30 });
    await expect(client.lookup('a')).rejects.toEqual(failing('timeout'));
    while (sockets.some((socket) => !socket.readableEnded)) await turns();
    expect((await client.lookup('b')).text).toBe('b');
  });

  test('asks again what had to wait behind a reply that never came', async () => {
    const { endpoint } = await hand((socket, count) => (count === 1 ? socket.resume() : echoing(socket)));
    const client = clientOf(endpoint, { timeoutMs: 300 });
    const first = client.lookup('a');
    const late = expect(first).rejects.toEqual(failing('timeout'));
    await new Promise((resolve) => setTimeout(resolve, 150));
    const second = client.lookup('b');
    await late;
    expect((await second).text).toBe('b');
  });

  test('rejects with the reason of the signal, and keeps the order of the others', async () => {
    const { endpoint, lookup } = await startRig();
    const client = clientOf(formatEndpoint(endpoint));
    const abort = new AbortController();
    const [first, second] = [client.lookup('later1', { signal: abort.signal }), client.lookup('later2')];
    await lookup.hasAsked(1);
    const reason = new Error('the session has ended');
    abort.abort(reason);
    await expect(first).rejects.toBe(reason);
    await lookup.hasAsked(2);
    lookup.answer('later1', 'later2');
    expect((await second).text).toBe('later2');
    await expect(client.lookup('k', { signal: abort.signal })).rejects.toBe(reason);
    expect((await client.lookup('k', { signal: new AbortController().signal })).text).toBe('k');
  });

  test('lets so many wait and no more, those included whose reply is still owed', async () => {
    const { endpoint, lookup } = await startRig();
    const client = clientOf(formatEndpoint(endpoint), { maxWaiting: 2 });
    const abort = new AbortController();
    const first = client.lookup('later1', { signal: abort.signal });
    const second = client.lookup('later2');
    await lookup.hasAsked(2);
    abort.abort();
    await expect(first).rejects.toThrow('aborted');
    await expect(client.lookup('k')).rejects.toEqual(failing('full'));
    lookup.answer('later1', 'later2');
    await second;
    await turns();
    expect((await client.lookup('k')).text).toBe('k');
  });

  test.each([
    ['no netstring', 'OK alice\r\n'],
    ['an unknown status', '8:FINE bob,'],
    ['an OK without a value', '2:OK,'],
  ])('does not believe %s, nor ask there again', async (_, bytes) => {
    const { endpoint, sockets } = await hand((socket) => socket.once('data', () => socket.write(bytes)));
    await expect(clientOf(endpoint).lookup('a')).rejects.toEqual(failing('protocol'));
    expect(sockets).toHaveLength(1);
  });

  test('answers what was asked, takes nothing more and closes', async () => {
    const { endpoint, lookup, server } = await startRig();
    const client = clientOf(formatEndpoint(endpoint));
    const open = client.lookup('later');
    await lookup.hasAsked(1);
    const closed = client.close();
    await expect(client.lookup('k')).rejects.toEqual(failing('closed'));
    lookup.answer('later');
    expect((await open).text).toBe('later');
    await closed;
    await client.close();
    while (server.connections > 0) await turns();
  });

  test('rejects what waits when it is destroyed, also while it connects', async () => {
    const { endpoint, sockets } = await hand((socket) => socket.resume());
    const client = clientOf(endpoint);
    const open = client.lookup('a');
    client.destroy();
    await expect(open).rejects.toEqual(failing('closed'));
    await client.close();
    while (sockets.some((socket) => !socket.readableEnded)) await turns();
  });

  test('closes without having connected', async () => {
    await clientOf('unix:/nowhere/socket').close();
  });

  test.each([
    ['/var/run/s', {}, 'endpoint is "/var/run/s": must be unix:/path'],
    ['unix:/s', { map: 'a b' }, 'map is "a b": must have no space'],
    ['unix:/s', { timeoutMs: 0 }, 'timeoutMs is 0: must be a whole number from 1 to 600000'],
    ['unix:/s', { maxWaiting: 1.5 }, 'maxWaiting is 1.5: must be a whole number from 1 to 1000000'],
  ])('refuses %s with %j', (endpoint, options, message) => {
    const making = (): SocketmapClient => new SocketmapClient(endpoint, options);
    expect(making).toThrow(message);
    expect(making).toThrow(SocketmapError);
  });

  test('refuses keys and maps that cannot be asked for, and goes on', async () => {
    const client = clientOf(formatEndpoint((await startRig()).endpoint));
    await expect(client.lookup('k'.repeat(5_000))).rejects.toEqual(failing('invalid'));
    await expect(client.lookup('k', { map: 'a b' })).rejects.toEqual(failing('invalid'));
    expect((await client.lookup('k')).text).toBe('k');
  });
});

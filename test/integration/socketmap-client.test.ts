import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Endpoint } from '../../src/net/endpoint.js';
import { DeadlineError, ProtocolError, UnavailableError } from '../../src/errors.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { afterwards, startRig, temporaryFolder, turns } from './socketmap-rig.js';

/** A server that does as it is told with each connection. */
async function fake(accepted: (socket: Socket) => void): Promise<Endpoint> {
  const path = join(temporaryFolder(), 's');
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    accepted(socket);
  }).listen(path);
  await once(server, 'listening');
  afterwards(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { kind: 'unix', path };
}

function saying(bytes: string): (socket: Socket) => void {
  return (socket) => socket.once('data', () => socket.write(bytes, 'latin1'));
}

async function clientOf(endpoint: Endpoint, timeoutMs?: number): Promise<SocketmapConnection> {
  const client = await SocketmapConnection.connect(endpoint, timeoutMs);
  afterwards(() => client.close());
  return client;
}

describe('SocketmapConnection', () => {
  test.each([undefined, 'inet:0@127.0.0.1', 'inet6:0@::1'])('asks our server, over %s', async (listen) => {
    const { endpoint } = await startRig({}, listen);
    const client = await clientOf(endpoint);
    expect(await client.lookup('cyrus', 'alice@example.jp')).toEqual({
      status: 'OK',
      text: 'alice@example.jp',
    });
    expect(await client.lookup('', 'nobody')).toEqual({ status: 'NOTFOUND', text: 'Mailbox does not exist' });
    expect(await client.lookup('cyrus', '\xff a')).toEqual({ status: 'OK', text: '\xff a' });
  });

  test('gives each question its own answer, where many are asked at once', async () => {
    const { endpoint, lookup } = await startRig();
    const client = await clientOf(endpoint);
    const keys = Array.from({ length: 50 }, (_, i) => (i % 5 === 0 ? `later${i}` : `key${i}`));
    const replies = Promise.all(keys.map((key) => client.lookup('cyrus', key)));
    await lookup.hasAsked(10);
    lookup.answer(...lookup.asked.toReversed());
    expect((await replies).map(({ text }) => text)).toEqual(keys);
  });

  test('takes an answer that comes in pieces', async () => {
    const endpoint = await fake((socket) => socket.once('data', () => void inPieces(socket)));
    async function inPieces(socket: Socket): Promise<void> {
      for (const byte of '9:NOTFOUND ,') {
        socket.write(byte);
        await turns(1);
      }
    }
    expect(await (await clientOf(endpoint)).lookup('m', 'k')).toEqual({ status: 'NOTFOUND', text: '' });
  });

  test.each([
    ['no netstring', 'OK alice\r\n'],
    ['a missing comma', '8:OK alice;'],
    ['an unknown status', '8:FINE bob,'],
    ['an OK without a value', '2:OK,'],
    ['a length without end', '999999999'],
  ])('refuses %s', async (_, bytes) => {
    const client = await clientOf(await fake(saying(bytes)));
    expect(client.ended).toBe(false);
    const refused = client.lookup('m', 'k');
    await expect(refused).rejects.toThrow(ProtocolError);
    await expect(refused).rejects.toMatchObject({ cause: expect.any(ProtocolError) as ProtocolError });
    await expect(client.lookup('m', 'k')).rejects.toThrow(ProtocolError);
    expect(client.ended).toBe(true);
  });

  test('refuses an answer that nobody asked for', async () => {
    const client = await clientOf(await fake(saying('4:OK a,4:OK b,')));
    expect(await client.lookup('m', 'k')).toEqual({ status: 'OK', text: 'a' });
    await turns();
    await expect(client.lookup('m', 'k')).rejects.toThrow('a reply that nobody asked for');
  });

  test('gives up after its timeout, and closes so that a late answer cannot go astray', async () => {
    let gone: Promise<unknown> | undefined;
    const endpoint = await fake((socket) => {
      socket.resume();
      gone = once(socket, 'close');
    });
    const client = await clientOf(endpoint, 20);
    const [first, second] = [client.lookup('m', 'k1'), client.lookup('m', 'k2')];
    await expect(first).rejects.toThrow(DeadlineError);
    await expect(second).rejects.toThrow(DeadlineError);
    await expect(client.lookup('m', 'k3')).rejects.toThrow('did not answer within 20 ms');
    await gone;
  });

  test('says that the server closed the connection', async () => {
    const client = await clientOf(await fake((socket) => socket.once('data', () => socket.end())));
    await expect(client.lookup('m', 'k')).rejects.toThrow(UnavailableError);
    await expect(client.lookup('m', 'k')).rejects.toThrow(/closed the connection$/);
  });

  test('says why the connection was lost, where the system tells', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    afterwards(() => void server.close());
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('it listens on no port');
    const client = await clientOf({ kind: 'inet', host: '127.0.0.1', port: address.port });
    const lost = client.lookup('m', 'k');
    await expect(lost).rejects.toThrow(/closed the connection: .*ECONNRESET/);
    await expect(lost).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  });

  test('keeps the process going while something is asked, and only then', async () => {
    const { endpoint, lookup } = await startRig();
    const client = await clientOf(endpoint);
    const going = (): number => process.getActiveResourcesInfo().filter((each) => each === 'PipeWrap').length;
    await turns();
    const idle = going();
    const replies = [client.lookup('m', 'later1'), client.lookup('m', 'later2')];
    await lookup.hasAsked(2);
    expect(going()).toBe(idle + 1);
    lookup.answer('later1');
    await replies[0];
    expect(going()).toBe(idle + 1);
    lookup.answer('later2');
    await replies[1];
    expect(going()).toBe(idle);
  });

  test('says that nobody listens there', async () => {
    const path = join(temporaryFolder(), 'none');
    const connecting = SocketmapConnection.connect({ kind: 'unix', path });
    await expect(connecting).rejects.toThrow(UnavailableError);
    await expect(connecting).rejects.toThrow(/^unix:.*none cannot be asked: .*ENOENT/);
    await expect(connecting).rejects.toMatchObject({ cause: { code: 'ENOENT' } });
  });

  test('rejects what is open when it is closed', async () => {
    const client = await clientOf(await fake((socket) => socket.resume()));
    const open = client.lookup('m', 'k');
    client.close();
    await expect(open).rejects.toThrow(UnavailableError);
  });
});

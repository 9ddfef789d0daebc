import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isKnown, readInPlace } from '../../../src/net/read-in-place.js';
import { startReading, stopReading } from '../../../src/net/read-stop.js';

type Pair = { readonly socket: Socket; readonly peer: Socket };

/** Connections; what was accepted is handed over at once, before anything is read. */
async function connected(
  count: number,
  accepted: (socket: Socket) => void,
  kind: 'unix' | 'tcp' = 'unix',
): Promise<Pair[]> {
  const folder = mkdtempSync(join(tmpdir(), 'read-in-place-'));
  const path = join(folder, 's');
  const server = createServer({ allowHalfOpen: true }, accepted);
  server.listen(kind === 'unix' ? { path } : { port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const address = server.address();
  const to = typeof address === 'string' || address === null ? { path } : { port: address.port };
  const pairs: Pair[] = [];
  for (let i = 0; i < count; i++) {
    const came = once(server, 'connection') as Promise<[Socket]>;
    const peer = connect({ ...to, allowHalfOpen: true });
    const [socket] = await came;
    pairs.push({ socket, peer });
  }
  onTestFinished(() => {
    for (const { socket, peer } of pairs) for (const each of [socket, peer]) each.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });
  return pairs;
}

/** What came for each socket, a piece for each call; every piece is copied, since the next one overwrites it. */
function recorder() {
  const pieces = new Map<Socket, Buffer[]>();
  const rooms = new Set<Buffer>();
  const results: boolean[] = [];
  const data: unknown[] = [];
  function take(this: Socket, length: number, room: Buffer): boolean {
    rooms.add(room);
    pieces.set(this, [...(pieces.get(this) ?? []), Buffer.from(room.subarray(0, length))]);
    return true;
  }
  return {
    rooms,
    results,
    data,
    take,
    of: (socket: Socket) => Buffer.concat(pieces.get(socket) ?? []),
    piecesOf: (socket: Socket) => (pieces.get(socket) ?? []).map((piece) => piece.toString('latin1')),
    accepted: (socket: Socket): void => {
      results.push(readInPlace(socket, take));
    },
  };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('all that two sockets are sent comes for the right one, in order, in one buffer, while each of them goes on', async () => {
  const came = recorder();
  const pairs = await connected(2, came.accepted);
  expect(came.results).toEqual([true, true]);
  const sent = ['abcdefg', 'hijklmnopqr'].map((text) => Buffer.alloc(300_000, text));
  for (const [i, bytes] of sent.entries()) pairs[i]?.peer.end(bytes);
  await Promise.all(pairs.map(({ socket }) => once(socket, 'end')));
  expect(pairs.map(({ socket }, i) => sent[i]?.equals(came.of(socket)))).toEqual([true, true]);
  expect(came.rooms.size).toBe(1);
});

test('a socket of which both sides have sent their FIN is closed', async () => {
  const came = recorder();
  const [pair] = await connected(1, came.accepted);
  if (pair === undefined) throw new Error('there must be one');
  const { socket, peer } = pair;
  peer.end('last');
  await once(socket, 'end');
  expect([came.piecesOf(socket), socket.destroyed]).toEqual([['last'], false]);
  const closed = once(socket, 'close');
  socket.end('answer');
  const [answer] = (await once(peer, 'data')) as [Buffer];
  await closed;
  expect([answer.toString(), socket.readableEnded]).toEqual(['answer', true]);
});

test('a socket that is reset has an error, and is closed', async () => {
  const came = recorder();
  const [pair] = await connected(1, came.accepted, 'tcp');
  if (pair === undefined) throw new Error('there must be one');
  const { socket, peer } = pair;
  const errors: Error[] = [];
  socket.on('error', (error) => errors.push(error));
  const closed = once(socket, 'close').catch(() => undefined);
  peer.resetAndDestroy();
  await closed;
  await turns();
  expect(errors.map(({ message }) => message)).toEqual([expect.stringMatching('ECONNRESET')]);
  expect(socket.destroyed).toBe(true);
});

test('no event `data` comes, and reading can be stopped and started', async () => {
  const came = recorder();
  const [pair] = await connected(1, came.accepted);
  if (pair === undefined) throw new Error('there must be one');
  const { socket, peer } = pair;
  socket.on('data', (chunk) => came.data.push(chunk));
  peer.write('abc');
  await turns();
  stopReading(socket);
  for (const byte of 'def') {
    peer.write(byte);
    await turns();
  }
  expect(came.piecesOf(socket)).toEqual(['abc']);
  startReading(socket);
  await turns();
  expect([came.piecesOf(socket), came.data]).toEqual([['abc', 'def'], []]);
});

test('a socket without a handle is left as it was', () => {
  const { take } = recorder();
  const socket = new Socket();
  const before = Reflect.ownKeys(socket).map((name) => Reflect.get(socket, name) as unknown);
  expect(readInPlace(socket, take)).toBe(false);
  expect(Reflect.ownKeys(socket).map((name) => Reflect.get(socket, name) as unknown)).toEqual(before);
});

test('a Node that is newer than all that were tried reads as usual', () => {
  expect(['20.20.2', '26.12.1', '27.0.0', '100.1.0', ''].map(isKnown)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startReading, stopReading } from '../../../src/net/read-stop.js';

async function connected(): Promise<[Socket, Socket]> {
  const folder = mkdtempSync(join(tmpdir(), 'read-stop-'));
  const server = createServer();
  const path = join(folder, 's');
  server.listen(path);
  await once(server, 'listening');
  const peer = connect(path);
  const accepted = once(server, 'connection');
  await once(peer, 'connect');
  const [socket] = (await accepted) as [Socket];
  onTestFinished(() => {
    for (const each of [peer, socket]) each.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });
  return [socket, peer];
}

async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('what a socket is sent stays in the kernel from the moment that its reading is stopped, and comes in one piece', async () => {
  const [socket, peer] = await connected();
  const pieces: string[] = [];
  socket.on('data', (chunk: Buffer) => pieces.push(chunk.toString('latin1')));
  await turns();
  stopReading(socket);
  for (const byte of 'abc') {
    peer.write(byte);
    await turns();
  }
  expect([pieces, socket.bytesRead]).toEqual([[], 0]);
  startReading(socket);
  await once(socket, 'data');
  expect(pieces).toEqual(['abc']);
});

test('a socket without a handle is paused', () => {
  const socket = new Socket();
  socket.resume();
  stopReading(socket);
  expect(socket.isPaused()).toBe(true);
  startReading(socket);
  expect(socket.isPaused()).toBe(false);
});

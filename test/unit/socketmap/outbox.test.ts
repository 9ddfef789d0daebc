import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/socketmap/limits.js';
import { Outbox } from '../../../src/socketmap/outbox.js';

const LIMITS = { ...DEFAULT_LIMITS, writeTimeoutMs: 10_000, answerWithinMs: 29_000 };
const NOW = 1_000_000;

let server: Server;
let client: Socket;
let socket: Socket;
let outbox: Outbox;

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const address = server.address();
  client = connect(portOf(address), '127.0.0.1');
  client.pause();
  socket = await accepted;
  outbox = new Outbox(socket, LIMITS);
  // What is written waits here, as where the kernel takes no more.
  socket.cork();
});

afterEach(() => {
  client.destroy();
  socket.destroy();
  server.close();
});

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return address.port;
}

describe('what a peer does not take', () => {
  test('is overdue after the time that it has for it', () => {
    outbox.write('5:TEMP ,', NOW, NOW);
    expect(outbox.isOverdue(NOW + 9_999)).toBe(false);
    expect(outbox.isOverdue(NOW + 10_000)).toBe(true);
  });

  test('is overdue a second before its request is too old to be answered, if that comes first', () => {
    outbox.write('5:TEMP ,', NOW - 20_000, NOW);
    expect(outbox.isOverdue(NOW + 7_999)).toBe(false);
    expect(outbox.isOverdue(NOW + 8_000)).toBe(true);
  });

  test('gets no more time by what is written behind it', () => {
    outbox.write('5:TEMP ,', NOW, NOW);
    outbox.write('5:TEMP ,', NOW + 5_000, NOW + 5_000);
    expect(outbox.isOverdue(NOW + 10_000)).toBe(true);
  });

  test('gets no more time by the end of the connection', () => {
    // More than kernels keep for a peer that reads nothing.
    outbox.write('x'.repeat(32 * 1024 * 1024), NOW, NOW);
    outbox.end(NOW + 5_000, () => undefined);
    expect(outbox.empty).toBe(false);
    expect(outbox.isOverdue(NOW + 9_999)).toBe(false);
    expect(outbox.isOverdue(NOW + 10_000)).toBe(true);
  });
});

describe('what a peer has taken', () => {
  beforeEach(async () => {
    outbox.write('5:TEMP ,', NOW, NOW);
    expect(outbox.empty).toBe(false);
    const data = once(client, 'data');
    client.resume();
    socket.uncork();
    expect(String((await data)[0])).toBe('5:TEMP ,');
    expect(outbox.empty).toBe(true);
  });

  test('is never overdue', () => {
    expect(outbox.isOverdue(NOW + 1_000_000)).toBe(false);
  });

  test('takes no time from what comes later', () => {
    socket.cork();
    outbox.write('5:TEMP ,', NOW + 60_000, NOW + 60_000);
    expect(outbox.isOverdue(NOW + 69_999)).toBe(false);
    expect(outbox.isOverdue(NOW + 70_000)).toBe(true);
  });

  test('leaves as much time for our end', () => {
    expect(outbox.ended).toBe(false);
    outbox.end(NOW + 60_000, () => undefined);
    expect(outbox.ended).toBe(true);
    expect(outbox.isOverdue(NOW + 69_999)).toBe(false);
    expect(outbox.isOverdue(NOW + 70_000)).toBe(true);
  });
});

test('is full where the peer does not take as fast as it asks', () => {
  expect(outbox.full).toBe(false);
  outbox.write('x'.repeat(32 * 1024 * 1024), NOW, NOW);
  expect(outbox.full).toBe(true);
});

// Handing notifications on, over real UNIX sockets, to a receiver that does what the test wants.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { DlistForwarder, type ForwarderLimits } from '../../src/cyrus/events/dlist-forwarder.js';
import { afterwards, recordingLog, temporaryFolder, turns, type Line } from './socketmap-rig.js';

const OK = 'OK %()\r\n';

let path: string;
let lines: Line[];
/** Connections that the receiver has accepted, and all that came on each. */
let accepted: { readonly socket: Socket; received: string }[];
let onData: (socket: Socket) => void;

beforeEach(() => {
  path = join(temporaryFolder(), 'next');
  lines = [];
  accepted = [];
  onData = (socket) => socket.write(OK);
});

async function listen(): Promise<Server> {
  const server = createServer((socket) => {
    const connection = { socket, received: '' };
    accepted.push(connection);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      connection.received += chunk.toString('latin1');
      onData(socket);
    });
  });
  server.listen(path);
  await once(server, 'listening');
  afterwards(() => {
    server.close();
    for (const { socket } of accepted) socket.destroy();
  });
  return server;
}

function newForwarder(limits: Partial<ForwarderLimits> = {}): DlistForwarder {
  const forwarder = new DlistForwarder(path, recordingLog(lines), {
    maxWaiting: 1000,
    timeoutMs: 5000,
    ...limits,
  });
  afterwards(() => forwarder.close());
  return forwarder;
}

function handOn(forwarder: DlistForwarder, bytes: string): void {
  forwarder.handOn({ name: 'NOTIFY', value: null, bytes });
}

async function settled(forwarder: DlistForwarder, count: number): Promise<void> {
  while (forwarder.delivered + forwarder.dropped < count) await turns(1);
}

test('each is handed on as it came, byte for byte, in order, on a connection of its own', async () => {
  await listen();
  const forwarder = newForwarder();
  const commands = ['NOTIFY %(A \xff\x00)\r\n', 'NOTIFY %(B {2+}\r\nxx)\r\n', 'X y\r\n'];
  for (const bytes of commands) handOn(forwarder, bytes);
  await settled(forwarder, 3);
  expect(accepted.map(({ received }) => received)).toEqual(commands);
  expect([forwarder.delivered, forwarder.dropped, lines]).toEqual([3, 0, []]);
});

test('the next one waits for the answer to the one before', async () => {
  await listen();
  onData = () => undefined;
  const forwarder = newForwarder();
  handOn(forwarder, 'A 1\r\n');
  handOn(forwarder, 'B 2\r\n');
  while (accepted[0]?.received !== 'A 1\r\n') await turns(1);
  await turns();
  expect(accepted).toHaveLength(1);
  accepted[0].socket.write(OK);
  while (accepted[1]?.received !== 'B 2\r\n') await turns(1);
  expect([forwarder.delivered, forwarder.dropped]).toEqual([1, 0]);
});

describe('what cannot be delivered is dropped, counted and told once', () => {
  test('where nobody listens', async () => {
    const forwarder = newForwarder();
    for (let i = 0; i < 3; i++) handOn(forwarder, 'A 1\r\n');
    await settled(forwarder, 3);
    expect(forwarder.dropped).toBe(3);
    expect(lines.map(({ level, message }) => `${level} ${String(message)}`)).toEqual([
      'warn notification-dropped',
    ]);
    expect(lines[0]?.fields).toMatchObject({
      endpoint: `unix:${path}`,
      error: expect.stringContaining('ENOENT'),
    });
  });

  test('where the connection is closed without an answer', async () => {
    await listen();
    onData = (socket) => socket.destroy();
    const forwarder = newForwarder();
    handOn(forwarder, 'A 1\r\n');
    await settled(forwarder, 1);
    expect(lines[0]?.fields).toMatchObject({ error: 'closed without an answer' });
  });

  test('where no answer comes in time', async () => {
    await listen();
    onData = () => undefined;
    const forwarder = newForwarder({ timeoutMs: 50 });
    handOn(forwarder, 'A 1\r\n');
    await settled(forwarder, 1);
    expect(lines[0]?.fields).toMatchObject({ error: 'no answer in time' });
  });

  test('where too many wait', async () => {
    await listen();
    onData = () => undefined;
    const forwarder = newForwarder({ maxWaiting: 2 });
    for (let i = 0; i < 10; i++) handOn(forwarder, 'A 1\r\n');
    expect(forwarder.dropped).toBe(7);
    expect(lines.map(({ fields }) => fields)).toMatchObject([{ error: '2 notifications wait' }]);
  });

  test('and once more after one was delivered', async () => {
    const forwarder = newForwarder();
    handOn(forwarder, 'A 1\r\n');
    await settled(forwarder, 1);
    const server = await listen();
    handOn(forwarder, 'A 1\r\n');
    await settled(forwarder, 2);
    server.close();
    handOn(forwarder, 'A 1\r\n');
    await settled(forwarder, 3);
    expect([forwarder.delivered, forwarder.dropped, lines.length]).toEqual([1, 2, 2]);
  });
});

test('the end drops what waits, without a word', async () => {
  await listen();
  onData = () => undefined;
  const forwarder = newForwarder();
  for (let i = 0; i < 3; i++) handOn(forwarder, 'A 1\r\n');
  while (accepted[0]?.received !== 'A 1\r\n') await turns(1);
  const [{ socket }] = accepted;
  forwarder.close();
  await once(socket, 'close');
  handOn(forwarder, 'A 1\r\n');
  await turns();
  expect(accepted).toHaveLength(1);
  expect(lines).toEqual([]);
});

test('an end before anything was handed on has nothing to drop', async () => {
  await listen();
  const forwarder = newForwarder();
  forwarder.close();
  handOn(forwarder, 'A 1\r\n');
  await turns();
  expect([accepted, forwarder.dropped, lines]).toEqual([[], 0, []]);
});

// The listeners of a server: when each is opened, closed and opened anew, and since when those who are accepted may have waited.
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError } from '../../../src/errors.js';
import { parseEndpoint, type Endpoint } from '../../../src/net/endpoint.js';
import { Listener } from '../../../src/net/listener.js';
import { ListenOverflows } from '../../../src/socketmap/listen-overflows.js';
import { Listeners } from '../../../src/socketmap/listeners.js';
import { DEFAULT_SOCKET_FILE_RULES } from '../../../src/net/socket-file.js';
import { recordingLog } from '../recording-log.js';

const PORT = parseEndpoint('inet:0@127.0.0.1');

let folder: string;
let lines: object[];
let overflowed: number;
const all: Listeners[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'listeners-'));
  overflowed = 0;
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const listeners of all.splice(0)) listeners.close();
  rmSync(folder, { recursive: true });
});

function newListeners(beside = false): Listeners {
  const recorded = recordingLog();
  lines = recorded.lines;
  const listeners = new Listeners({
    rules: { ...DEFAULT_SOCKET_FILE_RULES, backlog: 10, beside },
    table: 'socketmap',
    log: recorded.log,
    overflows: new ListenOverflows(() => overflowed, 0),
    accepted: (socket) => socket.destroy(),
    failed: () => undefined,
  });
  all.push(listeners);
  return listeners;
}

const unix = (name = 's'): Endpoint => ({ kind: 'unix', path: join(folder, name) });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function isOpen(endpoint: Endpoint | undefined): Promise<boolean> {
  if (endpoint === undefined) throw new Error('no endpoint');
  const socket = connect(endpoint.kind === 'unix' ? { path: endpoint.path } : { ...endpoint });
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
  });
}

function only(listeners: Listeners): Listener {
  const [listener] = listeners.all;
  if (listener === undefined) throw new Error('listens nowhere');
  return listener;
}

const events = (): unknown[] => lines.map((line) => Object(line).event as unknown);

describe('a listener', () => {
  test('is open at once, and told of', async () => {
    const listeners = newListeners();
    await listeners.open(unix());
    await listeners.open(PORT);
    expect([listeners.size, listeners.all.length]).toEqual([2, 2]);
    for (const endpoint of listeners.endpoints) expect(await isOpen(endpoint)).toBe(true);
    expect(events()).toEqual(['listening', 'listening']);
  });

  test('is none in a folder in which others may put another socket', async () => {
    mkdirSync(join(folder, 'open'));
    chmodSync(join(folder, 'open'), 0o777);
    const listeners = newListeners();
    const opening = listeners.open(unix('open/s'));
    await expect(opening).rejects.toThrow(ConfigError);
    await expect(opening).rejects.toThrow(/^socketmap\.listen has unix:/);
    await expect(listeners.open(unix('nosuch/s'))).rejects.toThrow('nosuch');
  });

  test('that is still being opened is closed with the others', async () => {
    const listeners = newListeners();
    const opening = listeners.open(PORT);
    const opened = vi.spyOn(Listener.prototype, 'close');
    listeners.close();
    await opening;
    expect(listeners.size).toBe(0);
    expect(opened).toHaveBeenCalledTimes(1);
  });
});

describe('to take the place of another process', () => {
  test('ports are opened last, and sockets with a name at once', async () => {
    const listeners = newListeners(true);
    await listeners.open(unix());
    await listeners.open(PORT);
    expect(listeners.endpoints.map(({ kind }) => kind)).toEqual(['unix']);
    await listeners.openPorts();
    expect(listeners.endpoints.map(({ kind }) => kind)).toEqual(['unix', 'inet']);
    await listeners.openPorts();
    expect(listeners.size).toBe(2);
  });
});

describe('ports that another process has too', () => {
  test('are closed here, when nobody waits to be accepted any more; sockets with a name are not', async () => {
    const listeners = newListeners();
    await listeners.open(PORT);
    await listeners.open(unix());
    const [port, socket] = listeners.endpoints;
    const [listener] = listeners.all;
    if (listener === undefined) throw new Error('listens nowhere');
    listeners.accepted(listener, 100, 100);
    const closing = listeners.closePorts(() => 105);
    await turn();
    expect(listeners.size).toBe(2);
    await closing;
    expect(listeners.endpoints).toEqual([socket]);
    expect([await isOpen(port), await isOpen(socket)]).toEqual([false, true]);
    expect(listeners.accepted(listener, 110, 110)).toBeUndefined();
  });

  test('are not opened anew', async () => {
    const listeners = newListeners();
    await listeners.open(PORT);
    const open = vi.spyOn(Listener, 'open');
    overflowed = 1;
    const closing = listeners.closePorts(() => 0);
    listeners.sweep(1000);
    listeners.sweep(20_000);
    await closing;
    listeners.sweep(30_000);
    await turn();
    expect(open).not.toHaveBeenCalled();
  });
});

describe('who is accepted', () => {
  test('has come just now, where nobody waited and no queue has overflowed', async () => {
    const listeners = newListeners();
    await listeners.open(PORT);
    expect(listeners.accepted(only(listeners), 100, 90)).toBeUndefined();
    expect(listeners.accepted(only(listeners), 101, 101)).toEqual({ earliest: 90, noticed: 100 });
  });

  test('may have come since the overflow of a queue, or since the first of those who wait, whichever was earlier', async () => {
    const listeners = newListeners();
    await listeners.open(PORT);
    listeners.sweep(50);
    overflowed = 1;
    listeners.sweep(60);
    expect(listeners.accepted(only(listeners), 100, 40)).toEqual({ earliest: 50, noticed: 100 });
    expect(listeners.accepted(only(listeners), 110, 110)).toEqual({ earliest: 40, noticed: 100 });
    const later = newListeners();
    await later.open(PORT);
    overflowed = 2;
    later.sweep(200);
    later.accepted(only(later), 300, 290);
    expect(later.accepted(only(later), 310, 310)).toEqual({ earliest: 0, noticed: 300 });
  });

  test('at a socket with a name has never come since then', async () => {
    const listeners = newListeners();
    await listeners.open(unix());
    overflowed = 1;
    listeners.sweep(60);
    expect(listeners.accepted(only(listeners), 100, 40)).toBeUndefined();
  });

  test('is told of by how long they wait: nobody for no time, otherwise as long as the longest', async () => {
    const listeners = newListeners();
    expect(listeners.waitedMs(5)).toBe(0);
    await listeners.open(unix('one'));
    await listeners.open(unix('two'));
    const [one, two] = listeners.all;
    if (one === undefined || two === undefined) throw new Error('listens nowhere');
    listeners.accepted(one, 100, 100);
    listeners.accepted(two, 107, 107);
    expect(listeners.waitedMs(110)).toBe(10);
    await turn();
    await turn();
    expect(listeners.waitedMs(110)).toBe(0);
  });
});

describe('after the queue of a port has overflowed', () => {
  async function swept(listeners: Listeners, now: number): Promise<void> {
    listeners.sweep(now);
    // Another sweep while the first is under way changes nothing.
    listeners.sweep(now);
    for (let i = 0; i < 50 && listeners.endpoints.length === 0; i++) await turn();
    for (let i = 0; i < 5; i++) await turn();
  }

  test('it is opened anew after ten seconds, once; sockets with a name stay open', async () => {
    const listeners = newListeners();
    await listeners.open(unix());
    await listeners.open(PORT);
    const [socket, port] = listeners.all;
    overflowed = 1;
    await swept(listeners, 1000);
    await swept(listeners, 9_999);
    expect(listeners.all).toEqual([socket, port]);
    await swept(listeners, 10_000);
    await vi.waitFor(() => expect(listeners.size).toBe(2));
    expect(listeners.all[0]).toBe(socket);
    expect(listeners.all[1]).not.toBe(port);
    expect(listeners.all[1]?.endpoint).toEqual(port?.endpoint);
    const name = port?.name;
    expect(lines.slice(2)).toMatchObject([
      { event: 'renewed', endpoint: name },
      { event: 'listening', endpoint: name },
    ]);
    await swept(listeners, 11_000);
    expect(lines).toHaveLength(4);
    overflowed = 2;
    await swept(listeners, 12_000);
    await swept(listeners, 22_000);
    await vi.waitFor(() => expect(lines).toHaveLength(6));
  });

  test('it is tried again each second where it cannot be opened, and nothing else is', async () => {
    const listeners = newListeners();
    await listeners.open(PORT);
    await listeners.open(PORT);
    const [first] = listeners.all;
    const open = vi.spyOn(Listener, 'open').mockRejectedValueOnce(new Error('in use'));
    overflowed = 1;
    await swept(listeners, 1000);
    listeners.sweep(11_000);
    await vi.waitFor(() => expect(listeners.size).toBe(1));
    const [other] = listeners.all;
    expect(lines).toContainEqual({ event: 'not-renewed', endpoint: first?.name, error: 'in use' });
    await swept(listeners, 12_000);
    await vi.waitFor(() => expect(listeners.size).toBe(2));
    expect(listeners.all).toContain(other);
    expect(open).toHaveBeenCalledTimes(3);
    await swept(listeners, 13_000);
    expect(open).toHaveBeenCalledTimes(3);
  });
});

// What a server decides for all its connections: whom it accepts, how many, what it tells of itself, and that it judges them by itself.
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseEndpoint } from '../../../src/net/endpoint.js';
import { Listener, type ListenerEvents } from '../../../src/net/listener.js';
import { parseNetwork } from '../../../src/net/network.js';
import { SOCKETMAP } from '../../../src/socketmap/dialect.js';
import { Sweeper } from '../../../src/socketmap/sweeper.js';
import { SocketmapServer } from '../../../src/socketmap/server.js';
import {
  HandLookup,
  Peer,
  recordingLog,
  reply,
  request,
  startRig,
  temporaryFolder,
  turns,
  type Line,
} from '../../integration/socketmap-rig.js';

const TCP = 'inet:0@127.0.0.1';

/** Mistakes of the server that nobody waits for. */
const mistakes: unknown[] = [];
const keep = (mistake: unknown): void => void mistakes.push(mistake);
beforeEach(() => void process.on('uncaughtException', keep));
afterEach(() => {
  process.off('uncaughtException', keep);
  vi.restoreAllMocks();
  vi.useRealTimers();
  expect(mistakes.splice(0)).toEqual([]);
});

const answered = async (peer: Peer): Promise<boolean> => {
  peer.send(request('a'));
  return (await peer.receives(reply('a'))) === reply('a');
};

describe('who is accepted', () => {
  test('may have waited for as long as Sendmail waits for an answer, and is ended at once after that', async () => {
    const { connect, overflow, pass, server } = await startRig({ answerWithinMs: 8000 }, TCP);
    overflow();
    pass(8000);
    expect(await answered(await connect())).toBe(true);
    pass(1);
    expect(await (await connect()).ended()).toBe('');
    expect(server.counters.closed.late).toBe(1);
  });

  test('is nobody whose address the system does not tell, where addresses are named', async () => {
    const events: ListenerEvents[] = [];
    const open = Listener.open.bind(Listener);
    vi.spyOn(Listener, 'open').mockImplementation((endpoint, rules, each) => {
      events.push(each);
      return open(endpoint, rules, each);
    });
    const network = parseNetwork('127.0.0.1');
    if (network === undefined) throw new Error('no network');
    const { server } = await startRig({ allow: [network] }, TCP);
    const socket = new Socket();
    const [listener] = server.listeners.all;
    if (listener === undefined) throw new Error('listens nowhere');
    events[0]?.accepted(socket, listener);
    expect([socket.destroyed, server.counters.closed.notAllowed]).toEqual([true, 1]);
  });

  test('is told of where accepting fails', async () => {
    const events: ListenerEvents[] = [];
    const open = Listener.open.bind(Listener);
    vi.spyOn(Listener, 'open').mockImplementation((endpoint, rules, each) => {
      events.push(each);
      return open(endpoint, rules, each);
    });
    const { server, lines } = await startRig();
    const [listener] = server.listeners.all;
    if (listener === undefined) throw new Error('listens nowhere');
    events[0]?.failed(new Error('accept EIO'), listener);
    expect(lines.at(-1)).toMatchObject({
      level: 'error',
      message: 'closed',
      fields: { reason: 'notAccepted', endpoint: listener.name, error: 'accept EIO' },
    });
  });
});

describe('as many connections as there are files for', () => {
  const limits = { maxConnections: 400, maxOverLimit: 50, eventConnections: 100 };

  test('are served where there are too few, and that is told', async () => {
    const many = await startRig({ ...limits, openFiles: 100_000 });
    expect(many.lines.map(({ message }) => message)).toEqual(['listening']);
    const few = await startRig({ ...limits, openFiles: 400 });
    const [line] = few.lines;
    expect(line).toMatchObject({ message: 'few-files', fields: { openFiles: 400, maxConnections: 400 } });
    const connections: unknown = Object(line?.fields).connections;
    // What lingers and what pushes events needs files, too.
    expect(connections).toBeLessThanOrEqual(400 - 50 - 100);
    expect(connections).toBeGreaterThan(0);
  });
});

describe('a server', () => {
  test('judges its connections by itself, each second', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    const sweep = vi.spyOn(Sweeper.prototype, 'begin');
    await startRig();
    vi.advanceTimersByTime(999);
    expect(sweep).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2001);
    expect(sweep).toHaveBeenCalledTimes(3);
  });

  test('takes another limit for its own standing still', async () => {
    const { server, connect, standStill } = await startRig();
    const peer = await connect();
    server.stallLimitMs = 3000;
    standStill(3001);
    peer.send(request('a'));
    expect(await peer.ended()).toBe('');
    expect(server.counters.closed.stalled).toBe(1);
  });

  test('tells who waits', async () => {
    const { server } = await startRig();
    expect(server.queue).toEqual({ waiting: 0, waitedMs: 0, acceptMs: 0 });
  });

  test('goes on when its last connection has gone', async () => {
    const { server, connect } = await startRig();
    for (let i = 0; i < 2; i++) {
      const peer = await connect();
      expect(await answered(peer)).toBe(true);
      peer.socket.destroy();
      await vi.waitFor(() => expect(server.connections).toBe(0));
    }
    await turns();
  });

  test('tells that it stops, with who is connected; not where it has not begun', async () => {
    const { server, connect, lines } = await startRig();
    await answered(await connect());
    await server.stop(0);
    expect(lines.at(-1)).toMatchObject({ message: 'draining', fields: { connections: 1 } });

    const failed: Line[] = [];
    const nowhere = parseEndpoint(`unix:${temporaryFolder()}/nosuch/s`);
    const parts = { lookup: new HandLookup(), log: recordingLog(failed), now: () => 0 };
    await expect(SocketmapServer.listen([nowhere], {}, parts)).rejects.toThrow('nosuch');
    expect(failed).toEqual([]);
  });

  test.each(['socketmap', 'policy'] as const)('names the keys of its own table: %s', async (table) => {
    const everywhere = parseEndpoint('inet:0@0.0.0.0');
    const parts = {
      lookup: new HandLookup(),
      log: recordingLog([]),
      now: () => 0,
      dialect: { ...SOCKETMAP, table },
    };
    await expect(SocketmapServer.listen([everywhere], {}, parts)).rejects.toThrow(
      new RegExp(`${table}\\.listen.*${table}\\.allow`),
    );
  });
});

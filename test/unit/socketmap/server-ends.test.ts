// How a server ends connections: those that are too many, those that it has done with, and all of them when it stops.
import { describe, expect, test, vi } from 'vitest';
import { parseNetwork } from '../../../src/net/network.js';
import { Peer, reply, request, startRig, turns } from '../../integration/socketmap-rig.js';

const TCP = 'inet:0@127.0.0.1';
/** Longer than any test. */
const LONG = 3_600_000;

const answered = async (peer: Peer): Promise<boolean> => {
  peer.send(request('a'));
  return (await peer.receives(reply('a'))) === reply('a');
};

describe('those over the limit', () => {
  test('are ended unanswered and told of, with where they came from; the others are served', async () => {
    const { connect, server, lines, endpoint } = await startRig({ maxConnections: 1, maxOverLimit: 1 }, TCP);
    const first = await connect();
    expect(await (await connect()).ended()).toBe('');
    expect(await answered(first)).toBe(true);
    expect(server.counters).toMatchObject({ accepted: 2, closed: { overLimit: 1 } });
    const name = server.listeners.all.map((each) => each.name)[0];
    expect(endpoint.kind).toBe('inet');
    expect(lines.at(-1)).toMatchObject({
      message: 'closed',
      fields: { reason: 'overLimit', endpoint: name, peer: '127.0.0.1' },
    });
  });

  test('linger only where those that are served leave room: the oldest makes it for the next', async () => {
    const { connect, server } = await startRig({ maxConnections: 2, maxOverLimit: 2 });
    const served = [await connect(), await connect()];
    for (const expected of [1, 2, 2, 2]) {
      await (await connect()).ended();
      await turns();
      expect(server.lingering).toBe(expected);
    }
    for (const peer of served) expect(await answered(peer)).toBe(true);
  });

  test('take each a file away from those that may be served, where there are few', async () => {
    const told = async (maxOverLimit: number): Promise<number> => {
      const limits = { maxConnections: 400, eventConnections: 0, openFiles: 400 };
      const { lines } = await startRig({ ...limits, maxOverLimit });
      return Number(Object(lines[0]?.fields).connections);
    };
    expect((await told(20)) - (await told(50))).toBe(30);
  });
});

describe('a connection', () => {
  test('that has had its end lingers until its peer has closed it, too', async () => {
    const { connect, server } = await startRig();
    const peer = await connect();
    peer.send('x:');
    await peer.ended();
    expect([server.connections, server.lingering]).toEqual([0, 1]);
    peer.socket.end();
    await vi.waitFor(() => expect([server.connections, server.lingering]).toEqual([0, 0]));
  });

  test('that its peer has ended first does not linger', async () => {
    const { connect, server } = await startRig();
    const peer = await connect();
    peer.socket.end();
    await peer.closed();
    await turns();
    expect([server.connections, server.lingering]).toEqual([0, 0]);
  });

  test('from a network that may ask is served, and one over a UNIX socket, which has no address', async () => {
    const network = parseNetwork('127.0.0.0/8');
    if (network === undefined) throw new Error('no network');
    expect(await answered(await (await startRig({ allow: [network] }, TCP)).connect())).toBe(true);
    expect(await answered(await (await startRig({ allow: [network] })).connect())).toBe(true);
  });

  test('that waited while the process stood still is ended as such, and one that came after is served', async () => {
    const { endpoint, connect, standStill, server, lines } = await startRig();
    const idle = await connect();
    await turns();
    const waiting = Array.from({ length: 3 }, () => new Peer(Peer.dial(endpoint)));
    standStill(31_000.4);
    for (const peer of [idle, ...waiting]) expect(await peer.ended()).toBe('');
    expect(server.counters.closed).toMatchObject({ stalled: 4, late: 0 });
    expect(lines).toContainEqual({
      level: 'warn',
      message: 'stalled',
      fields: { stalledMs: 31_000, connections: 1 },
    });
    await turns();
    expect(await answered(await connect())).toBe(true);
  });
});

describe('a stop', () => {
  test('ends who owes and is owed nothing at once, answers what has arrived, and waits for what is asked', async () => {
    const { connect, lookup, server } = await startRig();
    const [idle, waiting, arrived] = [await connect(), await connect(), await connect()];
    waiting.send(request('later'));
    await lookup.hasAsked(1);
    arrived.send(request('a'));
    let isOver = false;
    const stopped = server.stop(LONG).then(() => (isOver = true));
    expect([await idle.ended(), await arrived.ended()]).toEqual(['', reply('a')]);
    await turns();
    expect([isOver, server.connections]).toEqual([false, 1]);
    lookup.answer('later');
    expect(await waiting.ended()).toBe(reply('later'));
    await stopped;
    await waiting.closed();
  });

  test('is over when the last one that it waits for has its answer, and not before', async () => {
    const { connect, lookup, server } = await startRig();
    const [one, other] = [await connect(), await connect()];
    one.send(request('later1'));
    other.send(request('later2'));
    await lookup.hasAsked(2);
    let isOver = false;
    const stopped = server.stop(LONG).then(() => (isOver = true));
    lookup.answer('later1');
    expect(await one.ended()).toBe(reply('later1'));
    await turns();
    expect(isOver).toBe(false);
    lookup.answer('later2');
    expect(await other.ended()).toBe(reply('later2'));
    await stopped;
  });

  test('closes who is left when its time is over', async () => {
    const { connect, lookup, server } = await startRig();
    const peer = await connect();
    peer.send(request('later'));
    await lookup.hasAsked(1);
    await server.stop(10);
    expect(await peer.closed()).toBe('');
  });
});

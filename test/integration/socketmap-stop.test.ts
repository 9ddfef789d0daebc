import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Peer, reply, request, startRig, turns } from './socketmap-rig.js';

/** Longer than any test takes: the grace must not be what ends them. */
const LONG = 60_000;

describe('stop', () => {
  test('accepts no more and removes the socket file', async () => {
    const { server, endpoint } = await startRig();
    await server.stop(LONG);
    expect(endpoint.kind === 'unix' && existsSync(endpoint.path)).toBe(false);
    await expect(Peer.connect(endpoint)).rejects.toThrow('ENOENT');
  });

  test('ends idle connections at once, whether their peers close in turn or not', async () => {
    const { connect, server, lines } = await startRig();
    const peers = [await connect(), await connect(), await connect()];
    peers[1]?.send(request('a'));
    await peers[1]?.receives(reply('a'));
    await server.stop(LONG);
    expect(server.connections).toBe(0);
    for (const peer of peers) await peer.closed();
    expect(lines.filter(({ message }) => message === 'draining')).toEqual([
      { level: 'info', message: 'draining', fields: { connections: 3 } },
    ]);
  });

  test('ends an idle connection first, so that a mail server which asks meanwhile reads that, and connects anew', async () => {
    const { connect, lookup, server } = await startRig();
    const [idle, waiting] = [await connect(), await connect()];
    waiting.send(request('later'));
    await lookup.hasAsked(1);
    const stopped = server.stop(LONG);
    await idle.ended();
    idle.send(request('a'));
    await turns();
    expect(idle.socket.errored).toBeNull();
    expect(server.counters.requests).toBe(1);
    expect(await idle.closed()).toBe('');
    lookup.answer('later');
    expect(await waiting.closed()).toBe(reply('later'));
    await stopped;
  });

  test('waits for no peer that owes us nothing but its own end', async () => {
    const { connect, lookup, server } = await startRig();
    const [lingering, idle, waiting] = [await connect(), await connect(), await connect()];
    lingering.send('nonsense');
    await lingering.ended();
    waiting.send(request('later'));
    await lookup.hasAsked(1);
    const stopped = server.stop(LONG);
    await idle.ended();
    expect([server.connections, server.lingering]).toEqual([1, 2]);
    lookup.answer('later');
    await stopped;
    expect([server.connections, server.lingering]).toEqual([0, 0]);
    expect(await waiting.ended()).toBe(reply('later'));
    for (const peer of [lingering, idle, waiting]) {
      while (peer.socket.errored === null) {
        peer.send('x');
        await turns(1);
      }
    }
  });

  test('answers what has arrived and is not yet read', async () => {
    const { connect, server } = await startRig();
    const peer = await connect();
    peer.send(request('a'));
    await server.stop(LONG);
    expect(await peer.closed()).toBe(reply('a'));
  });

  test('answers what is in flight, then closes', async () => {
    const { connect, lookup, server } = await startRig();
    const peer = await connect();
    peer.send(request('later1') + request('later2'));
    await lookup.hasAsked(2);
    const stopped = server.stop(LONG);
    lookup.answer('later1');
    await peer.receives(reply('later1'));
    await turns();
    expect(server.connections).toBe(1);
    lookup.answer('later2');
    expect(await peer.closed()).toBe(reply('later1') + reply('later2'));
    await stopped;
  });

  test('lets a request that has begun be finished', async () => {
    const { connect, server } = await startRig();
    const peer = await connect();
    peer.send('7:cyr');
    await turns();
    const stopped = server.stop(LONG);
    await turns();
    peer.send('us a,');
    expect(await peer.closed()).toBe(reply('a'));
    await stopped;
  });

  test('lets a peer take what it was answered', async () => {
    const { connect, server } = await startRig();
    const peer = await connect();
    peer.socket.pause();
    const key = 'x'.repeat(5000);
    const requests = request(key).repeat(200);
    peer.send(requests);
    await turns(100);
    const stopped = server.stop(LONG);
    await turns();
    expect(server.connections).toBe(1);
    peer.socket.resume();
    const all = await peer.closed();
    expect(all.length).toBe(server.counters.requests * reply(key).length);
    await stopped;
  });

  test('closes everything when the grace is over', async () => {
    const { connect, lookup, server } = await startRig();
    const peer = await connect();
    peer.send(request('later'));
    await lookup.hasAsked(1);
    await server.stop(10);
    expect(server.connections).toBe(0);
    expect(await peer.closed()).toBe('');
    lookup.answer('later');
    await turns();
  });

  test('takes the configured grace by default', async () => {
    const { connect, lookup, server } = await startRig({ shutdownGraceMs: 10 });
    const peer = await connect();
    peer.send(request('later'));
    await lookup.hasAsked(1);
    await server.stop();
    expect(await peer.closed()).toBe('');
  });

  test('may be called again', async () => {
    const { server } = await startRig();
    await Promise.all([server.stop(LONG), server.stop(0)]);
    await server.stop();
    expect(server.connections).toBe(0);
  });
});

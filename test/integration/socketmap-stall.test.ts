import { describe, expect, test } from 'vitest';
import { Peer, reply, request, startRig, turns } from './socketmap-rig.js';

/** Longer than Sendmail waits. */
const STOPPED_MS = 31_000;

describe('a process that stood still', () => {
  test('closes a connection unanswered when it finds a question before its own timer has run', async () => {
    const { connect, standStill, server, lines } = await startRig();
    const peer = await connect();
    peer.send(request('a'));
    standStill(STOPPED_MS);
    expect(await peer.closed()).toBe('');
    expect(server.counters).toMatchObject({ requests: 0, closed: { stalled: 1 } });
    expect(lines).toContainEqual({
      level: 'warn',
      message: 'stalled',
      fields: { stalledMs: STOPPED_MS, connections: 1 },
    });
  });

  test('closes all connections that were open, asked or idle', async () => {
    const { connect, standStill, server, lookup } = await startRig();
    const [idle, waiting, midway] = [await connect(), await connect(), await connect()];
    waiting.send(request('a') + request('later'));
    midway.send('22:cyrus al');
    await lookup.hasAsked(1);
    await turns();
    standStill(STOPPED_MS);
    server.sweep();
    expect([await idle.closed(), await waiting.closed(), await midway.closed()]).toEqual([
      '',
      reply('a'),
      '',
    ]);
    lookup.answer('later');
    await turns();
    expect(server.connections).toBe(0);
  });

  test('does not write an answer that comes first of all', async () => {
    const { connect, standStill, lookup } = await startRig({ answerWithinMs: 100_000 });
    const peer = await connect();
    peer.send(request('later'));
    await lookup.hasAsked(1);
    standStill(STOPPED_MS);
    lookup.answer('later');
    expect(await peer.closed()).toBe('');
  });

  test('closes who waited in the kernel to be accepted, and serves who comes after', async () => {
    const { endpoint, connect, standStill, server } = await startRig();
    const waiting = Array.from({ length: 20 }, () => new Peer(Peer.dial(endpoint)));
    for (const peer of waiting) peer.send(request('a'));
    standStill(STOPPED_MS);
    for (const peer of waiting) expect(await peer.closed()).toBe('');
    expect(server.counters).toMatchObject({ requests: 0, closed: { stalled: 20 } });

    await turns();
    const peer = await connect();
    peer.send(request('a'));
    expect(await peer.receives(reply('a'))).toBe(reply('a'));
  });

  test('serves again after as many as could have waited, even where they come without a pause', async () => {
    const { connect, standStill, server } = await startRig({ backlog: 3 });
    const first = await connect();
    standStill(STOPPED_MS);
    server.sweep();
    await first.closed();
    const served: boolean[] = [];
    for (let i = 0; i < 10; i++) {
      const peer = await connect();
      peer.send(request('a'));
      served.push((await Promise.race([peer.receives(reply('a')), peer.closed()])) !== '');
    }
    expect(served.slice(4)).toEqual([true, true, true, true, true, true]);
  });

  test('answers after a stall that Sendmail outwaits', async () => {
    const { connect, standStill, server } = await startRig();
    const peer = await connect();
    peer.send(request('a'));
    standStill(24_000);
    expect(await peer.receives(reply('a'))).toBe(reply('a'));
    server.sweep();
    await turns();
    expect(server.connections).toBe(1);
  });

  test('counts such a stall into the age of the questions that it finds', async () => {
    const { connect, standStill, server, lookup } = await startRig();
    const peer = await connect();
    peer.send(request('later'));
    standStill(20_000);
    server.sweep();
    await lookup.hasAsked(1);
    standStill(10_000);
    server.sweep();
    expect(await peer.closed()).toBe('');
    expect(server.counters.closed).toMatchObject({ late: 1, stalled: 0 });
  });

  test('takes its limit from the deadline of a lookup', async () => {
    const { connect, standStill, server } = await startRig({ stallLimitMs: 5000 });
    const peer = await connect();
    standStill(5001);
    server.sweep();
    expect(await peer.closed()).toBe('');
  });
});

describe('a virtual machine that was paused', () => {
  test('has its connections closed unanswered, though its monotonic clock stood still', async () => {
    const { connect, pauseMachine, server, lookup } = await startRig();
    const [asking, waiting] = [await connect(), await connect()];
    waiting.send(request('later'));
    await lookup.hasAsked(1);
    pauseMachine(STOPPED_MS);
    asking.send(request('a'));
    expect([await asking.closed(), await waiting.closed()]).toEqual(['', '']);
    expect(server.counters).toMatchObject({ requests: 1, closed: { stalled: 2 } });

    const peer = await connect();
    peer.send(request('a'));
    expect(await peer.receives(reply('a'))).toBe(reply('a'));
  });
});

// The kernel's queue of TCP connections was full: who is accepted later may be as old as that, and after ten seconds the
// listener is opened anew, on the same port, so that nobody is left of whom that is true.
import { describe, expect, test } from 'vitest';
import { reply, request, startRig, turns } from './socketmap-rig.js';

const TCP = 'inet:0@127.0.0.1';

describe('a TCP listener whose queue has overflowed', () => {
  test('answers nobody later than Sendmail waits, counted from the overflow', async () => {
    const { connect, overflow, pass, lookup, server } = await startRig({ answerWithinMs: 8000 }, TCP);
    overflow();
    pass(1000);
    const early = await connect();
    early.send(request('a'));
    expect(await early.receives(reply('a'))).toBe(reply('a'));
    pass(5000);
    const held = await connect();
    held.send(request('later'));
    await lookup.hasAsked(1);
    pass(2500);
    await turns();
    lookup.answer('later');
    expect(await held.ended()).toBe('');
    const late = await connect();
    late.send(request('a'));
    expect(await late.ended()).toBe('');
    expect(server.counters.closed.late).toBe(2);
  });

  test('is opened anew where it was, and who is connected stays so', async () => {
    const { connect, overflow, pass, lines, server, endpoint } = await startRig({}, TCP);
    const before = await connect();
    await turns();
    overflow();
    pass(11_000);
    while (server.endpoints.length === 0) await turns();
    expect(server.endpoints).toEqual([endpoint]);
    expect(lines.map(({ message }) => message)).toEqual(['listening', 'renewed', 'listening']);
    pass(30_000);
    for (const peer of [before, await connect()]) {
      peer.send(request('a'));
      expect(await peer.receives(reply('a'))).toBe(reply('a'));
    }
    expect(lines).toHaveLength(3);
  });
});

describe('a UNIX socket', () => {
  test('has no such queue: who is connected is in it', async () => {
    const { connect, overflow, pass, lines } = await startRig();
    overflow();
    pass(31_000);
    const peer = await connect();
    peer.send(request('a'));
    expect(await peer.receives(reply('a'))).toBe(reply('a'));
    expect(lines.map(({ message }) => message)).toEqual(['listening']);
  });
});

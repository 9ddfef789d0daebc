import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { parseNetwork } from '../../src/net/network.js';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { ConfigError } from '../../src/errors.js';
import { silentLog } from '../../src/log/log.js';
import { SocketmapServer } from '../../src/socketmap/server.js';
import { HandLookup, Peer, reply, request, startRig, turns, type Line } from './socketmap-rig.js';

const HOUR = 60 * 60_000;

function closings(lines: readonly Line[], reason: string): Line[] {
  return lines.filter(
    ({ message, fields }) => message === 'closed' && 'reason' in fields && fields.reason === reason,
  );
}

describe('max_connections', () => {
  test('closes what comes over it at once, and serves again when there is room', async () => {
    const { connect, server, lines } = await startRig({ maxConnections: 2 });
    const [first, second] = [await connect(), await connect()];
    for (let i = 0; i < 10; i++) expect(await (await connect()).closed()).toBe('');
    expect(server.connections).toBe(2);
    expect(server.counters).toMatchObject({ accepted: 12, closed: { overLimit: 10 } });
    expect(closings(lines, 'overLimit')).toHaveLength(1);

    second.send(request('a'));
    expect(await second.receives(reply('a'))).toBe(reply('a'));
    first.socket.end();
    await first.closed();
    await turns();
    const third = await connect();
    third.send(request('b'));
    expect(await third.receives(reply('b'))).toBe(reply('b'));
  });
});

describe('max_waiting', () => {
  test('stops reading a connection until an answer makes room, and loses nothing', async () => {
    const { connect, lookup } = await startRig({ maxWaiting: 3 });
    const peer = await connect();
    const keys = Array.from({ length: 10 }, (_, i) => `later${i}`);
    peer.send(keys.map((key) => request(key)).join(''));
    await lookup.hasAsked(3);
    await turns();
    expect(lookup.asked).toEqual(keys.slice(0, 3));
    lookup.answer('later1');
    await turns();
    expect(lookup.asked).toHaveLength(3);
    lookup.answer('later0');
    await lookup.hasAsked(5);
    expect(await peer.receives(reply('later0') + reply('later1'))).toBe(reply('later0') + reply('later1'));
    for (let i = 2; i < 10; i++) {
      await lookup.hasAsked(i + 1);
      lookup.answer(`later${i}`);
    }
    expect(await peer.receives(keys.map(reply).join(''))).toBe(keys.map(reply).join(''));
  });

  test('counts hits that wait behind a miss', async () => {
    const { connect, lookup, server } = await startRig({ maxWaiting: 3 });
    const peer = await connect();
    peer.send(request('later') + request('a').repeat(9));
    await lookup.hasAsked(1);
    await turns();
    expect(server.counters.requests).toBe(3);
    lookup.answer('later');
    const all = reply('later') + reply('a').repeat(9);
    expect(await peer.receives(all)).toBe(all);
  });

  test('leaves what is beyond it in the kernel', async () => {
    const { connect, lookup, server } = await startRig({ maxWaiting: 1 });
    const peer = await connect();
    const burst = request('a').repeat(20_000);
    peer.send(request('later') + burst.repeat(10));
    await lookup.hasAsked(1);
    await turns(200);
    expect(peer.socket.writableLength).toBeGreaterThan(burst.length);
    expect(server.counters.requests).toBe(1);
  });

  test('answers what it holds of a peer that has sent its FIN meanwhile', async () => {
    const { connect, lookup } = await startRig({ maxWaiting: 2 });
    const peer = await connect();
    const keys = ['later0', 'later1', 'later2', 'a', 'later3'];
    peer.socket.end(keys.map((key) => request(key)).join(''), 'latin1');
    await lookup.hasAsked(2);
    await turns();
    lookup.answer('later0', 'later1');
    await lookup.hasAsked(3);
    lookup.answer('later2');
    await lookup.hasAsked(4);
    lookup.answer('later3');
    expect(await peer.closed()).toBe(keys.map(reply).join(''));
  });
});

describe('what waits, in bytes', () => {
  const long = 'm'.repeat(400);

  test('is bounded for each connection, whatever its requests are', async () => {
    const { connect, lookup } = await startRig({ maxWaitingBytes: 1000 });
    const peer = await connect();
    const keys = Array.from({ length: 10 }, (_, i) => `later${i}`);
    peer.send(keys.map((key) => request(key, long)).join(''));
    await lookup.hasAsked(3);
    await turns();
    expect(lookup.asked).toHaveLength(3);
    for (let i = 0; i < 10; i++) {
      await lookup.hasAsked(i + 1);
      lookup.answer(`later${i}`);
    }
    expect(await peer.receives(keys.map(reply).join(''))).toBe(keys.map(reply).join(''));
  });

  test('is bounded for all together: beyond it each has one request that waits', async () => {
    const { connect, lookup } = await startRig({ maxAskedBytes: 1000 });
    const [greedy, other] = [await connect(), await connect()];
    greedy.send(['later1', 'later2', 'later3', 'later4'].map((key) => request(key, long)).join(''));
    await lookup.hasAsked(3);
    other.send(request('later5') + request('later6'));
    await lookup.hasAsked(4);
    await turns();
    expect(lookup.asked).toEqual(['later1', 'later2', 'later3', 'later5']);
    lookup.answer('later1', 'later2', 'later3', 'later5');
    await lookup.hasAsked(6);
    lookup.answer('later4', 'later6');
    expect(await other.receives(reply('later5') + reply('later6'))).toBe(reply('later5') + reply('later6'));
  });
});

describe('the requests that are answered in one turn of the event loop', () => {
  test('are so few that a peer with thousands of them does not hold up others', async () => {
    const { connect, server } = await startRig();
    const [flooding, other] = [await connect(), await connect()];
    const count = 6000;
    flooding.send(request('a').repeat(count));
    other.send(request('b'));
    expect(await other.receives(reply('b'))).toBe(reply('b'));
    expect(server.counters.requests).toBeLessThan(count / 4);
    expect(await flooding.receives(reply('a').repeat(count))).toBe(reply('a').repeat(count));
  });

  test('are followed by the others, also behind the FIN of the peer and while the server stops', async () => {
    const { connect, server } = await startRig({ maxPerTurn: 1 });
    const [ended, open] = [await connect(), await connect()];
    const requests = request('a').repeat(50);
    ended.socket.end(requests, 'latin1');
    open.send(requests);
    await turns(4);
    expect(server.counters.requests).toBeLessThan(100);
    const stopped = server.stop(HOUR);
    expect([await ended.closed(), await open.closed()]).toEqual([
      reply('a').repeat(50),
      reply('a').repeat(50),
    ]);
    await stopped;
  });

  test('are the last of a connection that is reset', async () => {
    const { connect, server } = await startRig({ maxPerTurn: 1 }, 'inet:0@127.0.0.1');
    const peer = await connect();
    peer.send(request('a').repeat(3000));
    await peer.receives(reply('a'));
    peer.socket.resetAndDestroy();
    while (server.connections > 0) await turns(1);
    const { requests } = server.counters;
    await turns();
    expect(requests).toBeLessThan(3000);
    expect(server.counters.requests).toBe(requests);
  });
});

describe('max_request_bytes', () => {
  test('is the length of the longest request', async () => {
    const { connect } = await startRig({ maxRequestBytes: 30 });
    const peer = await connect();
    const key = 'x'.repeat(24);
    peer.send(request(key));
    expect(await peer.receives(reply(key))).toBe(reply(key));
    peer.send('31');
    expect(await peer.closed()).toMatch(/TEMP not a netstring: its length is over 30 bytes,$/);
  });
});

describe('idle_timeout', () => {
  test('closes a connection without requests, two hours after the last by default', async () => {
    const { connect, pass, server } = await startRig();
    const peer = await connect();
    pass(HOUR);
    peer.send(request('a'));
    await peer.receives(reply('a'));
    pass(2 * HOUR - 1000);
    await turns();
    expect(server.connections).toBe(1);
    pass(1000);
    expect(await peer.closed()).toBe(reply('a'));
    expect(server.counters.closed.idle).toBe(1);
  });

  test('begins with the answer, not with the question', async () => {
    const { connect, lookup, pass, server } = await startRig({ idleTimeoutMs: 5000 });
    const peer = await connect();
    peer.send(request('later'));
    await lookup.hasAsked(1);
    pass(20_000);
    lookup.answer('later');
    await peer.receives(reply('later'));
    pass(4000);
    await turns();
    expect(server.connections).toBe(1);
    pass(1000);
    expect(await peer.closed()).toBe(reply('later'));
  });
});

describe('request_timeout', () => {
  test('closes a connection that does not finish its request, however it dribbles', async () => {
    const { connect, pass, server } = await startRig();
    const peer = await connect();
    for (const byte of '22:cyrus') {
      peer.send(byte);
      await turns();
      pass(1000);
    }
    expect(server.connections).toBe(1);
    peer.send(' ');
    await turns();
    pass(2000);
    expect(await peer.closed()).toBe('');
    expect(server.counters.closed.slowRequest).toBe(1);
  });

  test('begins anew with each request', async () => {
    const { connect, pass, server } = await startRig();
    const peer = await connect();
    peer.send('7:cyr');
    for (let i = 0; i < 10; i++) {
      await turns();
      pass(6000);
      peer.send('us a,7:cyr');
    }
    expect(await peer.receives(reply('a').repeat(10))).toBe(reply('a').repeat(10));
    expect(server.counters.closed.slowRequest).toBe(0);
  });
});

/** Sends requests until the server reads no more: its own and the kernel's buffers are full then. */
async function fill(peer: Peer, server: SocketmapServer, keyBytes: number): Promise<void> {
  const burst = request('x'.repeat(keyBytes)).repeat(20);
  let [before, after] = [-1, 0];
  while (before < after || peer.socket.writableLength === 0) {
    peer.send(burst);
    await turns(50);
    [before, after] = [after, server.counters.requests];
  }
}

describe('write_timeout', () => {
  test('closes a peer that does not read its replies, and reads no more of it meanwhile', async () => {
    const { connect, pass, server } = await startRig();
    const peer = await connect();
    peer.socket.pause();
    await fill(peer, server, 5000);
    const { requests } = server.counters;
    pass(9000);
    await turns(50);
    expect(server.counters.requests).toBe(requests);
    expect(server.connections).toBe(1);
    pass(1000);
    await turns();
    expect(server.connections).toBe(0);
    expect(server.counters.closed.slowReader).toBe(1);
  });

  test('leaves alone a peer that reads late, but in time', async () => {
    const { connect, pass, server } = await startRig();
    const peer = await connect();
    peer.socket.pause();
    await fill(peer, server, 5000);
    pass(9000);
    peer.socket.resume();
    const last = request('last');
    peer.socket.end(last, 'latin1');
    const all = await peer.closed();
    expect(all.endsWith(reply('last'))).toBe(true);
    expect(all.length).toBe(
      (server.counters.requests - 1) * reply('x'.repeat(5000)).length + reply('last').length,
    );
  });
});

describe('answering within the time that a mail server waits', () => {
  test('closes a connection whose answer comes too late, unanswered', async () => {
    const { connect, lookup, pass, server } = await startRig();
    const peer = await connect();
    peer.send(request('later'));
    await lookup.hasAsked(1);
    pass(27_000);
    await turns();
    expect(server.connections).toBe(1);
    pass(3000);
    lookup.answer('later');
    expect(await peer.closed()).toBe('');
    expect(server.counters.closed.late).toBe(1);
  });

  test('judges an answer when it is written, not only once a second', async () => {
    const { connect, lookup, pass, standStill } = await startRig();
    const peer = await connect();
    peer.send(request('later'));
    await lookup.hasAsked(1);
    pass(10_000);
    standStill(20_000);
    lookup.answer('later');
    expect(await peer.closed()).toBe('');
  });

  test('answers at the last moment', async () => {
    const { connect, lookup, pass } = await startRig({ answerWithinMs: 10_000 });
    const peer = await connect();
    peer.send(request('later'));
    await lookup.hasAsked(1);
    pass(10_000);
    lookup.answer('later');
    expect(await peer.receives(reply('later'))).toBe(reply('later'));
  });

  test('does not leave replies unsent for longer than a mail server waits', async () => {
    const { connect, pass, server } = await startRig({ writeTimeoutMs: HOUR });
    const peer = await connect();
    peer.socket.pause();
    await fill(peer, server, 5000);
    pass(27_000);
    expect(server.connections).toBe(1);
    pass(1000);
    await turns();
    expect(server.counters.closed.slowReader).toBe(1);
  });
});

describe('allow', () => {
  function networks(text: string) {
    const network = parseNetwork(text);
    return network === undefined ? [] : [network];
  }

  test('closes a peer from elsewhere at once, with one line in the log', async () => {
    const { connect, server, lines } = await startRig(
      { allow: networks('192.0.2.0/24') },
      'inet:0@127.0.0.1',
    );
    for (let i = 0; i < 5; i++) expect(await (await connect()).closed()).toBe('');
    expect(server.counters.closed.notAllowed).toBe(5);
    expect(closings(lines, 'notAllowed')).toEqual([
      { level: 'warn', message: 'closed', fields: expect.objectContaining({ peer: '127.0.0.1' }) },
    ]);
  });

  test('closes such a peer over max_connections too, where others linger', async () => {
    const rig = await startRig({ allow: networks('192.0.2.0/24'), maxConnections: 0 }, 'inet:0@127.0.0.1');
    expect(await (await rig.connect()).closed()).toBe('');
    expect(rig.server.counters.closed).toMatchObject({ notAllowed: 1, overLimit: 0 });
    expect(rig.server.lingering).toBe(0);
  });

  test('serves a peer from its networks', async () => {
    const { connect } = await startRig({ allow: networks('127.0.0.0/8') }, 'inet:0@0.0.0.0');
    const peer = await connect();
    peer.send(request('a'));
    expect(await peer.receives(reply('a'))).toBe(reply('a'));
  });

  test('does not concern UNIX sockets', async () => {
    const { connect } = await startRig({ allow: networks('192.0.2.0/24') });
    const peer = await connect();
    peer.send(request('a'));
    expect(await peer.receives(reply('a'))).toBe(reply('a'));
  });

  test('must be given where more than this machine can reach a listener', async () => {
    const parts = { lookup: new HandLookup(), log: silentLog, now: () => 0 };
    const listening = SocketmapServer.listen([parseEndpoint('inet:0@0.0.0.0')], {}, parts);
    await expect(listening).rejects.toThrow(ConfigError);
  });
});

describe('backlog', () => {
  test('is how many may wait to be accepted', async () => {
    const few = await startRig({ backlog: 2 });
    const many = await startRig({ backlog: 100 });
    expect(await acceptedOf(few, 20)).toBeLessThan(20);
    expect(await acceptedOf(many, 20)).toBe(20);
  });

  /** All connect in one turn of the event loop, in which none can be accepted. */
  async function acceptedOf({ endpoint, server }: Awaited<ReturnType<typeof startRig>>, count: number) {
    const sockets = Array.from({ length: count }, () => new Peer(Peer.dial(endpoint)).socket);
    const settled = (socket: Socket): Promise<unknown> =>
      new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    await Promise.all(sockets.map(settled));
    await turns(count);
    return server.connections;
  }
});

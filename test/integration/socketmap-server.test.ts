import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatEndpoint, parseEndpoint } from '../../src/net/endpoint.js';
import { encodeNetstring } from '../../src/socketmap/netstring.js';
import { SocketmapServer } from '../../src/socketmap/server.js';
import {
  HandLookup,
  Peer,
  afterwards,
  recordingLog,
  reply,
  request,
  startRig,
  temporaryFolder,
  turns,
  type Line,
} from './socketmap-rig.js';

describe.each([
  ['UNIX', undefined],
  ['IPv4', 'inet:0@127.0.0.1'],
  ['IPv6', 'inet6:0@::1'],
])('over %s', (_, listen) => {
  test('answers what is known', async () => {
    const { connect } = await startRig({}, listen);
    const peer = await connect();
    peer.send('22:cyrus alice@example.jp,');
    expect(await peer.receives('19:OK alice@example.jp,')).toBe('19:OK alice@example.jp,');
    peer.received = '';
    peer.send('23:cyrus nobody@example.jp,');
    expect(await peer.receives('31:NOTFOUND Mailbox does not exist,')).toBe(
      '31:NOTFOUND Mailbox does not exist,',
    );
  });

  test('answers what has to be asked for', async () => {
    const { connect, lookup } = await startRig({}, listen);
    const peer = await connect();
    peer.send(request('later@example.jp'));
    await lookup.hasAsked(1);
    expect(peer.received).toBe('');
    lookup.answer('later@example.jp');
    expect(await peer.receives(reply('later@example.jp'))).toBe(reply('later@example.jp'));
  });

  test('gives everything that was asked for to a peer that has sent its FIN, then closes', async () => {
    const { connect, lookup, server } = await startRig({}, listen);
    const peer = await connect();
    peer.socket.end(request('a') + request('later') + request('b'), 'latin1');
    await lookup.hasAsked(1);
    await turns();
    expect(peer.received).toBe(reply('a'));
    lookup.answer('later');
    expect(await peer.closed()).toBe(reply('a') + reply('later') + reply('b'));
    await turns();
    expect(server.connections).toBe(0);
  });

  test('tells for whom it asks: one for each connection, which is gone once that is', async () => {
    const { connect, lookup, server } = await startRig({}, listen);
    const peers = [await connect(), await connect()];
    peers[0]?.send(request('later1') + request('later2'));
    await lookup.hasAsked(2);
    peers[1]?.send(request('later3'));
    await lookup.hasAsked(3);
    const [first, same, other] = lookup.askers;
    expect(first).toBe(same);
    expect(first).not.toBe(other);
    expect([first?.gone, other?.gone]).toEqual([false, false]);
    await server.stop(0);
    expect([first?.gone, other?.gone]).toEqual([true, true]);
  });

  test('says what was wrong after a protocol error, then closes', async () => {
    const { connect, server } = await startRig({}, listen);
    const peer = await connect();
    peer.send(request('a') + '022:cyrus alice@example.jp,');
    expect(await peer.closed()).toBe(
      reply('a') + encodeNetstring('TEMP not a netstring: its length has a leading zero'),
    );
    expect(server.counters).toMatchObject({ requests: 1, closed: { protocolError: 1 } });
  });
});

const HUNDRED = Array.from({ length: 100 }, (_, i) =>
  i % 3 === 0 ? `nobody${i}@example.jp` : `user${i}@example.jp`,
);

describe('a hundred requests', () => {
  const requests = HUNDRED.map((key) => request(key)).join('');
  const replies = HUNDRED.map(reply).join('');

  test('in one write are answered in order, in one write', async () => {
    const { connect, server } = await startRig();
    const peer = await connect();
    peer.send(requests);
    expect(await peer.receives(replies)).toBe(replies);
    expect(peer.pieces).toBe(1);
    expect(server.counters).toMatchObject({ requests: 100, replies: { OK: 66, NOTFOUND: 34, TEMP: 0 } });
  });

  test('one byte at a time are answered in the same way', async () => {
    const { connect } = await startRig();
    const peer = await connect();
    for (const byte of requests) {
      peer.send(byte);
      await turns(1);
    }
    expect(await peer.receives(replies)).toBe(replies);
  });

  test('that have to be asked for are answered in order, whatever order the answers come in', async () => {
    const { connect, lookup } = await startRig();
    const peer = await connect();
    const keys = HUNDRED.map((key, i) => (i % 2 === 0 ? `later-${key}` : key));
    peer.send(keys.map((key) => request(key)).join(''));
    await lookup.hasAsked(50);
    for (const key of lookup.asked.toReversed()) {
      lookup.answer(key);
      await turns(1);
    }
    const expected = keys.map(reply).join('');
    expect(await peer.receives(expected)).toBe(expected);
  });
});

describe('the order of replies', () => {
  test('a hit behind a miss waits for it', async () => {
    const { connect, lookup } = await startRig();
    const peer = await connect();
    peer.send(request('a') + request('later1'));
    await peer.receives(reply('a'));
    peer.send(request('b') + request('later2') + request('c'));
    await lookup.hasAsked(2);
    lookup.answer('later2');
    await turns();
    expect(peer.received).toBe(reply('a'));
    lookup.answer('later1');
    const all = reply('a') + reply('later1') + reply('b') + reply('later2') + reply('c');
    expect(await peer.receives(all)).toBe(all);
  });

  test('a miss on one connection holds up no other', async () => {
    const { connect, lookup } = await startRig();
    const [slow, fast] = [await connect(), await connect()];
    slow.send(request('later'));
    await lookup.hasAsked(1);
    fast.send(request('a'));
    expect(await fast.receives(reply('a'))).toBe(reply('a'));
    expect(slow.received).toBe('');
  });

  test('answers that become ready in one turn go out in one write', async () => {
    const { connect, lookup } = await startRig();
    const peer = await connect();
    const keys = ['later1', 'later2', 'later3'];
    peer.send(keys.map((key) => request(key)).join(''));
    await lookup.hasAsked(3);
    lookup.answer(...keys);
    const all = keys.map(reply).join('');
    expect(await peer.receives(all)).toBe(all);
    expect(peer.pieces).toBe(1);
  });

  test('what was asked before a protocol error is answered first', async () => {
    const { connect, lookup } = await startRig();
    const peer = await connect();
    peer.send(request('a') + request('later') + request('b') + 'x' + request('c'));
    await lookup.hasAsked(1);
    lookup.answer('later');
    const said = encodeNetstring(
      'TEMP not a netstring: its length has byte 0x78, must be digits and a colon',
    );
    expect(await peer.closed()).toBe(reply('a') + reply('later') + reply('b') + said);
  });
});

describe('8-bit bytes', () => {
  test('come back as they were sent', async () => {
    const { connect } = await startRig();
    const peer = await connect();
    const key = `x${String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code))}`;
    peer.send(request(key));
    expect(await peer.receives(reply(key))).toBe(reply(key));
  });
});

describe('a protocol error', () => {
  test.each([
    ['no space', '5:cyrus,', 'missing key'],
    ['a wrong comma', '5:cyrus;', 'must be a comma'],
    ['HTTP', 'GET / HTTP/1.0\r\n\r\n', '0x47'],
    ['a newline behind a request', '\n', '0x0a'],
    ['a length over the limit', '10001:', 'over 10000 bytes'],
    ['a negative length', '-5:abc,', '0x2d'],
  ])('is told and ends the connection: %s', async (_, bytes, told) => {
    const { connect, lines } = await startRig();
    const peer = await connect();
    peer.send(bytes);
    const said = await peer.closed();
    expect(said).toMatch(/^\d+:TEMP [ -~]*,$/);
    expect(said).toContain(told);
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', message: 'closed' }));
  });

  test('leaves nothing to be answered: what comes after it is not read', async () => {
    const { connect, server } = await startRig();
    const peer = await connect();
    peer.send('nonsense');
    await peer.ended();
    const said = peer.received;
    peer.send(request('a').repeat(1000));
    await turns();
    expect(peer.received).toBe(said);
    expect(server.counters.requests).toBe(0);
    expect(await peer.closed()).toBe(said);
  });

  test('of one peer is no matter of another', async () => {
    const { connect } = await startRig();
    const [bad, good] = [await connect(), await connect()];
    bad.send('nonsense');
    await bad.closed();
    good.send(request('a'));
    expect(await good.receives(reply('a'))).toBe(reply('a'));
  });
});

describe('a peer that goes away', () => {
  test('in the middle of a request is closed without a word', async () => {
    const { connect, server } = await startRig();
    const peer = await connect();
    peer.socket.end('22:cyrus ali', 'latin1');
    expect(await peer.closed()).toBe('');
    await turns();
    expect(server.connections).toBe(0);
  });

  test('while Cyrus is asked for it does no harm', async () => {
    const { connect, lookup, server } = await startRig({}, 'inet:0@127.0.0.1');
    const peer = await connect();
    peer.send(request('later1') + request('later2'));
    await lookup.hasAsked(2);
    peer.socket.resetAndDestroy();
    await turns();
    expect(server.connections).toBe(0);
    lookup.answer('later1', 'later2');
    const other = await connect();
    other.send(request('a'));
    expect(await other.receives(reply('a'))).toBe(reply('a'));
  });

  test('without reading its reply does no harm', async () => {
    const { connect, lookup, server } = await startRig();
    const peer = await connect();
    peer.send(request('later'));
    await lookup.hasAsked(1);
    peer.socket.destroy();
    lookup.answer('later');
    await turns();
    expect(server.connections).toBe(0);
  });
});

describe('a mistake of ours', () => {
  test.each([
    ['at once', 'throws'],
    ['later', 'later'],
  ])('closes the connection unanswered, %s, and is logged', async (_, key) => {
    const { connect, lookup, lines, server } = await startRig();
    const [peer, other] = [await connect(), await connect()];
    peer.send(request(key));
    if (key === 'later') {
      await lookup.hasAsked(1);
      lookup.fail('later');
    }
    expect(await peer.closed()).toBe('');
    const fields = expect.objectContaining({ reason: 'failed', error: 'a mistake of ours' });
    expect(lines).toContainEqual({ level: 'error', message: 'closed', fields });
    expect(server.counters.closed.failed).toBe(1);
    other.send(request('a'));
    expect(await other.receives(reply('a'))).toBe(reply('a'));
  });
});

describe('a server', () => {
  test('listens on several endpoints at once, each with its line in the log', async () => {
    const lines: Line[] = [];
    const endpoints = [`unix:${join(temporaryFolder(), 's')}`, 'inet:0@localhost', 'inet6:0@::1'];
    const parts = { lookup: new HandLookup(), log: recordingLog(lines), now: () => 0 };
    const server = await SocketmapServer.listen(
      endpoints.map((text) => parseEndpoint(text)),
      {},
      parts,
    );
    afterwards(() => server.stop(0));
    for (const endpoint of server.endpoints) {
      const peer = await Peer.connect(endpoint);
      peer.send(request('a'));
      expect(await peer.receives(reply('a'))).toBe(reply('a'));
      const fields = { endpoint: formatEndpoint(endpoint) };
      expect(lines).toContainEqual({ level: 'info', message: 'listening', fields });
    }
    expect(server.connections).toBe(3);
  });
});

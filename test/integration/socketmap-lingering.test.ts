import { describe, expect, test, vi } from 'vitest';
import type { ServerOptions } from '../../src/socketmap/server-options.js';
import { Peer, reply, request, startRig, turns, type Rig } from './socketmap-rig.js';

const HOUR = 60 * 60_000;

/** The peers of the rig are as Sendmail: they close only when they have read our FIN, and that when they ask again. */
type Ending = {
  readonly options?: Partial<ServerOptions>;
  /** @returns the connection that is ended by it, with what its peer has received until then */
  readonly end: (rig: Rig) => Promise<readonly [peer: Peer, received: string]>;
};

const ENDINGS: { readonly [name: string]: Ending } = {
  'without a request for idle_timeout': {
    options: { idleTimeoutMs: 10_000 },
    async end({ connect, pass }) {
      const peer = await connect();
      peer.send(request('a'));
      await peer.receives(reply('a'));
      pass(10_000);
      return [peer, reply('a')];
    },
  },
  'with a request that is not finished within request_timeout': {
    async end({ connect, pass }) {
      const peer = await connect();
      peer.send('22:cyrus ali');
      await turns();
      pass(10_000);
      return [peer, ''];
    },
  },
  'whose answer would come too late': {
    async end({ connect, pass, lookup }) {
      const peer = await connect();
      peer.send(request('later'));
      await lookup.hasAsked(1);
      pass(30_000);
      return [peer, ''];
    },
  },
  'that is read no further and whose answer would come too late': {
    options: { maxWaiting: 1 },
    async end({ connect, pass, lookup }) {
      const peer = await connect();
      peer.send(request('later') + request('a'));
      await lookup.hasAsked(1);
      pass(30_000);
      return [peer, ''];
    },
  },
  'that was open while the process stood still': {
    async end({ connect, standStill, server }) {
      const peer = await connect();
      peer.send(request('a'));
      await peer.receives(reply('a'));
      standStill(31_000);
      server.sweep();
      return [peer, reply('a')];
    },
  },
  'that waited to be accepted while the process stood still': {
    async end({ endpoint, standStill }) {
      const peer = new Peer(Peer.dial(endpoint));
      peer.send(request('a'));
      standStill(31_000);
      return [peer, ''];
    },
  },
  'over max_connections': {
    options: { maxConnections: 1 },
    async end({ connect }) {
      await connect();
      return [await connect(), ''];
    },
  },
  'after a mistake of ours': {
    async end({ connect }) {
      const peer = await connect();
      peer.send(request('throws'));
      return [peer, ''];
    },
  },
  'after a protocol error': {
    async end({ connect }) {
      const peer = await connect();
      peer.send(request('a') + '5:cyrus,');
      return [peer, `${reply('a')}45:TEMP missing key: no space after the map name,`];
    },
  },
};

describe.each([
  ['UNIX', undefined],
  ['IPv4', 'inet:0@127.0.0.1'],
])('over %s', (_, listen) => {
  test.each(Object.entries(ENDINGS))(
    'a connection %s can be written to, is answered no more, and is closed with its peer',
    async (_name, { options = {}, end }) => {
      const rig = await startRig(options, listen);
      const { server, lookup } = rig;
      const [peer, received] = await end(rig);
      expect(await peer.ended()).toBe(received);
      expect(server.lingering).toBe(1);

      const { requests } = server.counters;
      for (const key of ['b', 'later2', 'c']) {
        peer.send(request(key));
        await turns();
      }
      lookup.answer('later', 'later2');
      await turns();
      expect(server.counters.requests).toBe(requests);
      expect(server.lingering).toBe(1);
      expect(peer.socket.errored).toBeNull();

      expect(await peer.closed()).toBe(received);
      await vi.waitFor(() => expect(server.lingering).toBe(0));
    },
  );
});

/** A connection that lingers. */
async function lingering({ connect }: Rig): Promise<Peer> {
  const peer = await connect();
  peer.send('nonsense');
  await peer.ended();
  return peer;
}

/** What a peer was sent behind the FIN that it has seen; empty, and closed. */
async function closedBehind(peer: Peer): Promise<void> {
  const before = peer.received;
  while (peer.socket.errored === null) {
    peer.send('x');
    await turns(1);
  }
  expect(peer.received).toBe(before);
}

describe('linger_timeout', () => {
  test('closes what its peer does not, an hour later by default', async () => {
    const rig = await startRig();
    const peer = await lingering(rig);
    rig.pass(HOUR - 1000);
    peer.send('x');
    await turns();
    expect(rig.server.lingering).toBe(1);
    rig.pass(1000);
    expect(rig.server.lingering).toBe(0);
    await closedBehind(peer);
  });

  test('begins with the end of each connection, and no byte begins it anew', async () => {
    const rig = await startRig({ lingerTimeoutMs: 5000 });
    const first = await lingering(rig);
    rig.pass(3000);
    const second = await lingering(rig);
    first.send(request('a'));
    await turns();
    rig.pass(2000);
    expect(rig.server.lingering).toBe(1);
    await closedBehind(first);
    rig.pass(2000);
    expect(rig.server.lingering).toBe(1);
    rig.pass(1000);
    expect(rig.server.lingering).toBe(0);
    await closedBehind(second);
  });
});

describe('a connection that lingers', () => {
  test('may send what it had under way, and is closed when it sends more than that', async () => {
    const rig = await startRig({ maxDroppedBytes: 100_000 });
    const [modest, flooding] = [await lingering(rig), await lingering(rig)];
    modest.send('x'.repeat(100_000));
    flooding.send('x'.repeat(100_001));
    await vi.waitFor(() => expect(rig.server.lingering).toBe(1));
    await closedBehind(flooding);
    modest.send('x');
    await vi.waitFor(() => expect(rig.server.lingering).toBe(0));
  });

  test('takes no room from those that are served: the oldest is closed for a new one', async () => {
    const rig = await startRig({ maxConnections: 2, maxOverLimit: 1 });
    const [oldest, middle, youngest] = [await lingering(rig), await lingering(rig), await lingering(rig)];
    expect(rig.server.lingering).toBe(3);
    const served = [await rig.connect(), await rig.connect()];
    for (const peer of served) {
      peer.send(request('a'));
      expect(await peer.receives(reply('a'))).toBe(reply('a'));
    }
    expect([rig.server.connections, rig.server.lingering]).toEqual([2, 1]);
    expect(rig.server.counters.closed.overLimit).toBe(0);
    await closedBehind(oldest);
    await closedBehind(middle);
    expect(youngest.socket.errored).toBeNull();
    const refused = await rig.connect();
    await refused.ended();
    expect([rig.server.connections, rig.server.lingering]).toEqual([2, 1]);
    expect(rig.server.counters.closed.overLimit).toBe(1);
    await closedBehind(youngest);
    expect(refused.socket.errored).toBeNull();
  });
});

describe('a protocol error behind a request that has to be asked for', () => {
  test('is where reading stops until that is answered', async () => {
    const rig = await startRig({ maxDroppedBytes: 10_000_000 });
    const peer = await rig.connect();
    peer.send(request('later') + 'x');
    await rig.lookup.hasAsked(1);
    peer.send('x'.repeat(4_000_000));
    await turns(200);
    expect(peer.socket.writableLength).toBeGreaterThan(0);
    rig.lookup.answer('later');
    expect((await peer.ended()).startsWith(reply('later'))).toBe(true);
    while (peer.socket.writableLength > 0) await turns(1);
    expect(rig.server.lingering).toBe(1);
  });
});

describe('replies that the kernel has not taken when the process stood still', () => {
  test('are not sent: the connection is closed', async () => {
    const rig = await startRig({ stallLimitMs: 5000 });
    const peer = await rig.connect();
    peer.socket.pause();
    const burst = request('x'.repeat(5000)).repeat(200);
    for (let requests = -1; requests < rig.server.counters.requests; await turns(50)) {
      requests = rig.server.counters.requests;
      peer.send(burst);
    }
    rig.standStill(6000);
    rig.server.sweep();
    await turns();
    expect([rig.server.connections, rig.server.lingering]).toEqual([0, 0]);
    peer.socket.resume();
    const received = await peer.closed();
    expect(received.length).toBeLessThan(rig.server.counters.requests * reply('x'.repeat(5000)).length);
  });
});

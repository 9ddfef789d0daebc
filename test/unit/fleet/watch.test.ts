// What a publisher hears from its followers, from a server that speaks as Valkey does.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ValkeyConnection } from '../../../src/fleet/connection.js';
import type { Told } from '../../../src/fleet/entry-codec.js';
import { Watch } from '../../../src/fleet/watch.js';
import { RespServer, type Answering } from '../../fakes/resp-server.js';

const ANSWER_MS = 2_000;

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(answer: Answering): Promise<RespServer> {
  const server = await RespServer.listen(answer);
  closing.push(() => server.stop());
  return server;
}

/** Without the logins. */
const said = ({ commands }: RespServer) =>
  commands.filter(([name]) => name !== 'auth').map((words) => words.join(' ').toLowerCase());

const CHANNEL = 'cyrusmapd:{cyrus}:acknowledgements';
const bulk = (text: string) => `$${text.length}\r\n${text}`;
const push = (kind: string, last: string) => `*3\r\n${bulk(kind)}\r\n${bulk(CHANNEL)}\r\n${last}`;
const SUBSCRIBED = push('subscribe', ':1');
const TOLD = push('message', bulk('0123456789abcdef 7 f1'));
const RUBBISH = push('message', bulk('rubbish'));

describe('a publisher hears up to where its followers have forgotten', () => {
  function watchAt(server: RespServer, silentMs = ANSWER_MS) {
    const { port } = server;
    const access = { host: '127.0.0.1', port, user: 'us', password: 'secret', tls: undefined };
    const told: Told[] = [];
    const connection = new ValkeyConnection(access, silentMs);
    const watch = new Watch(
      connection,
      CHANNEL,
      (what) => told.push(what),
      silentMs,
      () => performance.now(),
    );
    closing.push(() => watch.close());
    return { watch, told };
  }

  /** At its first time: later ones are only to see whether all is well. */
  const answering = (): Answering => {
    let asked = 0;
    return ([name]) =>
      name === 'subscribe' ? [SUBSCRIBED, ...(asked++ === 0 ? [RUBBISH, TOLD] : [])].join('\r\n') : '+OK';
  };

  test('on a connection of its own, and nothing of what strangers say', async () => {
    const server = await serve(answering());
    const { watch, told } = watchAt(server);
    expect(watch.hears).toBe(false);
    await vi.waitFor(() => expect(told).toEqual([{ instance: '0123456789abcdef', seq: 7, follower: 'f1' }]));
    expect(watch.hears).toBe(true);
    expect(said(server)).toEqual([`subscribe ${CHANNEL}`]);
  });

  test('again on the next connection', async () => {
    const server = await serve(() => [SUBSCRIBED, TOLD].join('\r\n'));
    const { told } = watchAt(server);
    await vi.waitFor(() => expect(told.length).toBeGreaterThanOrEqual(1));
    server.drop();
    await vi.waitFor(() => expect(told.length).toBeGreaterThanOrEqual(2));
  });

  test('and is sure of it for as long as it is answered when it asks', async () => {
    const server = await serve(answering());
    const { watch, told } = watchAt(server, 100);
    await vi.waitFor(() => expect(told).toHaveLength(1));
    for (let i = 0; i < 10; i++) {
      watch.ask();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(watch.hears).toBe(true);
    }
    expect(new Set(said(server))).toEqual(new Set([`subscribe ${CHANNEL}`]));
  });

  test('on another connection where this one has fallen silent', async () => {
    const server = await serve(answering());
    const { watch, told } = watchAt(server, 100);
    await vi.waitFor(() => expect(told).toHaveLength(1));
    await vi.waitFor(() => expect(watch.hears).toBe(false));
    await vi.waitFor(() => expect(said(server)).toHaveLength(2));
    await vi.waitFor(() => expect(watch.hears).toBe(true));
  });

  test('where its user may; else it is known not to hear, and does not ask again and again', async () => {
    const server = await serve(([name]) => (name === 'subscribe' ? '-NOPERM no' : '+OK'));
    const { watch, told } = watchAt(server);
    await vi.waitFor(() => expect(said(server)).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    watch.ask();
    expect([watch.hears, told, said(server).length]).toEqual([false, [], 1]);
  });
});

// What a publisher hears of its list of followers, from a server that speaks as Valkey does.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ValkeyConnection } from '../../../src/fleet/connection.js';
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

describe('a publisher hears that the list of followers was changed', () => {
  const CHANGED =
    '*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$33\r\ncyrusmapd:{cyrus}:followers:12345\r\n';
  const SUBSCRIBED = '*3\r\n$9\r\nsubscribe\r\n$20\r\n__redis__:invalidate\r\n:1';

  function watchAt(server: RespServer, silentMs = ANSWER_MS) {
    const { port } = server;
    const access = { host: '127.0.0.1', port, user: 'us', password: 'secret', tls: undefined };
    let moved = 0;
    const watch = new Watch(
      new ValkeyConnection(access, silentMs),
      'cyrusmapd:{cyrus}:followers:',
      () => (moved += 1),
      silentMs,
      () => performance.now(),
    );
    closing.push(() => watch.close());
    return { watch, moved: () => moved };
  }

  const answering: Answering = ([name, word]) => {
    if (name === 'client' && word?.toLowerCase() === 'id') return ':42';
    return name === 'subscribe' ? `${SUBSCRIBED}\r\n${CHANGED}${CHANGED.trimEnd()}` : '+OK';
  };

  test('on a connection of its own, in all lists of its stream', async () => {
    const server = await serve(answering);
    const { watch, moved } = watchAt(server);
    expect(watch.hears).toBe(false);
    await vi.waitFor(() => expect(moved()).toBe(3));
    expect(watch.hears).toBe(true);
    expect(said(server)).toEqual([
      'client id',
      'client tracking on redirect 42 bcast prefix cyrusmapd:{cyrus}:followers:',
      'subscribe __redis__:invalidate',
    ]);
  });

  test('again on the next connection', async () => {
    const server = await serve(answering);
    const { moved } = watchAt(server);
    await vi.waitFor(() => expect(moved()).toBe(3));
    server.drop();
    await vi.waitFor(() => expect(moved()).toBe(6));
  });

  test('on another connection where this one has fallen silent', async () => {
    const server = await serve(answering);
    const { watch, moved } = watchAt(server, 100);
    await vi.waitFor(() => expect(moved()).toBe(3));
    await vi.waitFor(() => expect(watch.hears).toBe(false));
    await vi.waitFor(() => expect(moved()).toBe(6));
  });

  test('where its user may; else it is known not to hear', async () => {
    const server = await serve(([name]) => (name === 'client' ? '-NOPERM no' : '+OK'));
    const { watch, moved } = watchAt(server);
    await vi.waitFor(() => expect(said(server)).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([watch.hears, moved()]).toEqual([false, 0]);
  });
});

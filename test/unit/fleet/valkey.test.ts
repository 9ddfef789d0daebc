// The connection to Valkey, before a server that speaks as it does: whom TLS trusts, what is sent to whom, and what is given up.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ValkeyAccess } from '../../../src/fleet/connection.js';
import { followerStore, publisherStore, visitValkey } from '../../../src/fleet/valkey.js';
import { makeCertificates, OTHER_NAME, type Certificates, type Pair } from '../../certificates.js';
import { RespServer, type Answering } from '../../fakes/resp-server.js';
import { lacks } from '../../integration/tools.js';

const LEFT_OUT = lacks('openssl');
const ANSWER_MS = 2_000;

let folder: string;
let made: Certificates;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'valkey-'));
  if (!LEFT_OUT) made = makeCertificates(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closing.splice(0).reverse()) await close();
});

const PONG: Answering = ([name]) => (name === 'get' ? '$4\r\nwell' : '+OK');

async function serve(answer: Answering = PONG, pair?: Pair): Promise<RespServer> {
  const server = await RespServer.listen(answer, pair);
  closing.push(() => server.stop());
  return server;
}

type Tls = Partial<NonNullable<ValkeyAccess['tls']>>;

function accessTo({ port }: RespServer, tls?: Tls): ValkeyAccess {
  const files = { ca: undefined, cert: undefined, key: undefined };
  return {
    host: '127.0.0.1',
    port,
    user: 'us',
    password: 'secret',
    tls: tls === undefined ? undefined : { serverName: 'localhost', ...files, ...tls },
  };
}

/** What the beacon is said to be, by a publisher. */
function beaconOf(access: ValkeyAccess): Promise<string | null> {
  const store = publisherStore(access, 'cyrus', ANSWER_MS, 1_000);
  closing.push(() => store.close());
  return store.beacon();
}

describe.skipIf(LEFT_OUT)('over TLS', () => {
  const trusted = () => ({ ca: readFileSync(made.ca) });

  test('a server whose certificate comes from an authority in ca_file is asked', async () => {
    const server = await serve(PONG, made.good);
    expect(await beaconOf(accessTo(server, trusted()))).toBe('well');
    expect(server.commands).toEqual([
      ['auth', 'us', 'secret'],
      ['get', 'cyrusmapd:{cyrus}:beacon'],
    ]);
  });

  test('a self-signed one is trusted where it is in ca_file itself', async () => {
    const server = await serve(PONG, made.selfSigned);
    expect(await beaconOf(accessTo(server, { ca: readFileSync(made.selfSigned.cert) }))).toBe('well');
  });

  const REFUSED: readonly [string, () => Pair, () => Tls, RegExp][] = [
    ['self-signed', () => made.selfSigned, () => ({}), /self-signed certificate/],
    ['self-signed, not the one in ca_file', () => made.selfSigned, trusted, /self-signed certificate/],
    ["a stranger's", () => made.stranger, trusted, /unable to verify|unable to get/],
    ['expired', () => made.expired, trusted, /certificate has expired/],
    ['for another name', () => made.wrongName, trusted, /altnames/],
    [
      'for the host, and not for server_name',
      () => made.good,
      () => ({ ...trusted(), serverName: OTHER_NAME }),
      /altnames/,
    ],
  ];

  test.each(REFUSED)(
    'a certificate that is %s is refused, and no password is sent',
    async (_, pair, tls, said) => {
      const server = await serve(PONG, pair());
      await expect(beaconOf(accessTo(server, tls()))).rejects.toThrow(said);
      expect(server.commands).toEqual([]);
    },
  );

  test.each(REFUSED.slice(0, 1))(
    'NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing: %s is refused, and no password is sent',
    async (_, pair, tls, said) => {
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
      const server = await serve(PONG, pair());
      await expect(beaconOf(accessTo(server, tls()))).rejects.toThrow(said);
      expect(server.commands).toEqual([]);
    },
  );

  test('a follower trusts no more than a publisher', async () => {
    const server = await serve(PONG, made.stranger);
    const store = followerStore(accessTo(server, trusted()), 'cyrus', ANSWER_MS, 'f');
    closing.push(() => store.close());
    await expect(store.beat(undefined)).rejects.toThrow(/unable to verify|unable to get/);
    await expect(store.read('0-0', undefined, () => undefined)).rejects.toThrow(
      /unable to verify|unable to get/,
    );
    expect(server.commands).toEqual([]);
  });
});

const said = ({ commands }: RespServer) =>
  commands.filter(([name]) => name !== 'auth').map((words) => words.join(' ').toLowerCase());

describe('a follower', () => {
  test('acknowledges with the read that comes next, and never goes back', async () => {
    const entries = '*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n5-0\r\n*2\r\n$1\r\na\r\n$1\r\nb';
    const server = await serve(([name]) => (name === 'xread' ? entries : ':1'));
    const store = followerStore(accessTo(server), 'cyrus', ANSWER_MS, '7');
    closing.push(() => store.close());
    const acknowledged: unknown[] = [];
    const ack = { instance: 'abc', seq: 3 };
    expect(await store.read('4-0', ack, (each) => acknowledged.push(each))).toEqual([['5-0', ['a', 'b']]]);
    expect(acknowledged).toEqual([ack]);
    expect(said(server)).toEqual([
      'zadd cyrusmapd:{cyrus}:followers:abc gt 3 f7',
      'publish cyrusmapd:{cyrus}:acknowledgements abc 3 f7',
      'xread count 1000 block 1000 streams cyrusmapd:{cyrus}:stream 4-0',
    ]);
  });

  test('reads on where it may not tell that it has acknowledged', async () => {
    const server = await serve(([name]) => {
      if (name === 'publish') return '-NOPERM no';
      return name === 'zadd' ? ':1' : '*0';
    });
    const store = followerStore(accessTo(server), 'cyrus', ANSWER_MS, '7');
    closing.push(() => store.close());
    const acknowledged: unknown[] = [];
    const ack = { instance: 'abc', seq: 3 };
    expect(await store.read('4-0', ack, (each) => acknowledged.push(each))).toEqual([]);
    expect(acknowledged).toEqual([ack]);
  });

  test('reads on where its acknowledgement is refused', async () => {
    const server = await serve(([name]) => (name === 'zadd' ? '-NOPERM no' : '*0'));
    const store = followerStore(accessTo(server), 'cyrus', ANSWER_MS, '7');
    closing.push(() => store.close());
    const acknowledged: unknown[] = [];
    await store.read('4-0', { instance: 'abc', seq: 3 }, (each) => acknowledged.push(each));
    expect(acknowledged).toEqual([]);
  });
});

describe('a publisher', () => {
  const list = (...words: string[]) =>
    [`*${words.length}`, ...words.map((word) => `$${word.length}\r\n${word}`)].join('\r\n');

  test('reads the number of the last question, and then who has forgotten what', async () => {
    const server = await serve(([name]) =>
      name === 'get' ? '$1\r\n9' : list('f2', '3', 'f1', '4', 'publisher', 'inf'),
    );
    const store = publisherStore(accessTo(server), 'cyrus', ANSWER_MS, 1_000);
    closing.push(() => store.close());
    expect(await store.hear('abc')).toEqual({
      question: 9,
      list: new Map([
        ['f2', 3],
        ['f1', 4],
      ]),
    });
    expect(said(server)).toEqual([
      'get cyrusmapd:{cyrus}:questions',
      'zrange cyrusmapd:{cyrus}:followers:abc 0 1000 withscores',
    ]);
  });

  test('knows no list that is not there any more, or is longer than what it reads', async () => {
    let answer = '*0';
    const server = await serve(([name]) => (name === 'get' ? '$-1' : answer));
    const store = publisherStore(accessTo(server), 'cyrus', ANSWER_MS, 1_000);
    closing.push(() => store.close());
    expect(await store.hear('abc')).toEqual({ question: 0, list: undefined });
    answer = list('f1', '4');
    expect(await store.hear('abc')).toEqual({ question: 0, list: undefined });
    answer = list('publisher', 'inf');
    expect(await store.hear('abc')).toEqual({ question: 0, list: new Map() });
  });
});

describe('a visit', () => {
  test('tells what was refused beside what was said', async () => {
    const server = await serve(([name]) => (name === 'dbsize' ? '-NOPERM no' : PONG([name ?? ''])));
    const visit = visitValkey(accessTo(server), ANSWER_MS);
    closing.push(() => visit.close());
    expect(await visit.ask([['get', 'a'], ['dbsize'], ['set', 'b', 1]])).toEqual([
      { error: undefined, value: 'well' },
      { error: 'NOPERM no', value: undefined },
      { error: undefined, value: 'OK' },
    ]);
  });

  test('fails where the connection ends before all was said', async () => {
    const server = await serve(([name]) => {
      if (name === 'dbsize') void server.stop();
      return PONG([name ?? '']);
    });
    const visit = visitValkey(accessTo(server), ANSWER_MS);
    closing.push(() => visit.close());
    await expect(visit.ask([['get', 'a'], ['dbsize'], ['get', 'a']])).rejects.toThrow();
  });
});

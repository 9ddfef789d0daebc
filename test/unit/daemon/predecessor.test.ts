import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectedTo, Predecessor } from '../../../src/daemon/predecessor.js';
import { ProtocolError, UnavailableError } from '../../../src/errors.js';

type Answer = { readonly status?: number; readonly body: unknown };

const VERSION = { pid: 42, version: '0.9.0', node: 'v20.0.0', config: '/etc/cyrusmapd.toml' };
const STATS = {
  connections: 3,
  lingering: 1,
  backchannels: [
    { name: 'one', state: 'up' },
    { name: 'two', state: 'down' },
    { name: 'three', state: 'untried' },
  ],
};
const STANDING = {
  listeners: ['unix:/s'],
  sharesPorts: true,
  program: '/usr/bin/p',
  taking: true,
  witnesses: { one: ['alice@example.jp'] },
  watchdog: '9',
};

let folder: string;
let control: { readonly kind: 'unix'; readonly path: string };
let server: Server | undefined;
let asked: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'predecessor-'));
  control = { kind: 'unix', path: join(folder, 'control') };
  server = undefined;
  asked = [];
});
afterEach(async () => {
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  rmSync(folder, { recursive: true });
});

/** @param answers by the path without the query; a text is sent as it is */
async function running(answers: Readonly<Record<string, Answer>>): Promise<void> {
  const all: Readonly<Record<string, Answer>> = {
    '/version': { body: VERSION },
    '/stats': { body: STATS },
    '/takeover': { body: STANDING },
    ...answers,
  };
  server = createHttpServer(({ method = '', url = '' }, response) => {
    asked.push(`${method} ${url}`);
    const { status = 200, body } = all[url.split('?')[0] ?? ''] ?? { status: 404, body: 'no such path' };
    response.statusCode = status;
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server?.listen(control.path, resolve));
}

describe('the running daemon', () => {
  test('is what it tells of itself', async () => {
    await running({});
    const found = await Predecessor.find(control);
    expect(found?.running).toMatchObject({
      ...VERSION,
      up: new Set(['one']),
      standing: STANDING,
      control: { ino: expect.any(BigInt) },
    });
    expect(asked).toEqual(['GET /version', 'GET /stats', 'GET /takeover']);
  });

  test('is taken at its word only where that is of the right kind', async () => {
    await running({
      '/takeover': {
        body: {
          listeners: 'x',
          sharesPorts: 'yes',
          program: 7,
          taking: 1,
          witnesses: { one: 'alice@example.jp', two: ['bob@example.jp', 7] },
          watchdog: 9,
        },
      },
    });
    expect((await Predecessor.find(control))?.running.standing).toStrictEqual({
      listeners: [],
      sharesPorts: false,
      program: '',
      taking: false,
      witnesses: { one: [], two: ['bob@example.jp', '7'] },
    });
  });

  test('may be of a release that knows of no takeovers, or of no back-channels', async () => {
    await running({
      '/takeover': { status: 404, body: 'no such path' },
      '/stats': { body: { connections: 1 } },
    });
    const found = await Predecessor.find(control);
    expect([found?.running.standing, found?.running.up]).toEqual([undefined, new Set()]);
  });

  test('is none where nobody listens', async () => {
    expect(await Predecessor.find(control)).toBeUndefined();
  });

  test('is none where nobody listens any more', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(join(folder, 'x'), resolve));
    const left = { kind: 'unix', path: control.path } as const;
    renameSync(join(folder, 'x'), left.path);
    await new Promise((resolve) => gone.close(resolve));
    expect(await Predecessor.find(left)).toBeUndefined();
  });

  test.each<[string, Readonly<Record<string, Answer>>, string]>([
    ['tells no pid', { '/version': { body: { version: '1' } } }, 'the running daemon tells no pid'],
    ['tells a list', { '/version': { body: [] } }, 'something else than was asked for'],
    ['tells nothing', { '/stats': { body: 'null' } }, 'something else than was asked for'],
    ['tells a number', { '/stats': { body: '7' } }, 'something else than was asked for'],
    ['refuses', { '/takeover': { status: 403, body: 'not you' } }, 'not you'],
    ['has back-channels that are none', { '/stats': { body: { backchannels: [7] } } }, 'something else'],
  ])('that %s is not taken over from', async (_, answers, why) => {
    await running(answers);
    await expect(Predecessor.find(control)).rejects.toThrow(ProtocolError);
    await expect(Predecessor.find(control)).rejects.toThrow(why);
  });

  test('that gives no answer is not taken over from', async () => {
    server = createHttpServer((_, response) => void response.destroy());
    await new Promise<void>((resolve) => server?.listen(control.path, resolve));
    await expect(Predecessor.find(control)).rejects.toThrow(UnavailableError);
  });
});

describe('what it says while it hands over', () => {
  const successions = [
    { place: '/run/s', bound: '/run/.a/s' },
    { place: '/run/c', bound: '/run/.b/s' },
  ];

  async function said(answer: Answer): Promise<unknown[]> {
    await running({});
    const found = await Predecessor.find(control);
    await new Promise<void>((resolve) => server?.close(() => resolve()));
    await running({ '/takeover': answer });
    const lines: unknown[] = [];
    for await (const line of found?.handOver(7, successions) ?? []) lines.push(Object.fromEntries(line));
    return lines;
  }

  test('is one thing a line; it is told who comes, and what waits beside which place', async () => {
    expect(await said({ body: '{"taken":true}\n{"known":["x"]}\n' })).toEqual([
      { taken: true },
      { known: ['x'] },
    ]);
    const query = new URLSearchParams(asked.at(-1)?.split('?')[1]);
    expect(asked.at(-1)).toMatch(/^POST \/takeover\?/);
    expect([query.get('pid'), query.getAll('place'), query.getAll('bound')]).toEqual([
      '7',
      ['/run/s', '/run/c'],
      ['/run/.a/s', '/run/.b/s'],
    ]);
  });

  test('may be a refusal', async () => {
    await expect(said({ status: 409, body: 'another process is just taking over\n' })).rejects.toThrow(
      new UnavailableError('another process is just taking over'),
    );
  });

  test('is nothing else', async () => {
    await expect(said({ body: '[]\n' })).rejects.toThrow(UnavailableError);
  });
});

describe('how many are connected', () => {
  test('is a number of each kind', async () => {
    await running({});
    expect(await connectedTo(control)).toEqual({ connections: 3, lingering: 1 });
  });

  test('is not guessed where it does not say', async () => {
    await running({ '/stats': { body: { connections: 3 } } });
    await expect(connectedTo(control)).rejects.toThrow('the running daemon tells no lingering');
  });
});

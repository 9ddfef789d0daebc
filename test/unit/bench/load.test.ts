import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compile, runLoad, type Load, type LoadResult } from '../../../bench/generator.js';
import { generateLoad } from '../../../bench/load.js';
import { quantile } from '../../../bench/histogram.js';
import { startSocketmapServer, type Answer, type SocketmapServer } from '../../fakes/socketmap-server.js';

const NAMES = ['a@example.jp', 'b@example.jp', 'c@example.jp'];
const RIGHT: Answer = (key) => (NAMES.includes(key) ? `OK ${key}` : 'NOTFOUND Mailbox does not exist');

let folder: string;
let server: SocketmapServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'load-'));
  await writeFile(join(folder, 'keys'), NAMES.map((name) => `${name}\tOK ${name}\n`).join(''));
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await rm(folder, { recursive: true });
});

async function serve(answer: Answer): Promise<SocketmapServer> {
  return (server = await startSocketmapServer(answer, join(folder, 'socket')));
}

function loadOf(options: Partial<Load>): Load {
  const base = {
    socket: join(folder, 'socket'),
    keys: join(folder, 'keys'),
    connections: 2,
    seconds: 0.1,
    seed: 7,
  };
  return { ...base, mode: 'closed', ...options };
}

async function inC(load: Load): Promise<LoadResult> {
  return runLoad({ language: 'c', command: [program] }, load);
}

/** In this process: the test runner knows no compiled file of it. */
async function inTypeScript(load: Load): Promise<LoadResult> {
  const { socket, keys, mode, connections, seconds, seed, idle = 0, rate = 1000, unknownShare = 0 } = load;
  const options = {
    socket,
    keys,
    mode,
    connections,
    seconds,
    seed,
    idle,
    rate,
    'unknown-share': unknownShare,
  };
  const [input, output] = [new PassThrough(), new PassThrough()];
  const done = generateLoad(
    Object.entries(options).map(([name, value]) => `--${name}=${value}`),
    input,
    output,
  );
  let printed = '';
  output.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  await once(output, 'data');
  input.end('go\n');
  await done;
  return JSON.parse(printed.split('\n')[1] ?? '');
}

const program = await compile('load').catch(() => '');

describe.each([
  { language: 'C', run: inC, runs: program !== '' },
  { language: 'TypeScript', run: inTypeScript, runs: true },
])('the load generator in $language', ({ run, runs }) => {
  test.runIf(runs)('asks each key once, in order', async () => {
    const { requests } = await serve(RIGHT);
    const result = await run(loadOf({ mode: 'once', connections: 1 }));
    expect(requests).toEqual(NAMES.map((name) => `cyrus ${name}`));
    expect(result).toMatchObject({ lookups: 3, wrong: 0, lost: 0, unanswered: 0 });
  });

  test.runIf(runs)('asks again as soon as it is answered, until the time is up', async () => {
    const { requests } = await serve(RIGHT);
    const result = await run(loadOf({}));
    expect(result.lookups).toBe(requests.length);
    expect(result).toMatchObject({ wrong: 0, lost: 0, unanswered: 0, seconds: expect.closeTo(0.1, 6) });
    expect(result.latency.reduce((sum, [, count]) => sum + count, 0)).toBe(result.lookups);
  });

  test.runIf(runs)('keeps to a rate, and counts latency from the scheduled time', async () => {
    await serve(RIGHT);
    const result = await run(loadOf({ mode: 'open', rate: 1000 }));
    expect(result.lookups).toBe(100);
    expect(quantile(result.latency, 0)).toBeGreaterThan(quantile(result.lag, 0) ?? 0);
  });

  test.runIf(runs)('gives each connection its turn, at any rate', async () => {
    const asked = new Set<Socket>();
    const replies = createServer((socket) => {
      socket.on('data', (request) => {
        asked.add(socket);
        const key = request.toString('latin1').slice('21:cyrus '.length, -1);
        socket.write(`${key.length + 3}:OK ${key},`, 'latin1');
      });
    }).listen(join(folder, 'socket'));
    await once(replies, 'listening');
    const result = await run(loadOf({ mode: 'open', rate: 200, connections: 5 }));
    replies.close();
    expect(result).toMatchObject({ lookups: 20, wrong: 0 });
    expect(asked.size).toBe(5);
  });

  test.runIf(runs)('holds sessions of three lookups', async () => {
    await serve(RIGHT);
    const result = await run(loadOf({ mode: 'session' }));
    expect(result.sessions).toBeGreaterThan(0);
    expect(result.lookups).toBe(3 * result.latency.reduce((sum, [, count]) => sum + count, 0));
  });

  test.runIf(runs)('sends the same key on all connections at once', async () => {
    const { requests } = await serve(RIGHT);
    const result = await run(loadOf({ mode: 'burst', connections: 5 }));
    expect(requests).toEqual(NAMES.flatMap((name) => Array.from({ length: 5 }, () => `cyrus ${name}`)));
    expect(result).toMatchObject({ lookups: 15, wrong: 0 });
  });

  test.runIf(runs)('invents names that are all distinct', async () => {
    const { requests } = await serve(RIGHT);
    const result = await run(loadOf({ unknownShare: 1 }));
    expect(new Set(requests).size).toBe(requests.length);
    expect(result).toMatchObject({ wrong: 0, lookups: requests.length });
  });

  test.runIf(runs)('uses idle connections once', async () => {
    const { requests } = await serve(RIGHT);
    await run(loadOf({ mode: 'once', connections: 1, idle: 4 }));
    expect(requests.length).toBe(NAMES.length + 4);
  });

  test.runIf(runs)('notices a wrong reply and quotes it', async () => {
    await serve((key) => (key.startsWith('b') ? 'TEMP "later"' : `OK ${key}`));
    const result = await run(loadOf({ mode: 'once', connections: 1 }));
    expect(result).toMatchObject({ lookups: 3, wrong: 1 });
    expect(result.wrongExample).toBe('18:cyrus b@example.jp, was answered 12:TEMP ?later?,');
  });

  test.runIf(runs)('notices a reply behind the reply', async () => {
    await serve((key) => `OK ${key},2:OK`);
    expect(await run(loadOf({ mode: 'once', connections: 1 }))).toMatchObject({ wrong: 3 });
  });

  test.runIf(runs)('notices a connection that is closed without an answer', async () => {
    await serve((key) => (key.startsWith('b') ? undefined : `OK ${key}`));
    const result = await run(loadOf({ mode: 'once', connections: 1 }));
    expect(result).toMatchObject({ lookups: 1, lost: 1 });
  });
});

// A daemon that is watched: it has a control socket and metrics, and both are asked for once a second while it is measured.
// Asks a running daemon over HTTP.
import { once } from 'node:events';
import { get, type RequestOptions } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Bench } from './measure.js';

const EACH_MS = 1000;
const FIRST_MS = 50;

/** @param work measures a daemon with this configuration, which is asked meanwhile; @throws where no request was answered */
export async function operated<Result>(
  bench: Bench,
  work: (config: string) => Promise<Result>,
): Promise<Result> {
  const port = await freePort();
  const socketPath = join(bench.folder, 'control');
  const targets: RequestOptions[] = [
    { host: '127.0.0.1', port, path: '/metrics' },
    { socketPath, path: '/stats' },
  ];
  let answered = 0;
  const scrape = (): void => {
    // Requests before the daemon listens, and after its end, are not answered.
    for (const target of targets)
      void statusOf(target).then((status) => (answered += Number(status === 200)));
  };
  const timer = setInterval(scrape, EACH_MS);
  // A short measurement may end within the first second, so we ask more often until the first answer.
  const first = setInterval(() => (answered === 0 ? scrape() : clearInterval(first)), FIRST_MS);
  try {
    const result = await work(`[admin]\nlisten = "unix:${socketPath}"\nhttp = "inet:${port}@127.0.0.1"\n`);
    if (answered === 0) throw new Error('the daemon answered no scrape');
    return result;
  } finally {
    clearInterval(timer);
    clearInterval(first);
  }
}

/** @returns 0 where nobody answers */
function statusOf(target: RequestOptions): Promise<number> {
  return new Promise((resolve) => {
    const request = get(target, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', () => resolve(0));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

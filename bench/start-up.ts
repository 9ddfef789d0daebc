// Measures how long a server takes from the start of its process to its first right answer, beside `node -e 0`, which does nothing.
// Starts processes and asks them; its own polling adds half a millisecond at most.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Measured } from './measure.js';
import { PROGRAMS } from './paths.js';
import { startProgram, stopProgram } from './servers.js';
import { firstChunk } from './wait.js';

export type Starter = 'node -e 0' | 'floor' | 'cyrusmapd';

const LIMIT_MS = 20_000;

export async function startUp(bench: Bench, starter: Starter): Promise<Measured> {
  const took = starter === 'node -e 0' ? await untilExit() : await untilAnswer(bench, starter);
  return { values: { took }, latency: [] };
}

async function untilExit(): Promise<number> {
  const started = performance.now();
  const child = startProgram(process.execPath, ['-e', '0'], '/dev/null');
  await once(child, 'exit');
  return performance.now() - started;
}

async function untilAnswer(
  { servers, keys, folder }: Bench,
  starter: 'floor' | 'cyrusmapd',
): Promise<number> {
  const [program = '', ...args] =
    starter === 'floor'
      ? [process.execPath, join(PROGRAMS, 'floor.js'), servers.socketOf('floor'), keys.hot]
      : await servers.daemonCommand();
  const [key = '', reply = ''] = readFileSync(keys.hot, 'latin1').split('\n', 1)[0]?.split('\t') ?? [];
  const path = servers.socketOf(starter);
  await rm(path, { force: true });
  const started = performance.now();
  const child = startProgram(program, args, join(folder, `${starter}.stderr`));
  try {
    const answer = await firstAnswer(path, `${key.length + 6}:cyrus ${key},`);
    const took = performance.now() - started;
    if (answer !== `${reply.length}:${reply},`) throw new Error(`the first answer was ${answer}`);
    return took;
  } finally {
    await stopProgram(child);
  }
}

async function firstAnswer(path: string, request: string): Promise<string> {
  const until = performance.now() + LIMIT_MS;
  while (performance.now() < until) {
    const socket = connect(path);
    socket.write(request, 'latin1');
    const answer = await firstChunk(socket);
    if (answer !== undefined) return answer;
    await sleep(0);
  }
  throw new Error(`no answer within ${LIMIT_MS / 1000}s`);
}

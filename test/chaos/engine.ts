// What is done to a whole container that testcontainers has no word for. It is paused by SIGSTOP to each of its processes, since not
// every kernel lets the engine freeze one.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** A process may have made another one while the list was read. */
const ROUNDS = 3;

export async function killContainer(id: string): Promise<void> {
  await run('docker', ['kill', id]);
}

export async function startContainer(id: string): Promise<void> {
  await run('docker', ['start', id]);
}

/** @returns what lets it go on */
export async function pauseContainer(id: string): Promise<() => void> {
  const stopped = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const pid of await processesOf(id)) {
      stopped.add(pid);
      signal(pid, 'SIGSTOP');
    }
  }
  return () => {
    for (const pid of stopped) signal(pid, 'SIGCONT');
  };
}

async function processesOf(id: string): Promise<number[]> {
  const { stdout } = await run('docker', ['top', id, '-eo', 'pid']);
  return stdout
    .split('\n')
    .slice(1)
    .flatMap((line) => (line.trim() === '' ? [] : [Number(line)]));
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

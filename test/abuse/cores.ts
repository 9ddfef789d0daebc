// Which processor core each process of a measurement has, so that the abusers' own work, which a real attacker does elsewhere, does
// not take the daemon's time: the daemon has the first core, the abusers the second one. The client that behaves well runs on
// theirs, before them, since it must notice its answers at once. Where the system cannot do that, nothing is said.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

export type Cores = {
  readonly served: readonly string[];
  readonly abuser: readonly string[];
  readonly client: readonly string[];
};

export const ANY_CORES: Cores = { served: [], abuser: [], client: [] };

export function separateCores(): Cores {
  const [first, second] = [0, 1].map((core) => ['taskset', '-c', `${core}`]);
  if (first === undefined || second === undefined || availableParallelism() < 2) return ANY_CORES;
  if (!runs(first) || !runs(second)) return ANY_CORES;
  const before = ['chrt', '-f', '1'];
  return { served: first, abuser: second, client: runs(before) ? [...second, ...before] : second };
}

function runs([program = '', ...args]: readonly string[]): boolean {
  return spawnSync(program, [...args, 'true']).status === 0;
}

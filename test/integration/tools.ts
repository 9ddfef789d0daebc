// Programs that a test needs and that npm cannot install. Where one is missing the test is left out, loudly, and
// CI=true makes that a failure; test/run installs them on Debian.
import { spawnSync } from 'node:child_process';

/** @returns whether the tests that need these programs must be left out */
export function lacks(...programs: readonly string[]): boolean {
  const missing = programs.filter((program) => {
    return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status !== 0;
  });
  if (missing.length === 0) return false;
  const what = `tests that need ${missing.join(', ')}: not installed`;
  if (process.env['CI'] === 'true') throw new Error(what);
  console.warn(`LEFT OUT: ${what}`);
  return true;
}

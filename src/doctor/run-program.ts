// Runs a program of the mail system, and returns what it prints: never through a shell, never for longer than a limit. The program
// may be missing.
import { execFile } from 'node:child_process';

/** The limit. Without DNS, Sendmail alone would look for its own name for a minute. */
const PROGRAM_TIMEOUT_MS = 20_000;
const OUTPUT_MAX_BYTES = 4 * 1024 * 1024;

export type Said = {
  /** undefined where it was killed. */
  readonly status: number | undefined;
  /** Standard output and standard error. */
  readonly output: string;
  readonly errors: string;
};

/** @returns undefined where there is no such program, or it may not be run */
export type RunProgram = (program: string, args: readonly string[]) => Promise<Said | undefined>;

export const runProgram: RunProgram = (program, args) =>
  new Promise((resolve) => {
    const options = { timeout: PROGRAM_TIMEOUT_MS, maxBuffer: OUTPUT_MAX_BYTES };
    const child = execFile(program, args, options, (error, output, errors) => {
      if (child.pid === undefined) resolve(undefined);
      else resolve({ status: error === null ? 0 : (child.exitCode ?? undefined), output, errors });
    });
    child.stdin?.end();
  });

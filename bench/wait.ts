// Waits for what another process does and cannot tell us.
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 5;
const LIMIT_MS = 20_000;

/** @param what for the error, where it does not come true within 20 s */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + LIMIT_MS;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`waited ${LIMIT_MS / 1000}s in vain for ${what}`);
    await sleep(POLL_MS);
  }
}

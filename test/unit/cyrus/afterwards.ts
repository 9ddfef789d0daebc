// What a test has opened is closed after it, the last first, and a UNIX socket has a folder of its own until then.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Runs after the test. */
export function afterwards(close: () => unknown): void {
  closers.push(close);
}

/** The path of a socket that is not there yet. */
export function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cyrus-'));
  afterwards(() => rmSync(folder, { recursive: true }));
  return join(folder, 's');
}

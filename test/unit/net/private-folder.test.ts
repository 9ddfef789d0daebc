import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError } from '../../../src/errors.js';
import { requirePrivateFolder } from '../../../src/net/private-folder.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'private-'))));
afterEach(() => rmSync(folder, { recursive: true }));

test.each([0o700, 0o750, 0o755, 0o1755])('a folder with the mode %o will do', (mode) => {
  chmodSync(folder, mode);
  expect(() => requirePrivateFolder('x', join(folder, 'socket'))).not.toThrow();
});

test.each([
  [0o770, '0770'],
  [0o702, '0702'],
  [0o1777, '1777'],
])('one in which others can write will not: %o', (mode, shown) => {
  chmodSync(folder, mode);
  const error = new ConfigError(`x: the folder must be writable by its owner alone, its mode is ${shown}`);
  expect(() => requirePrivateFolder('x', join(folder, 'socket'))).toThrow(error);
});

test('nor one that is not there', () => {
  expect(() => requirePrivateFolder('x', join(folder, 'none/socket'))).toThrow(/^x: ENOENT/);
});

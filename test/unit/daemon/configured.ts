// Configurations for unit tests of the daemon, from the text of a file. Nothing of them is opened.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { loadConfig } from '../../../src/config/load.js';

const folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-daemon-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file in a folder that lasts until the tests of this file are over, and is there again where one of them is run once more. */
export function pathOf(name: string): string {
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}

export async function configured(text: string): Promise<Config> {
  const file = pathOf('cyrusmapd.toml');
  writeFileSync(file, text);
  return (await loadConfig({ config: file })).config;
}

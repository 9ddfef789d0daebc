import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { loadConfig } from '../../../src/config/load.js';
import { changedKeys } from '../../../src/daemon/restart-keys.js';

const LMTP = '[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "unix:/x"\n[domains]\n"*" = "cyrus"\n';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function load(text: string): Promise<Config> {
  const file = join(folder, 'cyrusmapd.toml');
  writeFileSync(file, text);
  return (await loadConfig({ config: file })).config;
}

test('what is the same is named nowhere', async () => {
  expect(changedKeys(await load(LMTP), await load(LMTP))).toEqual({ changed: [], needRestart: [] });
});

test('what changed is named, and of that what holds only after a restart', async () => {
  const next = `[socketmap]\nmax_connections = 9\n[cache]\nknown_ttl = "5s"\nmax_known = 500\n[log]\nlevel = "debug"\n[lookup]\ndeadline = "3s"\n${LMTP}`;
  expect(changedKeys(await load(LMTP), await load(next))).toEqual({
    changed: ['socketmap.max_connections', 'cache.known_ttl', 'cache.max_known', 'log.level', 'lookup'],
    needRestart: ['socketmap.max_connections', 'cache.max_known'],
  });
});

// The map name chooses a policy: its own table, else [map.cyrus], else [lookup].
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { loadConfig } from '../../../src/config/load.js';
import { Metrics } from '../../../src/daemon/metrics.js';
import { policiesOf } from '../../../src/daemon/lookups.js';

const folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-maps-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LMTP = '[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "unix:/lmtp"\n';

async function load(text: string): Promise<Config> {
  const file = join(folder, 'cyrusmapd.toml');
  writeFileSync(file, LMTP + text);
  return (await loadConfig({ config: file })).config;
}

describe('a map', () => {
  test('takes from [map.cyrus] what it does not set, and from [lookup] what that does not', async () => {
    const policies = policiesOf(
      await load(
        '[lookup]\nrefused = "temp"\n[map.cyrus]\nover_quota = "ok"\n[map.shared]\nover_quota = "reject"\n',
      ),
      new Metrics(),
    );
    expect(policies('shared')).toMatchObject({
      overQuota: 'reject',
      refused: 'temp',
      detail: 'inbox',
      queueId: false,
    });
    expect(policies('cyrus')).toMatchObject({
      overQuota: 'ok',
      refused: 'temp',
      detail: 'inbox',
      queueId: false,
    });
  });

  test.each(['other', '', 'constructor'])('without a table, %j, is as [map.cyrus]', async (name) => {
    const policies = policiesOf(await load('[map.cyrus]\nover_quota = "reject"\n'), new Metrics());
    expect({ ...policies(name), tally: 0 }).toEqual({ ...policies('cyrus'), tally: 0 });
    expect(policies(name).overQuota).toBe('reject');
  });

  test.each(['[map.x]\ndetail = "folder"\n', '[lookup]\ndetail = "folder"\n'])(
    'cannot ask for folders where no back-channel sees them: %j',
    async (text) => {
      await expect(load(text)).rejects.toThrow(
        /detail is "folder": must be "inbox", lmtp of backchannel.cyrus sees no folders/,
      );
    },
  );
});

// Whose events are whose: a Cyrus that pushes nothing to us is not believed as if it did.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { pushers } from '../../../src/daemon/proofs.js';

const folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-proofs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const EVENTS = '[events]\nlisten = "unix:/run/events/socket"\n';

async function pushing(events: string, backchannels: Readonly<Record<string, string>>): Promise<string[]> {
  const file = join(folder, 'cyrusmapd.toml');
  const [first = ''] = Object.keys(backchannels);
  const tables = Object.entries(backchannels).map(
    ([name, endpoint]) => `[backchannel.${name}]\ntype = "lmtp"\nendpoint = "${endpoint}"\n`,
  );
  writeFileSync(file, `domains = { "*" = "${first}" }\n${EVENTS}${events}\n${tables.join('')}`);
  const { config } = await loadConfig({ config: file });
  return config.events === undefined ? [] : [...pushers(config.events, config.backchannels)];
}

describe('events are those of', () => {
  test('the back-channels that can be on this machine', async () => {
    const all = { a: 'unix:/lmtp', b: 'inet:24@127.0.0.1', far: 'inet:24@192.0.2.1' };
    expect(await pushing('', all)).toEqual(['a', 'b']);
  });

  test('all of a single far host', async () => {
    expect(await pushing('', { a: 'inet:24@Mail.test', b: 'inet:25@mail.test' })).toEqual(['a', 'b']);
  });

  test('none of several far hosts', async () => {
    expect(await pushing('', { a: 'inet:24@one.test', b: 'inet:24@two.test' })).toEqual([]);
  });

  test('those that the configuration names', async () => {
    const all = { a: 'unix:/lmtp', far: 'inet:24@192.0.2.1' };
    expect(await pushing('backchannels = ["far"]', all)).toEqual(['far']);
    await expect(pushing('backchannels = ["nobody"]', all)).rejects.toThrow(
      /events.backchannels\[1\] is "nobody": must be the name of a back-channel to Cyrus: a, far/,
    );
  });
});

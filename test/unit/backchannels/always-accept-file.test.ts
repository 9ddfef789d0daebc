// The addresses of lookup.always_accept_file, from a file to whom they accept.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ALWAYS_ACCEPT_MAX_BYTES, readAlwaysAccept } from '../../../src/backchannels/always-accept.js';
import { validatorRules } from '../../../src/backchannels/rules.js';
import type { Config } from '../../../src/config/config.js';
import { loadConfig } from '../../../src/config/load.js';
import { parseKey } from '../../../src/validation/recipient.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cyrusmapd-accept-'));
  file = join(folder, 'accept');
});
afterEach(() => rm(folder, { recursive: true }));

async function configWith(text: string | undefined): Promise<Config> {
  if (text !== undefined) await writeFile(file, text);
  const toml = join(folder, 'cyrusmapd.toml');
  await writeFile(
    toml,
    `[lookup]\nalways_accept = ["postmaster"]\nalways_accept_file = "${file}"\n[backchannel.x]\ntype = "lmtp"\nendpoint = "unix:/x"\n`,
  );
  return (await loadConfig({ config: toml })).config;
}

describe('the file of addresses that are always accepted', () => {
  test('adds its own to those of always_accept, folded, with any detail', async () => {
    const config = await configWith('# aliases\nInfo@Example.JP\nabuse # everywhere\n\n');
    const rules = validatorRules(config, await readAlwaysAccept(config));
    const accepts = (key: string): boolean => {
      const parsed = parseKey(key, config.lookup.addressRules);
      return parsed.kind === 'recipient' && rules.alwaysAccepts(parsed.recipient);
    };
    const keys = [
      'info@example.jp',
      'info+x@EXAMPLE.jp',
      'abuse@x.jp',
      'postmaster@x.jp',
      'info@x.jp',
      'x@example.jp',
    ];
    expect(keys.map(accepts)).toEqual([true, true, true, true, false, false]);
  });

  test('takes thousands of lines', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `a${i}@example.jp`);
    expect(await readAlwaysAccept(await configWith(lines.join('\n')))).toEqual(lines);
  });

  test.each([
    ['that is not there', undefined, 'cannot be|ENOENT'],
    ['that is empty', '# nothing\n', 'must hold at least one address'],
    [
      'with a line that is no address',
      'info@example.jp\na b\n',
      'line 2 is "a b": must be an address without detail',
    ],
    ['with a detail', 'info+x@example.jp\n', 'line 1 is "info\\+x@example.jp"'],
    ['that is too long', 'x'.repeat(ALWAYS_ACCEPT_MAX_BYTES + 1), String(ALWAYS_ACCEPT_MAX_BYTES)],
  ])('is refused %s', async (_, text, said) => {
    await expect(readAlwaysAccept(await configWith(text))).rejects.toThrow(new RegExp(said));
  });
});

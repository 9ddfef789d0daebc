import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { validatorRules } from '../../../src/backchannels/rules.js';
import { loadConfig } from '../../../src/config/load.js';
import { parseKey } from '../../../src/validation/recipient.js';

async function accepts(lookup: string, key: string): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'always-'));
  try {
    const file = join(folder, 'cyrusmapd.toml');
    writeFileSync(
      file,
      `[lookup]\n${lookup}\n[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "unix:/run/cyrus/socket/lmtp"\n`,
    );
    const { config } = await loadConfig({ config: file });
    const rules = validatorRules(config);
    const parsed = parseKey(key, rules.address);
    return parsed.kind === 'recipient' && rules.alwaysAccepts(parsed.recipient);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each([
  ['postmaster@example.jp', true],
  ['Postmaster+x@EXAMPLE.jp', true],
  ['postmaster@example.net', false],
  ['postmaster', false],
  ['abuse', true],
  ['Abuse@anywhere.test', true],
  ['abuse+x@anywhere.test', true],
  ['notabuse@anywhere.test', false],
])(
  'an address is always accepted in its own domain, a name without one in all: %s is %s',
  async (key, is) => {
    expect(await accepts('always_accept = ["Postmaster@example.jp", "abuse"]', key)).toBe(is);
  },
);

test.each(['default_domain = "example.jp"', 'virtual_domains = false'])(
  'an address is not accepted in another domain that has its mailbox: %s',
  async (naming) => {
    const lookup = `always_accept = ["postmaster@example.jp"]\n${naming}`;
    expect(await accepts(lookup, 'postmaster@example.jp')).toBe(true);
    expect(await accepts(lookup, 'postmaster@example.net')).toBe(false);
  },
);

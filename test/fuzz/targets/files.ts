// Any file of a list is names that keys are read as, or a ConfigError with the line that is none; any state file comes back as
// mailboxes no younger than now, and only where its checksum is right. Checksums are mended for one input in two.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseList } from '../../../src/backchannels/list-file.js';
import { restoreKnown } from '../../../src/daemon/warm-start.js';
import { ConfigError } from '../../../src/errors.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';
import { Validator } from '../../../src/validation/validator.js';
import { DEFAULT_CACHE_LIMITS, VerdictCache } from '../../../src/validation/verdict-cache.js';
import { HandProbe } from '../../fakes/hand-probe.js';
import type { Target } from '../engine.js';

export const listFile: Target = {
  name: 'list file',
  seeds: [
    '# all\nalice@example.jp\nbob # the other\n',
    'a#b@example.jp\r\n\n',
    '\xef\xbb\xbfalice',
    'a b\n',
    '"x"@y',
  ],
  dictionary: ['#', ' #', '\n', '\r\n', '\t', '@example.jp', '\0', '+x', '\xe9', '__proto__'],
  async run(input) {
    try {
      for (const format of ['aliases', 'virtusertable', 'virtual'] as const) {
        const table = { file: '/list', format, domains: ['example.jp'] };
        const keys = await parseList(input, table, 'backchannel.n.file', DEFAULT_ADDRESS_RULES);
        expect(keys.size).toBeLessThanOrEqual(input.toString('latin1').split('\n').length);
      }
      const origin = { file: '/list', format: 'mailboxes', domains: undefined } as const;
      const names = await parseList(input, origin, 'backchannel.n.file', DEFAULT_ADDRESS_RULES);
      expect(names.size).toBeLessThanOrEqual(input.toString('latin1').split('\n').length);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      expect(error.message).toMatch(/^backchannel\.n\.file: \/list line \d+ is ".*": must be a mailbox$/);
    }
  },
};

const NOW = 5_000_000;
const clocks = { now: () => NOW, wallClock: () => 1_795_000_000_000 };
const FORMAT = 'cyrusmapd-known 2\n';

/** @param folder where its files are written */
export function stateFile(folder: string): Target {
  const file = join(folder, 'state');
  const rules = {
    address: DEFAULT_ADDRESS_RULES,
    deadlineMs: 5000,
    eightBit: 'reject',
    alwaysAccepts: () => false,
  } as const;
  const cache = new VerdictCache(DEFAULT_CACHE_LIMITS, DEFAULT_BELIEF, NOW);
  const validator = new Validator(cache, () => new HandProbe(), rules, clocks.now);
  return {
    name: 'state file',
    seeds: [
      '1794999000 cyrus alice@example.jp\n1794999999  bob\n',
      '',
      `${FORMAT}1 a b\n`,
      '99999999999999 c d\n',
    ],
    dictionary: [
      FORMAT,
      '\n',
      ' ',
      '1795000000',
      '999999999999',
      'sha256 ',
      'cyrus',
      '__proto__',
      '\0',
      '\xe9',
    ],
    async run(input) {
      const isMended = (input[0] ?? 0) % 2 === 1;
      const body = isMended ? Buffer.concat([Buffer.from(FORMAT), input]) : input;
      const sum = createHash('sha256').update(body).digest('hex');
      writeFileSync(file, isMended ? Buffer.concat([body, Buffer.from(`sha256 ${sum}\n`)]) : body);
      const before = cache.knownSize;
      const { kind } = await restoreKnown(file, validator.beginSnapshot(), clocks);
      expect(kind).toBe(isMended ? 'restored' : 'damaged');
      if (!isMended) expect(cache.knownSize).toBe(before);
      for (const mailbox of cache.knownMailboxes().slice(0, 10))
        expect(cache.confirmed(mailbox)?.at ?? 0).toBeLessThanOrEqual(NOW);
    },
  };
}

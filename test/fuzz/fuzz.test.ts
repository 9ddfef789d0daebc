// Every parser of what others wrote, with mutated inputs: ten seconds each, or FUZZ_INPUTS of them (`npm run test:fuzz`),
// from the random numbers of FUZZ_SEED. What fails belongs among the seeds of its target.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImapResponseParser } from '../../src/cyrus/imap/parser.js';
import { fuzz, randomFrom, type Effort, type Target } from './engine.js';
import { lmdb, twoskip } from './targets/binary.js';
import { imapdConf, sendmailCf } from './targets/conf.js';
import { dlist } from './targets/dlist.js';
import { listFile, stateFile } from './targets/files.js';
import { imapResponse } from './targets/imap-response.js';
import { key } from './targets/key.js';
import { lmtpReply } from './targets/lmtp-reply.js';
import { mupdateResponse } from './targets/mupdate-response.js';
import { netstring } from './targets/netstring.js';
import { scram } from './targets/scram.js';
import { toml } from './targets/toml.js';

const LONG = process.env['FUZZ_INPUTS'];
const EFFORT: Effort = {
  inputs: Number(LONG ?? Infinity),
  ms: LONG === undefined ? 10_000 : Infinity,
  seed: Number(process.env['FUZZ_SEED'] ?? 1),
};
const HOURS_MS = 3_600_000;

let folder: string;
beforeAll(() => {
  // Other tests, of which some are timed, go first.
  setPriority(19);
  folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const TARGETS: readonly (readonly [string, () => Target])[] = [
  ...[
    netstring,
    key,
    lmtpReply,
    imapResponse,
    mupdateResponse,
    dlist,
    scram,
    toml,
    listFile,
    imapdConf,
    sendmailCf,
    lmdb,
    twoskip,
  ].map((target) => [target.name, () => target] as const),
  ['state file', () => stateFile(folder)],
];

describe('of any bytes at all', () => {
  test.each(TARGETS)('%s holds what its target says', { timeout: 4 * HOURS_MS }, async (name, target) => {
    const report = await fuzz(target(), EFFORT);
    if (LONG !== undefined) console.log(`${name}: ${JSON.stringify(report)}`);
    expect(report.inputs).toBeGreaterThan(0);
  });
});

describe('the fuzzer', () => {
  test('finds its way to what chance alone would not reach', { timeout: 180_000 }, async () => {
    const run = (input: Buffer): void => {
      const parser = new ImapResponseParser();
      parser.feed(input);
      if (parsesList(parser)) throw new Error('found');
    };
    const target = {
      name: 'LIST',
      seeds: ['x'],
      dictionary: ['* ', 'LIST ', '() ', '"/" ', 'user/a', '\r\n'],
      run,
    };
    const effort = { inputs: 1_000_000, ms: 120_000, seed: 1 };
    await expect(fuzz(target, effort)).rejects.toThrow(/^LIST fails for "/);
  });

  test('calls what does not end in time by its name', async () => {
    const slow = (): void => {
      const start = process.cpuUsage();
      while (process.cpuUsage(start).user < 1_100_000);
    };
    const target = { name: 'slow', seeds: ['x'], dictionary: ['y'], run: slow };
    await expect(fuzz(target, { inputs: 1, ms: 1, seed: 1 })).rejects.toThrow(
      /^slow takes \d+.* ms for "x"$/,
    );
  });

  test('has the same random numbers for the same seed', () => {
    const [one, other] = [randomFrom(7), randomFrom(7)];
    expect(Array.from({ length: 100 }, () => one(1000))).toEqual(
      Array.from({ length: 100 }, () => other(1000)),
    );
  });
});

function parsesList(parser: ImapResponseParser): boolean {
  try {
    return parser.next()?.kind === 'list';
  } catch {
    return false;
  }
}

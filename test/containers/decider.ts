// The validator over back-channels from the text of a configuration file, as `check` has it: what a test needs to ask
// a real Cyrus without a mail server, and with the verdict instead of its reply.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildBackchannels } from '../../src/backchannels/build.js';
import { validatorRules } from '../../src/backchannels/rules.js';
import { loadConfig } from '../../src/config/load.js';
import { silentLog } from '../../src/log/log.js';
import { vouchedFor } from '../../src/daemon/proofs.js';
import { snapshotSources } from '../../src/snapshots/sources.js';
import type { Outcome } from '../../src/validation/outcome.js';
import type { Proof } from '../../src/validation/proof.js';
import { Room } from '../../src/validation/room.js';
import { Validator } from '../../src/validation/validator.js';
import { DEFAULT_BELIEF } from '../../src/validation/belief.js';
import { DEFAULT_CACHE_LIMITS, VerdictCache } from '../../src/validation/verdict-cache.js';

const OUTDATED: Proof = {
  floor: (now) => now,
  vouchesForUnknown: false,
  deferUnknown: false,
  describe: () => 'nothing is believed',
};

export interface Decider {
  ask(key: string): Promise<Outcome>;
  /** The same for a message of that size. */
  askWith(key: string, messageBytes: number): Promise<Outcome>;
  /** The next question is asked of Cyrus. */
  forget(): void;
  /** What snapshots list, as the cache keeps it. */
  listed(): Promise<string[]>;
  close(): Promise<void>;
}

/** @param outdated whether nothing that was said before is believed, as after a change; it stays known */
export async function openDecider(toml: string, outdated = false): Promise<Decider> {
  const { config } = await loadFrom(toml);
  const now = (): number => performance.now();
  const backchannels = await buildBackchannels(config, { log: silentLog, now, random: Math.random });
  const { route, probes } = backchannels;
  const cache = new VerdictCache(DEFAULT_CACHE_LIMITS, DEFAULT_BELIEF, now());
  if (outdated) {
    const told = vouchedFor(config, backchannels, { events: undefined, clock: undefined });
    cache.vouchers.take(
      told.map((each) => ({ ...each, proof: OUTDATED })),
      now(),
    );
  }
  const validator = new Validator(cache, route, validatorRules(config), now);
  const room = new Room(validator, config.lookup.deadlineMs, now);
  return {
    ask: (key) => validator.ask(key),
    askWith: async (key, messageBytes) =>
      room.judge(await validator.ask(key), { address: key, detail: 'inbox', messageBytes }, now()),
    forget: () => validator.forgetAll(),
    async listed() {
      const mailboxes: string[] = [];
      for (const source of snapshotSources(config, backchannels, now)) {
        await source.read((mailbox) => mailboxes.push(mailbox));
        source.close();
      }
      return mailboxes;
    },
    async close() {
      await Promise.all(probes.map((probe) => probe.close()));
    },
  };
}

async function loadFrom(toml: string): ReturnType<typeof loadConfig> {
  const folder = await mkdtemp(join(tmpdir(), 'decider-'));
  try {
    const file = join(folder, 'cyrusmapd.toml');
    await writeFile(file, toml);
    return await loadConfig({ config: file });
  } finally {
    await rm(folder, { recursive: true });
  }
}

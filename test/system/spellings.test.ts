// A stranger who asks for one spelling of a mailbox never changes the answer to another: with the real Cyrus of each version,
// in each setup that decides which mailbox an address names, and whatever we know of it. The model of the property test is
// held against it as well. SPELLING_ORDERS=50 for more orders: `npm run test:spellings`.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildBackchannels, type Backchannels } from '../../src/backchannels/build.js';
import { validatorRules } from '../../src/backchannels/rules.js';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { silentLog } from '../../src/log/log.js';
import { DEFAULT_BELIEF } from '../../src/validation/belief.js';
import type { AddressRules } from '../../src/validation/recipient.js';
import { Validator } from '../../src/validation/validator.js';
import { VerdictCache } from '../../src/validation/verdict-cache.js';
import { startCyrus, SUITES, type CyrusContainer, type Suite } from '../containers/cyrus.js';
import { repliesTo, startSpellings } from '../containers/spellings.js';
import {
  mailboxOf,
  SPELLED_MAILBOXES,
  SPELLING_SETUPS,
  SPELLINGS,
  type SpellingVersion,
} from '../fakes/spelling-model.js';
import { rulesOf } from '../fakes/spelling-pairs.js';

/** Of each setup, with each knowledge of it; each order is also taken from its end. */
const ORDERS = Number(process.env['SPELLING_ORDERS'] ?? 1);
const SEED = Number(process.env['SPELLING_SEED'] ?? 20_261_128);

const VERSIONS: Readonly<Record<Suite, SpellingVersion>> = {
  bullseye: '3.2',
  bookworm: '3.6',
  trixie: '3.10',
  sid: '3.12',
};

/** As where a "no" is remembered. */
const BELIEF = { ...DEFAULT_BELIEF, unprovenNegativeMs: DEFAULT_BELIEF.negativeMs };

const now = (): number => performance.now();

/** How we ask one of the lmtpds. */
type Asked = {
  readonly backchannels: Backchannels;
  /** Of a daemon that knows nothing yet. */
  readonly fresh: (address: AddressRules) => Validator;
};

async function asked(path: string): Promise<Asked> {
  const config: Config = (await loadConfig({ lmtp: `unix:${path}`, canary: 'bob' })).config;
  const backchannels = await buildBackchannels(config, { log: silentLog, now, random: Math.random });
  return {
    backchannels,
    fresh: (address) => {
      const cache = new VerdictCache({ maxKnown: 1_000, maxNegative: 1_000 }, BELIEF, now());
      return new Validator(cache, backchannels.route, { ...validatorRules(config), address }, now);
    },
  };
}

/** What each spelling would have been by itself, but was not in this order. */
async function differences(
  validator: Validator,
  order: readonly string[],
  truth: ReadonlyMap<string, string>,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const key of order) {
    const { verdict } = validator.known(key) ?? (await validator.ask(key));
    const expected = truth.get(key)?.startsWith('250 ') ? 'deliverable' : 'unknown';
    if (verdict.kind !== expected) wrong.push(`${key}: ${verdict.kind}, but lmtpd says ${truth.get(key)}`);
  }
  return wrong;
}

function ordersOf(keys: readonly string[], seed: number): string[][] {
  const orders = fc.sample(fc.shuffledSubarray([...keys], { minLength: keys.length }), {
    seed,
    numRuns: ORDERS,
  });
  return orders.flatMap((order) => [order, order.toReversed()]);
}

describe.each(SUITES)('Cyrus of %s', (suite) => {
  let cyrus: CyrusContainer;
  let paths: readonly string[];
  beforeAll(async () => {
    cyrus = await startCyrus({ suite });
    paths = await startSpellings(cyrus);
  });
  afterAll(() => cyrus?.stop());

  test.each(SPELLING_SETUPS.map((setup, index) => ({ ...setup, index })))(
    '$unixhierarchysep, $virtdomains, $defaultdomain: no spelling changes the answer to another one',
    { timeout: 60_000 + ORDERS * 20_000 },
    async ({ index, ...setup }) => {
      const path = paths[index] ?? '';
      const truth = await repliesTo(path, SPELLINGS.flat());
      const model = (key: string): boolean =>
        SPELLED_MAILBOXES.includes(mailboxOf(key, VERSIONS[suite], setup));
      expect([...truth].filter(([key, reply]) => reply.startsWith('250 ') !== model(key))).toEqual([]);

      const { backchannels, fresh } = await asked(path);
      const wrong: string[] = [];
      for (const address of rulesOf(setup)) {
        for (const spellings of SPELLINGS) {
          for (const order of ordersOf(spellings, SEED + index)) {
            wrong.push(...(await differences(fresh(address), order, truth)));
          }
        }
      }
      await Promise.all(backchannels.probes.map((probe) => probe.close()));
      expect(wrong).toEqual([]);
    },
  );
});

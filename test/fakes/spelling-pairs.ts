// Spellings of one name, asked for in any order, and what must hold: none of them changes the answer to another one.
import fc from 'fast-check';
import { expect } from 'vitest';
import { DEFAULT_BELIEF } from '../../src/validation/belief.js';
import type { Route } from '../../src/validation/probe.js';
import { DEFAULT_ADDRESS_RULES, type AddressRules } from '../../src/validation/recipient.js';
import { Validator, type ValidatorRules } from '../../src/validation/validator.js';
import { VerdictCache } from '../../src/validation/verdict-cache.js';
import {
  mailboxOf,
  SPELLED_MAILBOXES,
  SPELLING_SETUPS,
  SPELLING_VERSIONS,
  SPELLINGS,
  type SpellingSetup,
  type SpellingVersion,
} from './spelling-model.js';

export type SpellingCase = { readonly version: SpellingVersion; readonly setup: SpellingSetup };

export const SPELLING_CASES: readonly SpellingCase[] = SPELLING_VERSIONS.flatMap((version) =>
  SPELLING_SETUPS.map((setup) => ({ version, setup })),
);

/** As where a "no" is remembered. */
const BELIEF = { ...DEFAULT_BELIEF, unprovenNegativeMs: DEFAULT_BELIEF.negativeMs };

/** Small, since each pair gets stores of its own. */
const LIMITS = { maxKnown: 100, maxNegative: 100 };

const now = (): number => performance.now();

/** Some mailboxes, and an order in which spellings of one name are asked for. */
const asked = fc.record({
  mailboxes: fc.subarray([...SPELLED_MAILBOXES]),
  keys: fc
    .constantFrom(...SPELLINGS)
    .chain((spellings) => fc.array(fc.constantFrom(...spellings), { minLength: 2, maxLength: 5 })),
});

/** What we know of the setup: all of it, or, of a Cyrus on another host, less. */
export function rulesOf({ virtdomains, defaultdomain }: SpellingSetup): AddressRules[] {
  const virtualDomains = virtdomains !== 'off';
  const defaultDomain = defaultdomain.toLowerCase();
  const known = {
    ...DEFAULT_ADDRESS_RULES,
    virtualDomains,
    defaultDomain,
    spelledDefaultDomain: defaultdomain,
  };
  return [known, { ...DEFAULT_ADDRESS_RULES, virtualDomains }, DEFAULT_ADDRESS_RULES];
}

/**
 * Asks each of them twice, in their order, and holds every answer against Cyrus'.
 * @param setMailboxes told which mailboxes there are now, by a function that says it of any address
 */
export async function expectIndependence(
  { version, setup }: SpellingCase,
  route: Route,
  rules: Omit<ValidatorRules, 'address'>,
  runs: number,
  setMailboxes: (exists: (address: string) => boolean) => void,
): Promise<void> {
  for (const address of rulesOf(setup)) {
    await fc.assert(
      fc.asyncProperty(asked, async ({ mailboxes, keys }) => {
        const exists = (key: string): boolean => mailboxes.includes(mailboxOf(key, version, setup));
        setMailboxes(exists);
        const cache = new VerdictCache(LIMITS, BELIEF, now());
        const validator = new Validator(cache, route, { ...rules, address }, now);
        for (const key of [...keys, ...keys]) {
          const { verdict } = validator.known(key) ?? (await validator.ask(key));
          expect([key, verdict.kind]).toEqual([key, exists(key) ? 'deliverable' : 'unknown']);
        }
      }),
      { numRuns: runs },
    );
  }
}

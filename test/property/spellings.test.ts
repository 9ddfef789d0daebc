// A stranger who asks for one spelling of a mailbox never changes the answer to another, in all orders, as each version of
// Cyrus reads addresses in each setup, and whatever we know of that setup.
import { expect, test } from 'vitest';
import { DELIVERABLE, UNKNOWN } from '../../src/validation/verdict.js';
import type { Probe } from '../../src/validation/probe.js';
import { expectIndependence, SPELLING_CASES } from '../fakes/spelling-pairs.js';

const RUNS = 100;
const RULES = { deadlineMs: 5000, eightBit: 'reject', alwaysAccepts: () => false } as const;

test.each(SPELLING_CASES)(
  'Cyrus $version, $setup.unixhierarchysep, $setup.virtdomains, $setup.defaultdomain',
  async (each) => {
    let exists = (_: string): boolean => false;
    let asked = 0;
    const cyrus: Probe = {
      name: 'cyrus',
      acceptsEightBit: false,
      check: ({ address }) => {
        asked += 1;
        return Promise.resolve(exists(address) ? DELIVERABLE : UNKNOWN);
      },
      drain: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    await expectIndependence(
      each,
      () => cyrus,
      RULES,
      RUNS,
      (now) => {
        exists = now;
      },
    );
    expect(asked).toBeGreaterThan(RUNS);
  },
);

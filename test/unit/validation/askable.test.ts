import { expect, test } from 'vitest';
import { unaskedOf, unlessFuzzy } from '../../../src/validation/askable.js';
import type { Probe } from '../../../src/validation/probe.js';
import {
  asFolder,
  asShared,
  DEFAULT_ADDRESS_RULES,
  parseKey,
  type Recipient,
} from '../../../src/validation/recipient.js';
import { DELIVERABLE, UNKNOWN } from '../../../src/validation/verdict.js';
import { HandProbe } from '../../fakes/hand-probe.js';

const RULES = { ...DEFAULT_ADDRESS_RULES, asksEightBit: true };

function recipient(key: string): Recipient {
  const parsed = parseKey(key, RULES);
  if (parsed.kind !== 'recipient') throw new Error(key);
  return parsed.recipient;
}

function probe(can: Partial<Probe> = {}): Probe {
  return Object.assign(new HandProbe(), can);
}

test.each(['caf\xe9@example.jp', 'bob+caf\xe9@example.jp'])(
  '%j is asked only of who takes 8-bit bytes',
  (key) => {
    expect(unaskedOf(recipient(key), probe())?.verdict.kind).toBe('deferred');
    expect(unaskedOf(recipient(key), probe({ asksEightBit: true }))).toBeUndefined();
  },
);

test('a folder is asked about only where it can be seen', () => {
  const folder = asFolder(recipient('bob+lists@example.jp'));
  expect(unaskedOf(folder, probe())?.verdict.kind).toBe('deferred');
  expect(unaskedOf(folder, probe({ seesFolders: true }))).toBeUndefined();
});

test('a fuzzy "yes" to a shared mailbox is none; a "no" is one, and a user has his INBOX', () => {
  const shared = asShared(recipient('post+info@example.jp'));
  const fuzzy = new Set(['hand']);
  expect(unlessFuzzy(DELIVERABLE, shared, probe(), fuzzy).kind).toBe('deferred');
  expect(unlessFuzzy(UNKNOWN, shared, probe(), fuzzy)).toBe(UNKNOWN);
  expect(unlessFuzzy(DELIVERABLE, recipient('bob+x@example.jp'), probe(), fuzzy)).toBe(DELIVERABLE);
  expect(unlessFuzzy(DELIVERABLE, shared, probe(), new Set(['other']))).toBe(DELIVERABLE);
  expect(unlessFuzzy(DELIVERABLE, shared, probe(), undefined)).toBe(DELIVERABLE);
});

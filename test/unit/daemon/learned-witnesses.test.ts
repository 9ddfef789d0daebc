import { describe, expect, test } from 'vitest';
import { Witness } from '../../../src/cyrus/witness/witness.js';
import { learnAgain, learnedWitnesses } from '../../../src/daemon/learned-witnesses.js';
import {
  asShared,
  DEFAULT_ADDRESS_RULES,
  parseKey,
  withMessage,
  type Recipient,
} from '../../../src/validation/recipient.js';

function recipient(key: string): Recipient {
  const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.reason);
  return parsed.recipient;
}

function backchannel(name: string, ...known: readonly Recipient[]) {
  const nobody = (): void => undefined;
  const witness = new Witness([], { missing: nobody, failed: nobody, recovered: nobody });
  for (const each of known) witness.learn(each);
  return { probe: { name }, witness };
}

const alice = recipient('alice@example.jp');
const bob = recipient('bob@example.jp');
const addresses = ({ witness }: ReturnType<typeof backchannel>) =>
  witness.learned.map(({ address }) => address);

describe('what is told', () => {
  test('are the addresses that each Cyrus confirmed, the last one at the end', () => {
    const told = learnedWitnesses([backchannel('one', alice, bob), backchannel('two')]);
    expect(told).toEqual({ one: ['alice@example.jp', 'bob@example.jp'], two: [] });
  });

  test('is nobody whose address alone does not say what was asked', () => {
    const shared = asShared(recipient('post+shared@example.jp'));
    const told = learnedWitnesses([backchannel('one', shared, withMessage(alice, 1_000), bob)]);
    expect(told).toEqual({ one: ['bob@example.jp'] });
  });
});

describe('what is learned from it', () => {
  const learn = (told: Readonly<Record<string, readonly string[]>>) => {
    const one = backchannel('one');
    learnAgain(told, [one], DEFAULT_ADDRESS_RULES);
    return addresses(one);
  };

  test('is asked about in the order in which the old process would ask', () => {
    const one = backchannel('one');
    learnAgain(learnedWitnesses([backchannel('one', alice, bob)]), [one], DEFAULT_ADDRESS_RULES);
    expect(one.witness.candidates(new Set())).toEqual([bob]);
    expect(one.witness.state).toBe('untried');
  });

  test('is for the back-channel of the same name only', () => {
    expect(learn({ two: ['alice@example.jp'] })).toEqual([]);
  });

  test.each(['a b@example.jp', 'alice\r\nRCPT TO:<x>@example.jp', '', 'alice+detail@example.jp'])(
    'is not %j',
    (address) => {
      expect(learn({ one: [address, 'bob@example.jp'] })).toEqual(['bob@example.jp']);
    },
  );

  test('are eight at most', () => {
    expect(learn({ one: Array.from({ length: 20 }, (_, i) => `u${i}@example.jp`) })).toHaveLength(8);
  });
});

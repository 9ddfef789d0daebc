// Whatever is written, in however many pieces it is read, wherever it is cut off and whichever bit is turned round: the
// reader has the right names, or it says that it is lost. It never has wrong ones.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChangedNames } from '../../src/cyrus/mailbox-list/changed-names.js';
import { ListTail } from '../../src/cyrus/mailbox-list/tail.js';
import { HEADER_BYTES, parseRecords } from '../../src/cyrus/mailbox-list/twoskip.js';
import { DEFAULT_ADDRESS_RULES } from '../../src/validation/recipient.js';
import { FakeList, gone, inbox, type Change } from '../fakes/mailbox-list.js';

const USERS = ['a', 'b.c', 'd', 'e', 'f'] as const;

const change: fc.Arbitrary<Change> = fc
  .record({
    user: fc.constantFrom(...USERS),
    taken: fc.boolean(),
    domain: fc.constantFrom(undefined, 'x.jp'),
  })
  .map(({ user, taken, domain }) => (taken ? gone(inbox(user, domain)) : inbox(user, domain)));

type Step =
  | { readonly does: 'commit' | 'crash'; readonly changes: readonly Change[] }
  | { readonly does: 'repack' | 'follow' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constantFrom('commit', 'commit', 'crash'),
      changes: fc.array(change, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constantFrom('repack', 'follow', 'follow') }) },
);

/** Reproducible. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function apply(list: FakeList, one: Step): void {
  if (one.does === 'commit') list.commit(...one.changes);
  else if (one.does === 'repack') list.repack();
  else if (one.does === 'crash') {
    list.crash(...one.changes);
    list.recover();
  }
}

/** Held in order, as whoever holds them all can resolve what a delete means. */
class Keys {
  readonly held = new Set<string>();
  readonly #keyAt: (position: number) => Buffer;

  constructor(keyAt: (position: number) => Buffer) {
    this.#keyAt = keyAt;
  }

  set(bytes: Buffer, key: number, keyEnd: number): void {
    this.held.add(bytes.toString('latin1', key, keyEnd));
  }

  deleted(next: number): void {
    const after = next === 0 ? '\xff' : this.#keyAt(next).toString('latin1');
    const before = [...this.held].filter((key) => key < after).sort();
    this.held.delete(before.at(-1) ?? '');
  }
}

test('who follows holds what the list holds, or knows that he is lost', () => {
  let followed = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.nat(), (steps, seed) => {
      const list = new FakeList(randomOf(seed));
      const tail = new ListTail(list);
      tail.begin();
      const keys = new Keys((position) => tail.keyAt(position));
      for (const one of [...steps, { does: 'follow' } as const]) {
        apply(list, one);
        if (one.does !== 'follow') continue;
        if (tail.follow(keys).kind === 'lost') return;
        followed += 1;
        expect([...keys.held].sort()).toEqual(list.keys);
      }
    }),
    { numRuns: 400 },
  );
  expect(followed).toBeGreaterThan(400);
});

test('a changed name is told, or nothing is', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.nat(), (steps, seed) => {
      const list = new FakeList(randomOf(seed));
      list.commit(inbox('first'));
      const names = new ChangedNames(list, () => DEFAULT_ADDRESS_RULES);
      names.changed();
      let before = new Set(list.keys);
      for (const one of [...steps, { does: 'follow' } as const]) {
        apply(list, one);
        if (one.does !== 'follow') continue;
        const told = names.changed();
        const now = new Set(list.keys);
        for (const key of difference(before, now)) {
          const [, domain, user] = /^N(?:(.*)\x1d)?user\x1f(.*)$/.exec(key) ?? [];
          if (told !== undefined) expect(told).toContain(domain === undefined ? user : `${user}@${domain}`);
        }
        before = now;
      }
    }),
    { numRuns: 400 },
  );
});

test('records come out the same, however the bytes are split', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), fc.nat(), (steps, seed) => {
      const list = new FakeList(randomOf(seed));
      for (const one of steps) apply(list, one);
      const { bytes, currentSize } = list;
      const read = (splits: readonly number[]) => {
        const seen: string[] = [];
        let from = HEADER_BYTES;
        for (const split of [...splits, currentSize]) {
          from += parseRecords(bytes, from, split, from, {
            set: (all, key, keyEnd, end) => seen.push(all.toString('latin1', key, end), String(keyEnd - key)),
            deleted: (next) => seen.push(String(next)),
          });
        }
        expect(from).toBe(currentSize);
        return seen;
      };
      const whole = read([]);
      expect(read(Array.from({ length: currentSize - HEADER_BYTES }, (_, i) => HEADER_BYTES + i))).toEqual(
        whole,
      );
    }),
    { numRuns: 100 },
  );
});

test.each([
  ['a bit turned round', (list: FakeList, where: number) => list.flip(where >> 3, where & 7)],
  ['an early end', (list: FakeList, where: number) => list.truncate(where >> 3)],
])('%s anywhere is harmless, or noticed', (_, spoil) => {
  const list = () => {
    const made = new FakeList(randomOf(7));
    made.commit(inbox('a', 'x.jp'), inbox('b'), inbox('c'));
    return made;
  };
  const grown = (made: FakeList) => {
    made.commit(inbox('d'), gone(inbox('b')));
    made.commit(inbox('a', 'x.jp', 'ed'));
    return made;
  };
  const bits = grown(list()).bytes.length * 8;
  let noticed = 0;
  for (let where = 0; where < bits; where++) {
    const made = list();
    const tail = new ListTail(made);
    tail.begin();
    const keys = new Keys((position) => tail.keyAt(position));
    for (const key of made.keys) keys.held.add(key);
    grown(made);
    spoil(made, where);
    if (tail.follow(keys).kind === 'lost') noticed += 1;
    else expect([...keys.held].sort()).toEqual(made.keys);
  }
  // All of the header, and what was added but for its pointers.
  expect(noticed).toBeGreaterThan(400);
});

function difference(a: ReadonlySet<string>, b: ReadonlySet<string>): string[] {
  return [...a].filter((key) => !b.has(key)).concat([...b].filter((key) => !a.has(key)));
}

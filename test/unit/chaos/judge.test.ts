import { expect, test } from 'vitest';
import { FAULTS, schedule } from '../../chaos/faults/table.js';
import { Judge, type Answered, type Said } from '../../chaos/judge.js';
import { Random } from '../../chaos/random.js';
import { Truth, type Someone } from '../../chaos/truth.js';

const CALM = { disturbed: () => false, stopped: () => false };
const STAYS: Someone = { address: 'stay0@example.jp', kind: 'stays' };
const NEVER: Someone = { address: 'nobody1@example.jp', kind: 'never' };
const CHANGES: Someone = { address: 'change0@example.jp', kind: 'changes' };

function answer(someone: Someone, said: Said, ms = 1): Answered {
  const sent = performance.now();
  return { someone, said, words: said, sent, turn: sent, answered: sent + ms };
}

test('finds who was refused and exists, who was accepted and never did, and what came late', () => {
  const judge = new Judge(new Truth(1), CALM, true, 5_000);
  for (const said of ['yes', 'no', 'deferred'] as const) {
    judge.hear(answer(STAYS, said));
    judge.hear(answer(NEVER, said));
  }
  judge.hear(answer(STAYS, 'yes', 5_001));
  expect(judge.tally.asked).toBe(7);
  expect(judge.tally.wrongNo).toEqual([expect.stringContaining('stay0')]);
  expect(judge.tally.wrongYes).toEqual([expect.stringContaining('nobody1')]);
  expect(judge.tally.late).toEqual([expect.stringContaining('5001 ms')]);
});

test('knows of a mailbox that changes what the tagged OKs tell, and takes either answer while one is awaited', () => {
  const truth = new Truth(1);
  const judge = new Judge(truth, CALM, true, 5_000);
  const created = truth.begin(CHANGES.address, true);
  judge.hear(answer(CHANGES, 'yes'));
  judge.hear(answer(CHANGES, 'no'));
  expect(judge.tally).toMatchObject({ wrongNo: [], wrongYes: [] });
  created();
  const later = performance.now() + 10;
  judge.hear({ ...answer(CHANGES, 'no'), sent: later, answered: later + 1 });
  expect(judge.tally.wrongNo).toHaveLength(1);
  truth.begin(CHANGES.address, false)();
  const last = performance.now() + 10;
  judge.hear({ ...answer(CHANGES, 'yes'), sent: last, answered: last + 1 });
  expect(judge.tally.wrongYes).toHaveLength(1);
});

test('draws the same faults for the same seed, each of them before any comes again', () => {
  const drawn = (seed: number): string[] => {
    const order = schedule(FAULTS, new Random(seed));
    return Array.from({ length: 2 * FAULTS.length }, () => order.next().value.name);
  };
  expect(drawn(7)).toEqual(drawn(7));
  expect(drawn(7)).not.toEqual(drawn(8));
  expect(drawn(7).slice(0, FAULTS.length).toSorted()).toEqual(FAULTS.map(({ name }) => name).toSorted());
});

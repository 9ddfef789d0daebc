import { expect, test } from 'vitest';
import { denialOfAll } from '../../../src/validation/denials.js';
import { UNKNOWN, type Verdict } from '../../../src/validation/verdict.js';

const said = { code: '550', enhanced: '5.1.1', text: 'User unknown' };

function denial(backchannel: string, witness: string): Verdict {
  return {
    kind: 'unknown',
    evidence: { backchannel, said, witness: { address: witness, said: 'deliverable' } },
  };
}

test('the denials of several servers are one, with all of them and their witnesses behind it', () => {
  const all = [denial('one', 'canary1@example.jp'), denial('two', 'canary2@example.jp')];
  expect(denialOfAll(all)).toEqual({
    kind: 'unknown',
    evidence: {
      backchannel: 'one, two',
      said,
      witness: { address: 'canary1@example.jp, canary2@example.jp', said: 'deliverable' },
    },
  });
});

test('nothing is behind those without evidence', () => {
  expect(denialOfAll([UNKNOWN, UNKNOWN])).toEqual({ kind: 'unknown', evidence: {} });
  expect(denialOfAll([])).toBe(UNKNOWN);
});

test('what is no denial adds nothing', () => {
  const busy: Verdict = { kind: 'deferred', reason: 'busy', evidence: { backchannel: 'three' } };
  expect(denialOfAll([denial('one', 'canary1@example.jp'), busy])).toMatchObject({
    evidence: { backchannel: 'one' },
  });
  expect(denialOfAll([busy])).toBe(UNKNOWN);
});

test('one that has more behind it than the first gives its name', () => {
  expect(denialOfAll([UNKNOWN, denial('two', 'canary2@example.jp')])).toMatchObject({
    evidence: { backchannel: 'two', witness: { address: 'canary2@example.jp' } },
  });
});

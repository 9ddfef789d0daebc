import { describe, expect, test } from 'vitest';
import { intoPart, evidenceFigures } from '../../../bench/evidence.js';
import type { Results } from '../../../bench/results.js';

function contestant(label: string, values: readonly object[]) {
  return { label, samples: values.map((each, round) => ({ round, values: { ...each }, latency: [] })) };
}

const RESULTS: Results = {
  ...{ command: 'npm run bench -- --rounds 3', machine: 'two cores', settings: 'briefly', faults: [] },
  scenarios: [
    {
      ...{ name: 'hit-40', title: 'hit on 40', connections: 40, aims: [] },
      contestants: [
        contestant('smmapd', [{ rate: 10, cpu: 40 }, { rate: 10 }, { rate: 10 }]),
        contestant('floor', [{ rate: 40 }, { rate: 40 }, { rate: 80 }]),
        contestant('cyrusmapd', [{ rate: 30, cpu: 10 }, { rate: 40 }, { rate: 60 }]),
      ],
    },
    {
      ...{ name: 'start', title: 'first answer', connections: 1, aims: [] },
      contestants: [contestant('node -e 0', [{ took: 50 }]), contestant('cyrusmapd', [{ took: 125 }])],
    },
    {
      ...{ name: 'idle', title: 'beside idle ones', connections: 8, aims: [] },
      contestants: [contestant('cyrusmapd', [{ memory: 90 }, { memory: 100 }])],
    },
    {
      ...{ name: 'directory-unknown-8', title: 'unknown on 8', connections: 8, aims: [] },
      contestants: [
        contestant('smmapd', [{ rate: 10 }, { rate: 20 }]),
        contestant('floor', [{ rate: 20 }, { rate: 60 }]),
        contestant('cyrusmapd', [{ rate: 10 }, { rate: 20 }]),
      ],
    },
    { ...{ name: 'another', title: 'of no interest', connections: 1, aims: [] }, contestants: [] },
  ],
};

describe('the figures of docs/evidence.md', () => {
  const lines = evidenceFigures(RESULTS, ['latency-1.svg']).split('\n');
  const rows = lines.map((line) => line.replace(/ +/g, ' '));

  test('name the command, the machine, and how often it was measured', () => {
    expect(lines[0]).toContain('`npm run bench -- --rounds 3` on two cores; briefly.');
  });

  test('are ours divided by those of smmapd and of the floor, of the same round, with their spread', () => {
    expect(rows).toContain('| hit on 40: lookups a second | 4 (3 to 6) | 0.75 (0.75 to 1) |');
    expect(rows).toContain('| hit on 40: CPU time of a lookup | 0.25 (0.25 to 0.25) | |');
  });

  test('are ratios to something else, and figures of our own', () => {
    expect(rows).toContain('| first answer: time | 2.5 (2.5 to 2.5) × node -e 0 |');
    expect(rows).toContain('| beside idle ones: memory | 95 (90 to 100) MB |');
  });

  test('show what the floor itself is beside smmapd, where that bounds what we can reach', () => {
    expect(rows).toContain('| the floor itself, unknown on 8: lookups a second | 2.5 (2 to 3) × smmapd |');
  });

  test('leave out what was not run, and what nobody asks for', () => {
    expect(lines.join('\n')).not.toMatch(/of no interest|undefined|NaN/);
  });

  test('come with the plots', () => {
    expect(lines).toContain('![Latency, connections: 1](../bench/plots/latency-1.svg)');
  });
});

describe('a part of docs/evidence.md', () => {
  test('is replaced between its marks', () => {
    const page = 'a\n<!-- bench -->\nold\n<!-- /bench -->\nz\n';
    expect(intoPart(page, 'bench', 'new')).toBe('a\n<!-- bench -->\n\nnew\n<!-- /bench -->\nz\n');
  });

  test.each([
    'no marks',
    'only <!-- bench -->',
    '<!-- /bench --> before <!-- bench -->',
    '<!-- bench --><!-- bench --><!-- /bench -->',
    '<!-- bench --><!-- /bench --><!-- /bench -->',
    '<!-- matrix --><!-- /matrix -->',
  ])('is not replaced in %j', (page) => {
    expect(() => intoPart(page, 'bench', 'new')).toThrow(/must have <!-- bench -->/);
  });
});

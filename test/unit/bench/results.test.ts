import { describe, expect, test } from 'vitest';
import { baselineOf, compareWithBaseline } from '../../../bench/compare.js';
import { reportOf } from '../../../bench/report.js';
import { isReached, parseResults, ratioOf, spreadOf, valueOf, type Results } from '../../../bench/results.js';

/** A run with one scenario, its rates and medians by round. */
function resultsOf(ours: readonly number[], theirs: readonly number[]): Results {
  const contestant = (label: string, rates: readonly number[]) => ({
    label,
    samples: rates.map((rate, round) => ({ round, values: { rate, median: 1e6 / rate }, latency: [] })),
  });
  return {
    ...{ command: 'npm run bench', machine: 'two cores', settings: 'briefly', faults: [] },
    scenarios: [
      {
        ...{ name: 'hit-40', title: 'hit', connections: 40 },
        aims: [{ metric: 'rate', against: 'smmapd', atLeast: 3 }],
        contestants: [contestant('cyrusmapd', ours), contestant('smmapd', theirs)],
      },
    ],
  };
}

function onlyScenario(results: Results) {
  const [scenario] = results.scenarios;
  if (scenario === undefined) throw new Error('no scenario');
  return scenario;
}

describe('spreadOf', () => {
  test.each([
    [[3, 1, 2], { median: 2, least: 1, most: 3, rounds: 3 }],
    [[4, 1, 2, 3], { median: 2.5, least: 1, most: 4, rounds: 4 }],
    [[7], { median: 7, least: 7, most: 7, rounds: 1 }],
  ])('of %j', (numbers, spread) => expect(spreadOf(numbers)).toEqual(spread));

  test('is undefined for no numbers', () => expect(spreadOf([])).toBeUndefined());
});

describe('ratioOf', () => {
  test('divides within each round, so that a slow moment of the machine drops out', () => {
    const scenario = onlyScenario(resultsOf([400, 40, 400], [100, 10, 100]));
    expect(ratioOf(scenario, 'rate', 'smmapd')).toEqual({ median: 4, least: 4, most: 4, rounds: 3 });
  });

  test('leaves out a round in which one of them has no sample', () => {
    const scenario = onlyScenario(resultsOf([400, 800], [100]));
    expect(ratioOf(scenario, 'rate', 'smmapd')).toEqual({ median: 4, least: 4, most: 4, rounds: 1 });
  });

  test('is undefined where nobody measured it', () => {
    const scenario = onlyScenario(resultsOf([400], [100]));
    expect(ratioOf(scenario, 'memory', 'smmapd')).toBeUndefined();
    expect(valueOf(scenario, 'floor', 'rate')).toBeUndefined();
  });
});

describe('isReached', () => {
  const spread = { median: 3, least: 1, most: 9, rounds: 5 };
  test.each([
    [{ atLeast: 3 }, true],
    [{ atLeast: 3.01 }, false],
    [{ atMost: 3 }, true],
    [{ atMost: 2.99 }, false],
  ])('%j: %j', (limit, reached) => expect(isReached({ metric: 'rate', ...limit }, spread)).toBe(reached));
});

describe('compareWithBaseline', () => {
  const then = baselineOf(resultsOf([400, 410, 390], [100, 100, 100]));

  test('names what is worse in every round', () => {
    const worse = compareWithBaseline(resultsOf([300, 310, 305], [100, 100, 100]), then);
    expect(worse).toEqual([
      'hit-40: rate / smmapd was 4 (3.9 to 4.1), is 3.05 (3 to 3.1)',
      'hit-40: median / smmapd was 0.25 (0.244 to 0.256), is 0.328 (0.323 to 0.333)',
    ]);
  });

  test.each([
    ['as good', [400, 400, 400]],
    ['better', [800, 800, 800]],
    ['worse in all rounds but one', [300, 300, 395]],
    ['worse by less than the slack', [385, 386, 387]],
    ['measured in too few rounds', [300, 300]],
  ])('is silent about what is %s', (_, ours) => {
    expect(compareWithBaseline(resultsOf(ours, [100, 100, 100]), then)).toEqual([]);
  });

  test('is silent about what the baseline does not have', () => {
    expect(compareWithBaseline(resultsOf([1, 1, 1], [100, 100, 100]), {})).toEqual([]);
  });
});

describe('reportOf', () => {
  test('says whether an aim is reached, and how far it is missed', () => {
    expect(reportOf(resultsOf([300], [100]), [])).toMatch(
      /lookups\/s ≥ 3 × smmapd *\| *3 \(3 to 3\) \| *reached \|/,
    );
    expect(reportOf(resultsOf([150], [100]), [])).toContain('missed by 50 %');
  });

  test('says what was not measured', () => {
    expect(reportOf(resultsOf([300], []), [])).toContain('not measured');
  });

  test('lists what got worse, and every fault', () => {
    const report = reportOf({ ...resultsOf([300], [100]), faults: ['a fault'] }, ['hit-40: worse']);
    expect(report).toContain('- hit-40: worse');
    expect(report).toContain('- a fault');
  });
});

describe('parseResults', () => {
  test('reads back what was written', () => {
    const results = resultsOf([300], [100]);
    expect(parseResults(JSON.stringify(results))).toEqual(results);
  });

  test('refuses anything else', () => {
    expect(() => parseResults('{"scenarios":[]}')).toThrow();
  });
});

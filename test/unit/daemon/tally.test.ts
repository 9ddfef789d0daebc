import { expect, test } from 'vitest';
import { Tally } from '../../../src/daemon/tally.js';

const NO_VERDICTS = { deliverable: 0, unknown: 0, overquota: 0, refused: 0, deferred: 0 };
const NO_SOURCES = {
  rule: 0,
  known: 0,
  negative: 0,
  probe: 0,
  stale: 0,
  deadline: 0,
  routing: 0,
  down: 0,
  directory: 0,
};

test('counts each verdict by each source for itself', () => {
  const tally = new Tally();
  expect([...tally.entries()]).toEqual([]);
  for (const verdict of Object.keys(NO_VERDICTS) as (keyof typeof NO_VERDICTS)[])
    for (const source of Object.keys(NO_SOURCES) as (keyof typeof NO_SOURCES)[]) tally.add(verdict, source);
  tally.add('unknown', 'directory');
  const entries = [...tally.entries()];
  expect(entries).toHaveLength(45);
  expect(entries.filter(({ count }) => count !== 1)).toEqual([
    { verdict: 'unknown', source: 'directory', count: 2 },
  ]);
});

test('adds up by verdict and by source', () => {
  const tally = new Tally();
  tally.add('deliverable', 'known');
  tally.add('deliverable', 'probe');
  tally.add('deferred', 'down');
  const [verdicts, sources] = [{ ...NO_VERDICTS, deliverable: 10 }, { ...NO_SOURCES }];
  tally.addTo(verdicts, sources);
  expect(verdicts).toEqual({ ...NO_VERDICTS, deliverable: 12, deferred: 1 });
  expect(sources).toEqual({ ...NO_SOURCES, known: 1, probe: 1, down: 1 });
});

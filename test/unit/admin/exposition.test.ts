// The metrics of [fleet], line by line: of a publisher, of followers, of neither.
import { expect, test } from 'vitest';
import { expositionOf } from '../../../src/admin/exposition.js';
import type { Figures } from '../../../src/admin/operations.js';

const VERSION = {
  ...{ version: '0.1.0', node: '20.0.0', pid: 1, config: '/etc/cyrusmapd.toml' },
  startedAt: '2026-01-01T00:00:00.000Z',
};

const FIGURES = {
  ...{ uptimeSeconds: 1, memoryBytes: 2, cpuSeconds: 3, loopDelaySeconds: 0 },
  ...{ connections: 0, lingering: 0, accepted: 0, closed: {}, requests: 0, replies: {}, lookups: [] },
  misses: { bounds: [], cumulative: [], sumSeconds: 0, count: 0 },
  ...{ caches: [], backchannels: [], harvest: { begun: 0, active: [] }, unlogged: {} },
};

const PUBLISHING = {
  ...{ stream: 'cyrus', instance: '0123456789abcdef', seq: 12, lastId: '1764000000000-0' },
  ...{ followers: 3, waiting: 2, held: 1, expired: 4, trouble: undefined },
};
const FOLLOWING = {
  ...{ stream: 'one', lease: true, behind: 1, lastId: '1764000000000-0', taken: 40, forgottenAll: 2 },
  trouble: undefined,
};

/** The samples whose names begin so. */
function samples(fleet: Figures['fleet']): string[] {
  const text = expositionOf(VERSION, { ...FIGURES, ...(fleet === undefined ? {} : { fleet }) });
  return text.split('\n').filter((line) => line.startsWith('cyrusmapd_fleet_'));
}

test('of a publisher', () => {
  expect(samples({ publishing: PUBLISHING, following: [] })).toEqual([
    'cyrusmapd_fleet_publishing{stream="cyrus"} 1',
    'cyrusmapd_fleet_seq{stream="cyrus"} 12',
    'cyrusmapd_fleet_followers{stream="cyrus"} 3',
    'cyrusmapd_fleet_unpublished{stream="cyrus"} 2',
    'cyrusmapd_fleet_held{stream="cyrus"} 1',
    'cyrusmapd_fleet_held_expired_total{stream="cyrus"} 4',
  ]);
});

test('of a follower of two streams, one of which has no lease', () => {
  const without = { ...FOLLOWING, stream: 'two', lease: false, behind: 0, trouble: 'two publishers' };
  expect(samples({ publishing: undefined, following: [FOLLOWING, without] })).toEqual([
    'cyrusmapd_fleet_lease{stream="one"} 1',
    'cyrusmapd_fleet_lease{stream="two"} 0',
    'cyrusmapd_fleet_behind{stream="one"} 1',
    'cyrusmapd_fleet_behind{stream="two"} 0',
    'cyrusmapd_fleet_taken_total{stream="one"} 40',
    'cyrusmapd_fleet_taken_total{stream="two"} 40',
    'cyrusmapd_fleet_forgotten_all_total{stream="one"} 2',
    'cyrusmapd_fleet_forgotten_all_total{stream="two"} 2',
  ]);
});

test('a publisher in trouble is seen', () => {
  const publishing = { ...PUBLISHING, trouble: 'another publisher is there' };
  expect(samples({ publishing, following: [] })).toContain('cyrusmapd_fleet_publishing{stream="cyrus"} 0');
});

test('without [fleet] there are none', () => {
  expect(samples(undefined)).toEqual([]);
});

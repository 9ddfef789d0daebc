import { expect, test } from 'vitest';
import { silentLog } from '../../../src/log/log.js';
import { Closings } from '../../../src/socketmap/closing-log.js';
import { newCounters } from '../../../src/socketmap/counters.js';

test('a server begins to count at nothing, and shares what its closings count', () => {
  const closings = new Closings(silentLog);
  const counters = newCounters(closings.counts);
  expect(counters).toMatchObject({ accepted: 0, requests: 0, replies: { OK: 0, NOTFOUND: 0, TEMP: 0 } });
  closings.add('late', 0, { endpoint: 'unix:/s' });
  expect(counters.closed.late).toBe(1);
});

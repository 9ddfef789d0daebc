import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { GapLog } from '../../../../src/cyrus/events/gap-log.js';
import { silentLog } from '../../../../src/log/log.js';

const GAP_LOG_MS = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

test('the first gap is a line, and then there is one a minute, with the number of gaps', () => {
  const lines: object[] = [];
  const gaps = new GapLog({ ...silentLog, warn: (fields: object) => void lines.push(fields) });
  for (let i = 0; i < 1_000; i++) gaps.add('garbage');
  expect(lines).toEqual([expect.objectContaining({ reason: 'garbage', gaps: 1 })]);
  vi.advanceTimersByTime(GAP_LOG_MS);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatchObject({ gaps: 999 });
  vi.advanceTimersByTime(10 * GAP_LOG_MS);
  expect(lines).toHaveLength(2);
  gaps.add('once more');
  expect(lines[2]).toMatchObject({ reason: 'once more', gaps: 1 });
  expect(gaps.count).toBe(1_001);
});

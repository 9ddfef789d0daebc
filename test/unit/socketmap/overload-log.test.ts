import { describe, expect, test } from 'vitest';
import { OverloadLog, type QueueState } from '../../../src/socketmap/overload-log.js';
import { silentLog } from '../../../src/log/log.js';

const QUIET: QueueState = { waiting: 0, waitedMs: 0, acceptMs: 0 };
const BUSY: QueueState = { waiting: 300, waitedMs: 1500, acceptMs: 20 };

function startRig(): { readonly lines: unknown[]; readonly log: OverloadLog } {
  const lines: unknown[] = [];
  const told = (fields: object) => void lines.push(fields);
  return { lines, log: new OverloadLog({ ...silentLog, warn: told, info: told }) };
}

describe('an overload', () => {
  test('is one line, one more each minute, and one when it has been quiet for a while', () => {
    const { lines, log } = startRig();
    for (let second = 0; second < 100; second++) log.sweep(BUSY, 320, second * 1000);
    for (let second = 100; second < 200; second++) log.sweep(QUIET, 20, second * 1000);
    expect(lines).toEqual([
      { event: 'overloaded', ...BUSY, connections: 320 },
      { event: 'overloaded', ...BUSY, connections: 320 },
      { event: 'overload-over', ...QUIET, connections: 20 },
    ]);
  });

  test('is seen where connections wait to be accepted', () => {
    const { lines, log } = startRig();
    log.sweep({ waiting: 0, waitedMs: 0, acceptMs: 1001 }, 10, 0);
    expect(lines).toHaveLength(1);
  });

  test('is told again after a minute, and is over after ten seconds, not earlier and not later', () => {
    const { lines, log } = startRig();
    const toldAt: number[] = [];
    for (let now = 100_500; now < 400_000; now += 500) {
      const { length } = lines;
      log.sweep(now < 250_000 ? BUSY : QUIET, 320, now);
      if (lines.length > length) toldAt.push(now);
    }
    expect(toldAt).toEqual([100_500, 160_500, 220_500, 259_500]);
  });

  test('is not a wait of a second', () => {
    const { lines, log } = startRig();
    log.sweep({ waiting: 1, waitedMs: 1000, acceptMs: 1000 }, 10, 0);
    expect(lines).toEqual([]);
  });

  test('is not worth a line where it is over within a second', () => {
    const { lines, log } = startRig();
    log.sweep({ waiting: 300, waitedMs: 900, acceptMs: 900 }, 320, 0);
    expect(lines).toEqual([]);
  });
});

import { expect, test } from 'vitest';
import { Trouble } from '../../../src/fleet/trouble.js';
import { recordingLog } from '../recording-log.js';

test('is told when it begins, when its reason changes, and when it is over', () => {
  const { log, lines } = recordingLog();
  const trouble = new Trouble(log, 'cyrus', 'follower', () => 0);
  trouble.over();
  trouble.tell('no connection');
  trouble.tell('no connection');
  trouble.tell('two publishers');
  expect(trouble.reason).toBe('two publishers');
  trouble.over();
  trouble.over();
  expect(trouble.reason).toBeUndefined();
  const about = { stream: 'cyrus', role: 'follower' };
  expect(lines).toEqual([
    { event: 'fleet-trouble', ...about, reason: 'no connection' },
    { event: 'fleet-trouble', ...about, reason: 'two publishers' },
    { event: 'fleet-well', ...about },
  ]);
});

test('where it comes and goes, is told once a minute', () => {
  const { log, lines } = recordingLog();
  let now = 0;
  const trouble = new Trouble(log, 'cyrus', 'publisher', () => now);
  for (; now < 120_000; now += 1_000) {
    trouble.tell('no connection');
    trouble.over();
  }
  expect(lines).toHaveLength(4);
});

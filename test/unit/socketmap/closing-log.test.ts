import { describe, expect, test } from 'vitest';
import { silentLog, type Log } from '../../../src/log/log.js';
import { Closings } from '../../../src/socketmap/closing-log.js';

function recorded(): { closings: Closings; lines: [string, object][] } {
  const lines: [string, object][] = [];
  const log: Log = {
    ...silentLog,
    warn: (fields) => lines.push(['warn', fields]),
    debug: (fields) => lines.push(['debug', fields]),
  };
  return { closings: new Closings(log), lines };
}

describe('Closings', () => {
  test('writes the first of its kind at once', () => {
    const { closings, lines } = recorded();
    closings.add('protocolError', 0, { endpoint: 'unix:/s', peer: undefined, error: 'no comma' });
    expect(lines).toEqual([
      [
        'warn',
        { event: 'closed', reason: 'protocolError', endpoint: 'unix:/s', peer: undefined, error: 'no comma' },
      ],
    ]);
  });

  test('writes a flood as one line a minute, with its number and the last of it', () => {
    const { closings, lines } = recorded();
    for (let i = 0; i <= 1000; i++) closings.add('overLimit', i, { endpoint: 'unix:/s', peer: String(i) });
    closings.sweep(59_999);
    expect(lines).toHaveLength(1);
    closings.sweep(60_000);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toEqual([
      'warn',
      { event: 'closed', reason: 'overLimit', more: 1000, endpoint: 'unix:/s', peer: '1000' },
    ]);
    expect(closings.counts.overLimit).toBe(1001);
  });

  test('has its minute from the first on, at whatever time', () => {
    const { closings, lines } = recorded();
    for (let i = 0; i < 2; i++) closings.add('overLimit', 100_000, { endpoint: 'unix:/s' });
    closings.sweep(159_999);
    expect(lines).toHaveLength(1);
    closings.sweep(160_000);
    expect(lines).toHaveLength(2);
  });

  test('is quiet after a minute without any, and begins anew', () => {
    const { closings, lines } = recorded();
    closings.add('overLimit', 0, { endpoint: 'unix:/s' });
    closings.sweep(60_000);
    closings.sweep(120_000);
    expect(lines).toHaveLength(1);
    closings.add('overLimit', 120_000, { endpoint: 'unix:/s' });
    expect(lines).toHaveLength(2);
  });

  test('keeps the kinds apart', () => {
    const { closings, lines } = recorded();
    closings.add('overLimit', 0, { endpoint: 'unix:/s' });
    closings.add('idle', 0, { endpoint: 'unix:/s' });
    expect(lines.map(([level]) => level)).toEqual(['warn', 'debug']);
    expect(closings.counts).toMatchObject({ overLimit: 1, idle: 1, late: 0 });
  });
});

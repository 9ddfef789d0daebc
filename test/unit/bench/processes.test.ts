import { describe, expect, test } from 'vitest';
import { cpuSecondsOf, familyOf, memoryBytesOf, parsePss, parseStat } from '../../../bench/processes.js';

describe('parseStat', () => {
  test('reads the parent, and the CPU time of children that ended', () => {
    const text = '77 (smmapd) S 42 77 77 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 1 0 1000 1 1';
    expect(parseStat(text)).toEqual({ pid: 77, name: 'smmapd', parent: 42, endedChildrenSeconds: 0.5 });
  });

  test('reads a name with spaces and parentheses', () => {
    const text = '5 (a) b (c)) R 1 5 5 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 1 1 1';
    expect(parseStat(text)).toMatchObject({ pid: 5, name: 'a) b (c)', parent: 1, endedChildrenSeconds: 0 });
  });

  test.each(['', 'nonsense', '7 (cut off) S 1'])('takes %j for no process', (text) => {
    expect(parseStat(text)).toBeUndefined();
  });
});

describe('parsePss', () => {
  test('reads the proportional set size', () => {
    expect(parsePss('Rss:               15484 kB\nPss:                2827 kB\nPss_Dirty: 2516 kB\n')).toBe(
      2827 * 1024,
    );
  });

  test('is 0 where the process has ended', () => {
    expect(parsePss('')).toBe(0);
  });
});

describe.runIf(process.platform === 'linux')('familyOf', () => {
  test('begins with the process itself', () => {
    const [self] = familyOf(process.pid);
    expect(self).toMatchObject({ pid: process.pid, parent: process.ppid });
    expect(memoryBytesOf(self === undefined ? [] : [self])).toBeGreaterThan(1e6);
  });

  test('has CPU time that only grows, also within a tick', () => {
    const before = cpuSecondsOf(familyOf(process.pid));
    const after = cpuSecondsOf(familyOf(process.pid));
    expect(before).toBeGreaterThan(0);
    expect(after).toBeGreaterThan(before);
  });

  test('is empty for a process that does not exist', () => {
    expect(familyOf(0)).toEqual([]);
  });
});

// How many files this process may have open, and how many connections that leaves room for.
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  connectionsWithin,
  eventConnectionsWithin,
  openFilesLimit,
} from '../../../src/socketmap/open-files.js';

describe('the limit of this process', () => {
  afterEach(() => void vi.restoreAllMocks());

  test.each([
    [{ userLimits: { open_files: { soft: 256 } } }, 256],
    [{ userLimits: { open_files: { soft: 'unlimited' } } }, Infinity],
    [{ userLimits: {} }, Infinity],
    [{}, Infinity],
  ])('of a report %j is %d', (report, limit) => {
    vi.spyOn(process.report, 'getReport').mockReturnValue(report);
    expect(openFilesLimit()).toBe(limit);
  });

  test.runIf(process.platform === 'linux')('is that of the system', () => {
    const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    expect(openFilesLimit()).toBe(soft === 'unlimited' ? Infinity : Number(soft));
  });
});

describe('connections', () => {
  test.each([
    [Infinity, 100],
    [128 + 10 + 100, 100],
    [128 + 10 + 99, 99],
    [128 + 10 + 2, 2],
    [128, 1],
    [0, 1],
  ])('with %d files, of which 10 are for other things, are %d of 100', (openFiles, connections) => {
    expect(connectionsWithin(openFiles, 100, 10)).toBe(connections);
  });

  test.each([
    [Infinity, 1000],
    [128 + 4004, 1000],
    [128 + 3999, 999],
    [128 + 8, 2],
    [128, 1],
    [0, 1],
  ])('that push events, with %d files, are %d', (openFiles, connections) => {
    expect(eventConnectionsWithin(openFiles)).toBe(connections);
  });
});

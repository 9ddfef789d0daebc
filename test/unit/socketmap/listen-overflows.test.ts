import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { linuxOverflows, ListenOverflows } from '../../../src/socketmap/listen-overflows.js';

describe('an overflow', () => {
  test('makes who is accepted as old as the last look at which there was none, until listeners are renewed', () => {
    let count: number | undefined = 7;
    const overflows = new ListenOverflows(() => count, 1000);
    expect([overflows.sweep(2000), overflows.since]).toEqual([false, undefined]);
    count = 8;
    expect([overflows.sweep(3000), overflows.since]).toEqual([false, 2000]);
    count = 9;
    expect([overflows.sweep(11_999), overflows.since]).toEqual([false, 2000]);
    expect(overflows.sweep(12_000)).toBe(true);
    overflows.renewed();
    expect([overflows.sweep(20_000), overflows.since]).toEqual([false, undefined]);
    count = 10;
    expect([overflows.sweep(21_000), overflows.since]).toEqual([false, 20_000]);
  });

  test('is never where nobody counts', () => {
    const overflows = new ListenOverflows(() => undefined, 0);
    expect([overflows.sweep(1000), overflows.since]).toEqual([false, undefined]);
  });
});

describe("the kernel's count", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'netstat-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test.each([
    ['TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 42 43\nIpExt: A\nIpExt: 5\n', 42],
    ['IpExt: ListenOverflows\nIpExt: 5\n', undefined],
    ['TcpExt: ListenDrops\nTcpExt: 43\n', undefined],
    ['', undefined],
  ])('is read of %j', (text, expected) => {
    const file = join(folder, 'netstat');
    writeFileSync(file, text);
    expect(linuxOverflows(file)).toBe(expected);
  });

  test('is none where there is no such file', () => {
    expect(linuxOverflows(join(folder, 'missing'))).toBeUndefined();
  });

  test.runIf(process.platform === 'linux')('is there on Linux', () => {
    expect(linuxOverflows()).toBeGreaterThanOrEqual(0);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ListProbe, SHRUNK_STANDS_MS } from '../../../src/backchannels/list.js';
import { silentLog, type Log } from '../../../src/log/log.js';
import { DEFAULT_ADDRESS_RULES, parseKey } from '../../../src/validation/recipient.js';

let folder: string;
let lines: object[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-list-'));
  lines = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const keep = (line: object): void => void lines.push(line);
const log: Log = { ...silentLog, info: keep, error: keep };

function write(count: number): void {
  writeFileSync(join(folder, 'list'), Array.from({ length: count }, (_, i) => `u${i}@example.jp\n`).join(''));
}

function open(former?: ListProbe): Promise<ListProbe> {
  return ListProbe.open({ name: 'names', file: join(folder, 'list') }, DEFAULT_ADDRESS_RULES, log, former);
}

async function verdict(probe: ListProbe, index: number): Promise<string> {
  const parsed = parseKey(`u${index}@example.jp`, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error('no recipient');
  return (await probe.check(parsed.recipient)).kind;
}

describe('a list that lost names', () => {
  it('is believed at once where it lost a tenth', async () => {
    write(100);
    const former = await open();
    write(90);
    const next = await open(former);
    expect(await verdict(next, 95)).toBe('unknown');
    expect(lines).toEqual([]);
  });

  it('is refused with an alarm where it lost more, until it has stood so for a minute', async () => {
    write(100);
    const former = await open();
    write(89);
    const next = await open(former);
    expect(next).toBe(former);
    expect(await verdict(next, 95)).toBe('deliverable');
    expect(lines).toMatchObject([{ event: 'list-shrunk', mailboxes: 89, missing: 11 }]);
    expect(await open(next), 'another SIGHUP does not confirm it').toBe(next);
    expect(lines).toHaveLength(1);
    vi.advanceTimersByTime(SHRUNK_STANDS_MS);
    await vi.waitFor(() => expect(lines).toHaveLength(2));
    expect(lines[1]).toMatchObject({ event: 'list-taken', mailboxes: 89 });
    expect(await verdict(next, 95)).toBe('unknown');
  });

  it('is waited for anew where it changed meanwhile', async () => {
    write(100);
    const probe = await open();
    write(10);
    await open(probe);
    write(20);
    vi.advanceTimersByTime(SHRUNK_STANDS_MS);
    await vi.waitFor(() => expect(lines).toHaveLength(2));
    expect(lines[1]).toMatchObject({ event: 'list-shrunk', mailboxes: 20, missing: 80 });
    expect(await verdict(probe, 95)).toBe('deliverable');
    await probe.close();
  });

  it('is believed where the missing names came back', async () => {
    write(100);
    const probe = await open();
    write(10);
    await open(probe);
    write(100);
    const next = await open(probe);
    expect(next).not.toBe(probe);
    await probe.close();
    expect(await verdict(next, 95)).toBe('deliverable');
  });
});

describe('a long list', () => {
  it('is read in slices, between which others have their turn', async () => {
    write(200_000);
    let longestMs = 0;
    let last = performance.now();
    let reading = true;
    const watch = (): void => {
      longestMs = Math.max(longestMs, performance.now() - last);
      last = performance.now();
      if (reading) setImmediate(watch);
    };
    setImmediate(watch);
    const probe = await open();
    reading = false;
    expect(await verdict(probe, 199_999)).toBe('deliverable');
    // About 2 ms each; on a busy machine a turn may take longer, but never as long as the whole.
    expect(longestMs).toBeLessThan(200);
  });
});

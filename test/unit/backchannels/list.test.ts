import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ListProbe, SHRUNK_STANDS_MS } from '../../../src/backchannels/list.js';
import type { ListFormat } from '../../../src/backchannels/table-keys.js';
import { LOOK_MS } from '../../../src/net/file-watch.js';
import { silentLog, type Log } from '../../../src/log/log.js';
import { DEFAULT_ADDRESS_RULES, parseKey } from '../../../src/validation/recipient.js';

let folder: string;
let lines: object[];
let now = 0;
const opened: ListProbe[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-list-'));
  lines = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((probe) => probe.close()));
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const keep = (line: object): void => void lines.push(line);
const log: Log = { ...silentLog, info: keep, error: keep };

function write(count: number): void {
  writeFileSync(join(folder, 'list'), Array.from({ length: count }, (_, i) => `u${i}@example.jp\n`).join(''));
}

async function open(former?: ListProbe, format: ListFormat = 'mailboxes'): Promise<ListProbe> {
  const origin = { name: 'names', file: join(folder, 'list'), format, domains: undefined };
  const probe = await ListProbe.open(origin, DEFAULT_ADDRESS_RULES, { log, now: () => now }, former);
  opened.push(probe);
  return probe;
}

/** A second of its clock, with what it does then. */
async function look(): Promise<void> {
  vi.advanceTimersByTime(LOOK_MS);
  await new Promise((resolve) => setImmediate(resolve));
  await stat(join(folder, 'list')).catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
}

async function verdict(probe: ListProbe, index: number | string): Promise<string> {
  const parsed = parseKey(`u${index}@example.jp`, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error('no recipient');
  return (await probe.check(parsed.recipient)).kind;
}

describe('a list that lost names', () => {
  test('is believed at once where it lost a tenth', async () => {
    write(100);
    const former = await open();
    write(90);
    const next = await open(former);
    expect(await verdict(next, 95)).toBe('unknown');
    expect(lines).toEqual([]);
  });

  test('is refused with an alarm where it lost more, until it has stood so for a minute', async () => {
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

  test('is waited for anew where it changed meanwhile', async () => {
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

  test('is believed where the missing names came back', async () => {
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

describe('a list that changed without a signal', () => {
  test('is taken once it stood still from one look to the next', async () => {
    write(100);
    const probe = await open();
    write(101);
    now = 7;
    await look();
    expect(await verdict(probe, 100)).toBe('unknown');
    expect(probe.proof.floor(8)).toBe(0);
    await look();
    await vi.waitFor(() => expect(lines).toMatchObject([{ event: 'list-taken', mailboxes: 101 }]));
    expect(await verdict(probe, 100)).toBe('deliverable');
    expect(probe.proof.floor(8), 'what it said before is outdated').toBe(7);
  });

  test('is taken where another file took its name', async () => {
    write(100);
    const probe = await open();
    writeFileSync(join(folder, 'new'), '');
    renameSync(join(folder, 'list'), join(folder, 'old'));
    await look();
    await look();
    expect(lines, 'while it is gone nothing happens').toEqual([]);
    write(105);
    await look();
    await look();
    await vi.waitFor(() => expect(lines).toMatchObject([{ event: 'list-taken', mailboxes: 105 }]));
    expect(await verdict(probe, 104)).toBe('deliverable');
  });

  test('is not read between two of its lines: nobody of its second half is unknown', async () => {
    write(100);
    const probe = await open();
    writeFileSync(join(folder, 'list'), '');
    const said = new Set<string>();
    for (let i = 0; i < 100; i += 1) {
      appendFileSync(join(folder, 'list'), `u${i}@example.jp\n`);
      if (i % 10 === 0) await look();
      for (const index of [0, 50, 99]) said.add(await verdict(probe, index));
    }
    expect([...said]).toEqual(['deliverable']);
    expect(lines).toEqual([]);
  });

  test('is refused where its writer paused for long in its middle, and taken when it is whole', async () => {
    write(100);
    const probe = await open();
    write(50);
    await look();
    await look();
    await vi.waitFor(() => expect(lines).toMatchObject([{ event: 'list-shrunk', missing: 50 }]));
    expect(await verdict(probe, 99)).toBe('deliverable');
    write(100);
    await look();
    await look();
    await vi.waitFor(() => expect(lines).toHaveLength(2));
    expect(lines[1]).toMatchObject({ event: 'list-taken', mailboxes: 100 });
    vi.advanceTimersByTime(SHRUNK_STANDS_MS);
    expect(lines, 'and the minute of before is over').toHaveLength(2);
  });

  test('is refused once where it has a line that is no mailbox', async () => {
    write(100);
    const probe = await open();
    appendFileSync(join(folder, 'list'), 'no mailbox\n');
    for (let i = 0; i < 4; i += 1) await look();
    await vi.waitFor(() => expect(lines).toMatchObject([{ event: 'list-refused' }]));
    expect(await verdict(probe, 99)).toBe('deliverable');
  });
});

describe('a comment', () => {
  test('begins a line or follows a blank; in an address # is a letter', async () => {
    const text =
      '# head\nu0@example.jp # first\n\tu1@example.jp\t#second\nu#2@example.jp\n #@\n#u3@example.jp\r\n';
    writeFileSync(join(folder, 'list'), text);
    const probe = await open();
    const said = await Promise.all([0, 1, '#2', 2, 3].map((each) => verdict(probe, each)));
    expect(said).toEqual(['deliverable', 'deliverable', 'deliverable', 'unknown', 'unknown']);
  });
});

describe('a long list', () => {
  test('is read in slices, between which others have their turn', async () => {
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

describe('a table of aliases', () => {
  const write = (text: string): void => writeFileSync(join(folder, 'list'), text);
  const accepts = (probe: ListProbe, local: string, domain: string): boolean =>
    probe.accepts({ local, detail: undefined, domain });

  test('that lost a whole domain is believed only when it has stood so for a minute, however many others it has', async () => {
    const others = Array.from({ length: 100 }, (_, i) => `u${i}@example.jp x\n`).join('');
    write(`@example.net x\n${others}`);
    const former = await open(undefined, 'virtual');
    write(others);
    const next = await open(former, 'virtual');
    expect(accepts(next, 'anybody', 'example.net')).toBe(true);
    await vi.advanceTimersByTimeAsync(SHRUNK_STANDS_MS);
    await vi.waitFor(() => expect(accepts(next, 'anybody', 'example.net')).toBe(false));
    expect(accepts(next, 'u7', 'example.jp')).toBe(true);
  });

  test(
    'of 10 MB is read in slices, so that lookups are answered meanwhile',
    { timeout: 60_000 },
    async () => {
      const count = 250_000;
      write(Array.from({ length: count }, (_, i) => `alias.number.${i}@example.jp\tu${i}\n`).join(''));
      let turns = 0;
      let done = false;
      const turn = (): void => {
        turns += 1;
        if (!done) setImmediate(turn);
      };
      setImmediate(turn);
      vi.useRealTimers();
      const probe = await open(undefined, 'virtual');
      done = true;
      expect(accepts(probe, `alias.number.${count - 1}`, 'example.jp')).toBe(true);
      expect(accepts(probe, `alias.number.${count}`, 'example.jp')).toBe(false);
      expect(turns).toBeGreaterThan(30);
    },
  );
});

import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogConfig } from '../../../src/config/config.js';
import { ConfigError } from '../../../src/errors.js';
import { LogFile } from '../../../src/log/log-file.js';
import { createLog, silentLog } from '../../../src/log/log.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function inFile(name: string, level: LogConfig['level'] = 'info'): LogConfig {
  return {
    level,
    format: 'auto',
    file: join(folder, name),
    maxPendingBytes: 1_048_576,
    maxBytesPerSecond: 262_144,
    maxRefusedPerSecond: 100,
  };
}

function lines(name: string): Record<string, unknown>[] {
  return readFileSync(join(folder, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('log', () => {
  test('writes one JSON line an event: level, time in ISO 8601, fields, verb', async () => {
    const { log, flush } = await createLog(inFile('a.log'));
    log.info({ map: 'cyrus', key: 'x@example.jp' }, 'prose');
    await flush();
    const [line] = lines('a.log');
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      map: 'cyrus',
      key: 'x@example.jp',
      msg: 'prose',
    });
  });

  test('leaves out what is below its level, and takes a new level at reopen', async () => {
    const { log, reopen, flush } = await createLog(inFile('a.log', 'warn'));
    log.info({}, 'found');
    log.warn({}, 'stale');
    reopen(inFile('a.log', 'debug'));
    log.debug({}, 'found');
    await flush();
    expect(lines('a.log').map(({ msg }) => msg)).toEqual(['stale', 'found']);
    expect(log.isLevelEnabled('trace')).toBe(false);
  });

  test('goes on in a new file after a rotation, and loses no line', async () => {
    const { log, reopen, flush } = await createLog(inFile('a.log'));
    log.info({ n: 1 }, 'found');
    await flush();
    renameSync(join(folder, 'a.log'), join(folder, 'a.log.0'));
    log.info({ n: 2 }, 'found');
    reopen(inFile('a.log'));
    log.info({ n: 3 }, 'found');
    await flush();
    expect([...lines('a.log.0'), ...lines('a.log')].map(({ n }) => n)).toEqual([1, 2, 3]);
    expect(lines('a.log').map(({ n }) => n)).toEqual([3]);
  });

  test('refuses to start with a file that cannot be opened, naming key and path', async () => {
    const config = { ...inFile('a.log'), file: join(folder, 'no', 'such', 'folder.log') };
    await expect(createLog(config)).rejects.toThrow(ConfigError);
    await expect(createLog(config)).rejects.toThrow(`log.file is "${config.file}": ENOENT`);
  });

  test('says nothing at all where it is silent', () => {
    silentLog.fatal({}, 'gone');
    expect(silentLog.isLevelEnabled('fatal')).toBe(false);
  });
});

describe('the log file', () => {
  function opened(path: string | undefined, maxPendingBytes = 1_048_576) {
    const troubles: string[] = [];
    const resumed: number[] = [];
    const alarm = {
      trouble: (what: string) => void troubles.push(what),
      resumed: (dropped: number) => void resumed.push(dropped),
    };
    return { file: LogFile.open(path, maxPendingBytes, alarm), troubles, resumed };
  }

  test.runIf(existsSync('/dev/full'))(
    'drops, counts and tells once when the disk is full, and never throws',
    async () => {
      const { file, troubles } = opened('/dev/full');
      file.write('one\n');
      file.write('two\n');
      await file.flush(1000);
      file.write('three\n');
      await file.flush(1000);
      expect(troubles).toEqual(['log lines are lost: ENOSPC: no space left on device, write']);
      expect(file.dropped).toBe(3);
    },
  );

  test.runIf(existsSync('/dev/full'))('says how many lines were lost once it can write again', async () => {
    const { file, resumed } = opened('/dev/full');
    file.write('one\n');
    file.write('two\n');
    await file.flush(1000);
    file.reopen(join(folder, 'a.log'));
    file.write('three\n');
    await file.flush(1000);
    expect(resumed).toEqual([2]);
    expect(readFileSync(join(folder, 'a.log'), 'utf8')).toBe('three\n');
  });

  test('keeps the old file where the new one cannot be opened', async () => {
    const { file, troubles } = opened(join(folder, 'a.log'));
    file.reopen(join(folder, 'gone', 'a.log'));
    file.write('one\n');
    await file.flush(1000);
    expect(troubles).toHaveLength(1);
    expect(troubles[0]).toMatch(/^cannot be opened anew, the old file is kept: ENOENT/);
    expect(readFileSync(join(folder, 'a.log'), 'utf8')).toBe('one\n');
  });

  test('does not wait for a reader: beyond max_pending_bytes lines are dropped, and told of once', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const { file, troubles, resumed } = opened(fifo, 100_000);
    const line = `${'x'.repeat(999)}\n`;
    for (let i = 0; i < 1000; i++) file.write(line);
    await file.flush(50); // a pipe holds 64 KiB: the rest is stuck
    expect(file.dropped).toBe(900);
    expect(troubles).toEqual(['log lines are lost: more than 100000 bytes are waiting to be written']);

    const buffer = Buffer.alloc(65_536);
    let got = 0;
    while (got < 100_000) {
      try {
        got += readSync(reader, buffer);
      } catch {
        await file.flush(20); // EAGAIN: the rest comes with the next try
      }
    }
    await file.flush(1000);
    closeSync(reader);
    expect(got).toBe(100_000);
    expect(resumed).toEqual([900]);
  });

  test('does not hang at a FIFO that nobody reads', () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    expect(() => opened(fifo)).toThrow('ENXIO');
  });
});

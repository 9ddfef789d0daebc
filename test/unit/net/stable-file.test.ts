import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileError, readStableFile, sameState } from '../../../src/net/stable-file.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-stable-'));
  file = join(folder, 'file');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const LIMITS = { maxBytes: 1000 };

describe('a file that stands still', () => {
  test('is read whole, with its state', async () => {
    writeFileSync(file, 'one\n');
    const first = await readStableFile(file, LIMITS);
    expect(first.bytes.toString()).toBe('one\n');
    expect(sameState(first.state, (await readStableFile(file, LIMITS)).state)).toBe(true);
    appendFileSync(file, 'two\n');
    expect(sameState(first.state, (await readStableFile(file, LIMITS)).state)).toBe(false);
  });

  test('may be empty', async () => {
    writeFileSync(file, '');
    expect((await readStableFile(file, LIMITS)).bytes).toHaveLength(0);
  });
});

describe('a file that is being written to', () => {
  test('is read again, until it is whole', async () => {
    writeFileSync(file, 'half');
    let judged = 0;
    const { bytes } = await readStableFile(file, LIMITS, () => {
      judged += 1;
      if (judged < 3) appendFileSync(file, `+${judged}`);
    });
    expect(bytes.toString()).toBe('half+1+2');
    expect(judged).toBe(3);
  });

  test('is read again where another file took its name', async () => {
    writeFileSync(file, 'former');
    let judged = 0;
    const { bytes } = await readStableFile(file, LIMITS, () => {
      judged += 1;
      if (judged > 1) return;
      writeFileSync(`${file}.new`, 'latter');
      renameSync(`${file}.new`, file);
    });
    expect(bytes.toString()).toBe('latter');
  });

  test('is refused where it never stands still', async () => {
    writeFileSync(file, '');
    const read = readStableFile(file, LIMITS, () => appendFileSync(file, 'x'));
    await expect(read).rejects.toThrow('is being written to: must stand still while it is read');
  });

  test('is waited for where it was written to a moment ago', async () => {
    writeFileSync(file, 'new');
    const began = Date.now();
    await readStableFile(file, { ...LIMITS, quietMs: 150 });
    expect(Date.now() - began).toBeGreaterThanOrEqual(100);
  });

  test('is not waited for where its time is that of another clock', async () => {
    writeFileSync(file, 'new');
    utimesSync(file, 4_000_000_000, 4_000_000_000);
    expect((await readStableFile(file, { ...LIMITS, quietMs: 60_000 })).bytes.toString()).toBe('new');
  });
});

describe('what is no file to be read', () => {
  test('is refused by its length before anything is read', async () => {
    writeFileSync(file, 'x'.repeat(1001));
    await expect(readStableFile(file, LIMITS)).rejects.toThrow('has 1001 bytes: must have 1000 at most');
  });

  test.each(['/dev/zero', '/dev/null', '/'])('is refused: %s', async (path) => {
    await expect(readStableFile(path, LIMITS)).rejects.toThrow(FileError);
  });

  test('is refused: a FIFO that nobody writes to', async () => {
    execFileSync('mkfifo', [file]);
    await expect(readStableFile(file, LIMITS)).rejects.toThrow('is no regular file');
  });

  test('is told of where it is missing', async () => {
    await expect(readStableFile(file, LIMITS)).rejects.toThrow('ENOENT');
  });
});

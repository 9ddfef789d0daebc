import {
  close,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { closeSoon } from '../../../../src/cyrus/mailbox-list/close-soon.js';

test('a file is closed, though not at once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'close-soon-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'list');
  writeFileSync(path, 'list');
  const fd = openSync(path, 'r');
  const { ino } = fstatSync(fd);
  unlinkSync(path);
  closeSoon(fd);
  // Another file may get the same number meanwhile.
  const isOpen = (): boolean => {
    try {
      return fstatSync(fd).ino === ino;
    } catch {
      return false;
    }
  };
  await vi.waitFor(() => expect(isOpen()).toBe(false));
});

test('a file that cannot be closed is no mistake of anybody', async () => {
  const mistakes: unknown[] = [];
  const keep = (mistake: unknown): void => void mistakes.push(mistake);
  process.on('uncaughtExceptionMonitor', keep);
  onTestFinished(() => void process.off('uncaughtExceptionMonitor', keep));
  const none = 2 ** 30;
  closeSoon(none);
  const code = await new Promise((resolve) => close(none, (error) => resolve(error?.code)));
  await new Promise((resolve) => setImmediate(resolve));
  expect([code, mistakes]).toEqual(['EBADF', []]);
});

test('nothing that holds the mailbox list open closes it at once, since everybody would wait for that', () => {
  const folder = new URL('../../../../src/cyrus/mailbox-list/', import.meta.url);
  const files = readdirSync(folder);
  expect(files).toContain('list-file.ts');
  expect(files.filter((file) => readFileSync(new URL(file, folder), 'utf8').includes('closeSync'))).toEqual(
    [],
  );
});

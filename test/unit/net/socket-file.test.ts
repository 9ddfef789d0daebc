import { lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { giveAway, nameToBind, publish, removeIfSame, withMode } from '../../../src/net/socket-file.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'socket-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('withMode', () => {
  test('makes files of that mode, whatever the umask', () => {
    const umask = process.umask(0o777);
    try {
      withMode(0o606, () => writeFileSync(join(folder, 'a'), '', { mode: 0o777 }));
      expect(lstatSync(join(folder, 'a')).mode & 0o777).toBe(0o606);
      expect(process.umask()).toBe(0o777);
    } finally {
      process.umask(umask);
    }
  });

  test('gives the umask back where making it failed', () => {
    const before = process.umask();
    expect(() => withMode(0o600, () => writeFileSync(join(folder, 'none', 'a'), ''))).toThrow('ENOENT');
    expect(process.umask()).toBe(before);
  });
});

describe('nameToBind', () => {
  test('is in a folder beside the socket, and a new one each time', () => {
    const names = new Set(Array.from({ length: 50 }, () => nameToBind('/var/imap/socket/smmapd')));
    for (const name of names) expect(name).toMatch(/^\/var\/imap\/socket\/\.[0-9a-z]{4}\/s$/);
    expect(names.size).toBeGreaterThan(40);
  });
});

describe('giveAway', () => {
  test.skipIf(process.getuid?.() !== 0)('does not follow a symbolic link to what is not ours', () => {
    const [theirs, link] = [join(folder, 'theirs'), join(folder, 'link')];
    writeFileSync(theirs, '');
    symlinkSync(theirs, link);
    giveAway(link, { socketOwner: '1234', socketGroup: '1234', socketMode: 0o660 });
    expect([lstatSync(theirs).uid, lstatSync(link).uid]).toEqual([0, 1234]);
  });
});

describe('publish', () => {
  test('never replaces a file', () => {
    const [bound, path] = [join(folder, 's.abcd'), join(folder, 's')];
    writeFileSync(bound, 'ours');
    writeFileSync(path, 'theirs');
    const before = lstatSync(path).ino;
    expect(() => publish(bound, path)).toThrow(`unix:${path} is in use`);
    expect(lstatSync(path).ino).toBe(before);
  });
});

describe('removeIfSame', () => {
  test('removes that file, but not one that took its name and its number', () => {
    const path = join(folder, 's');
    writeFileSync(path, '');
    const { dev, ctimeNs } = lstatSync(path, { bigint: true });
    rmSync(path);
    writeFileSync(path, '');
    removeIfSame(path, { dev, ctimeNs: ctimeNs - 1n, ino: lstatSync(path, { bigint: true }).ino });
    const second = lstatSync(path, { bigint: true });
    removeIfSame(path, second);
    expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });
});

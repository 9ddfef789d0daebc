import { lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nameToBind, publish, removeIfSame, withPrivateFiles } from '../../../src/net/socket-file.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'socket-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('withPrivateFiles', () => {
  it('makes files that only this user can open, whatever mode they are made with', () => {
    const umask = process.umask(0);
    try {
      withPrivateFiles(() => writeFileSync(join(folder, 'a'), '', { mode: 0o777 }));
      expect(lstatSync(join(folder, 'a')).mode & 0o777).toBe(0o600);
      expect(process.umask()).toBe(0);
    } finally {
      process.umask(umask);
    }
  });

  it('gives the umask back where making it failed', () => {
    const before = process.umask();
    expect(() => withPrivateFiles(() => writeFileSync(join(folder, 'none', 'a'), ''))).toThrow('ENOENT');
    expect(process.umask()).toBe(before);
  });
});

describe('nameToBind', () => {
  it('is beside the socket, and a new one each time', () => {
    const names = new Set(Array.from({ length: 50 }, () => nameToBind('/var/imap/socket/smmapd')));
    for (const name of names) expect(name).toMatch(/^\/var\/imap\/socket\/smmapd\.[0-9a-z]{4}$/);
    expect(names.size).toBeGreaterThan(40);
  });
});

describe('publish', () => {
  it('never replaces a file', () => {
    const [bound, path] = [join(folder, 's.abcd'), join(folder, 's')];
    writeFileSync(bound, 'ours');
    writeFileSync(path, 'theirs');
    const before = lstatSync(path).ino;
    expect(() => publish(bound, path)).toThrow(`unix:${path} is in use`);
    expect(lstatSync(path).ino).toBe(before);
  });
});

describe('removeIfSame', () => {
  it('removes that file, but not one that took its name and its number', () => {
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

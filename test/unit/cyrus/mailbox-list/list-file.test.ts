// With real files: what a descriptor shows and what a name shows must never differ for long.
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  DescriptorSight,
  NameSight,
  sightOf,
  type FileSight,
} from '../../../../src/cyrus/mailbox-list/list-file.js';

const { failing } = vi.hoisted(() => ({ failing: { fstat: false } }));

vi.mock(import('node:fs'), async (original) => {
  const real = await original();
  const fstatSync = ((...args: Parameters<typeof real.fstatSync>) => {
    if (failing.fstat) throw Object.assign(new Error('ESTALE: stale file handle, fstat'), { code: 'ESTALE' });
    return real.fstatSync(...args);
  }) as typeof real.fstatSync;
  return { ...real, fstatSync };
});

let folder: string;
let path: string;
let sight: FileSight;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'list-file-'));
  mkdirSync(join(folder, 'cyrus'));
  path = join(folder, 'cyrus/mailboxes.db');
  writeFileSync(path, 'first');
});

afterEach(() => {
  sight.close();
  rmSync(folder, { recursive: true });
});

function replaceWith(text: string): void {
  writeFileSync(`${path}.NEW`, text);
  renameSync(`${path}.NEW`, path);
}

describe.each([
  ['by name', NameSight],
  ...(process.platform === 'linux' ? [['by descriptor', DescriptorSight] as const] : []),
] as const)('a look %s', (_, Sight) => {
  beforeEach(() => {
    sight = new Sight(path);
  });

  const expectSameAsStat = () => {
    const { ino, size, mtimeMs } = statSync(path);
    expect(sight.look()).toMatchObject({ ino, size, mtimeMs });
  };

  test('sees the file, and that it grew', () => {
    expectSameAsStat();
    appendFileSync(path, ' more');
    expectSameAsStat();
  });

  test('sees the file that was renamed over it, again and again', () => {
    for (const text of ['second', 'third', 'fourth']) {
      expectSameAsStat();
      replaceWith(text);
      expectSameAsStat();
    }
  });

  test('sees the file that was renamed over it while another name keeps the old one', () => {
    linkSync(path, `${path}.backup`);
    expectSameAsStat();
    replaceWith('second');
    expectSameAsStat();
  });

  test('sees where a symbolic link leads now', () => {
    const target = `${path}.other`;
    writeFileSync(target, 'elsewhere');
    unlinkSync(path);
    symlinkSync(target, path);
    expectSameAsStat();
  });

  test('sees that it is missing, and that it came back', () => {
    unlinkSync(path);
    expect(sight.look()).toBe('missing');
    writeFileSync(path, 'again');
    expectSameAsStat();
    unlinkSync(path);
    expect(sight.look()).toBe('missing');
  });

  test('sees, when it was told to look closer, that the whole folder was exchanged', () => {
    expectSameAsStat();
    renameSync(join(folder, 'cyrus'), join(folder, 'cyrus.old'));
    mkdirSync(join(folder, 'cyrus'));
    writeFileSync(path, 'first');
    sight.verify();
    expectSameAsStat();
  });

  test('says that it cannot look where a part of the path is no folder', () => {
    const inside = new Sight(join(path, 'mailboxes.db'));
    expect(inside.look()).toBe('unreadable');
    inside.close();
  });

  test('can be closed twice, and used again', () => {
    sight.close();
    sight.close();
    expectSameAsStat();
  });
});

test('goes by descriptor on Linux alone', () => {
  sight = sightOf(path, 'linux');
  expect(sight).toBeInstanceOf(DescriptorSight);
  expect(sightOf(path, 'freebsd')).toBeInstanceOf(NameSight);
});

test('a descriptor of which nothing can be told any more is given up, and the name is looked at', () => {
  sight = new DescriptorSight(path);
  sight.look();
  failing.fstat = true;
  try {
    expect(sight.look()).toMatchObject({ ino: statSync(path).ino });
    unlinkSync(path);
    expect(sight.look()).toBe('missing');
  } finally {
    failing.fstat = false;
  }
});

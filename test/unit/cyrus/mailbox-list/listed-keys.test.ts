import { describe, expect, test } from 'vitest';
import { ListedKeys } from '../../../../src/cyrus/mailbox-list/listed-keys.js';
import { kindOfKey, type Layout } from '../../../../src/cyrus/mailbox-list/names.js';
import { entry } from '../../../fakes/mailbox-list.js';

function listedKeys(layout: Layout, keyAt: (position: number) => string = () => '') {
  return new ListedKeys(layout, 0, (position) => Buffer.from(keyAt(position), 'latin1'));
}

function set(keys: ListedKeys, key: string, value = entry()): void {
  const bytes = Buffer.from(`<${key}${value}>`, 'latin1');
  keys.set(bytes, 1, 1 + key.length, bytes.length - 1);
}

describe('listed keys', () => {
  test.each([
    'Nuser\x1fbob',
    'Nexample.jp\x1duser\x1ffirst.last',
    'Nexample.jp\x1duser\x1fbob\x1ffolder',
    'Nexample.jp\x1duser\x1f',
    'Nexample.jp\x1duser',
    'Nexample.jp\x1dusers\x1fbob',
    'Nexample.jp\x1dshared\x1fuser\x1fbob',
    'N\x1duser\x1fbob',
    'Na\x1db\x1duser\x1fbob',
    'Nuser\x1fbob\x1dx',
    'Nshared',
    'N',
    'Ibtot0io7mhp5mkv50m1nqihb',
    'Abob\x1fNexample.jp',
    'J1',
  ])('take %j for what its text says', (key) => {
    const keys = listedKeys('divided');
    const touched: string[] = [];
    keys.touched = (told) => touched.push(told);
    set(keys, key);
    expect(keys.listed).toBe(Number(kindOfKey(key, 'divided') === 'inbox'));
    expect(touched).toHaveLength(keys.listed);
    expect([keys.size, keys.changes]).toEqual([1, 1]);
  });

  test('count what comes, goes, and comes again', () => {
    const keys = listedKeys('divided', () => 'Nuser\x1fzoe');
    for (const key of ['Nuser\x1fbob', 'Nuser\x1fzoe', 'Iaaa', 'Nuser\x1fbob']) set(keys, key);
    expect([keys.size, keys.listed, keys.stateOf('bob')]).toEqual([3, 2, 'present']);
    set(keys, 'Nuser\x1fbob', entry('ed'));
    expect([keys.size, keys.listed, keys.stateOf('bob')]).toEqual([3, 1, 'absent']);
    keys.deleted(1_000);
    expect([keys.size, keys.listed, keys.stateOf('bob')]).toEqual([2, 1, undefined]);
    keys.deleted(0);
    expect([keys.size, keys.listed, keys.stateOf('zoe')]).toEqual([1, 0, undefined]);
    keys.deleted(0);
    expect(keys.size).toBe(0);
    expect(() => keys.deleted(0)).toThrow('not held');
  });

  test('take a delete before a key of an index for one of an index', () => {
    const keys = listedKeys('divided', () => 'Ibbb');
    for (const key of ['Nuser\x1fbob', 'Iaaa', 'Ibbb']) set(keys, key);
    keys.deleted(1_000);
    expect([keys.size, keys.listed]).toEqual([2, 1]);
  });

  test('refuse a key of another layout', () => {
    expect(() => set(listedKeys('divided'), 'user.bob')).toThrow('keys of a divided layout');
    expect(() => set(listedKeys('dotted'), 'Nuser\x1fbob')).toThrow('keys of a dotted layout');
  });
});

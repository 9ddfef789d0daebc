import { describe, expect, test } from 'vitest';
import { KEY_MAX_BYTES } from '../../../../src/cyrus/mailbox-list/key-arena.js';
import { hashOfText } from '../../../../src/cyrus/mailbox-list/key-hash.js';
import { OrderedKeys } from '../../../../src/cyrus/mailbox-list/ordered-keys.js';

function set(keys: OrderedKeys, text: string, mark = 1): number | undefined {
  const bytes = Buffer.from(`<${text}>`, 'latin1');
  return keys.set(bytes, 1, bytes.length - 1, mark);
}

function get(keys: OrderedKeys, text: string): number | undefined {
  const bytes = Buffer.from(`<${text}>`, 'latin1');
  return keys.get(bytes, 1, bytes.length - 1);
}

function deleteBefore(keys: OrderedKeys, text: string | undefined): string | undefined {
  return keys.deleteBefore(text === undefined ? undefined : Buffer.from(text, 'latin1'))?.key;
}

describe('keys in order', () => {
  test('are found with what was noted last', () => {
    const keys = new OrderedKeys(0);
    expect(set(keys, 'b', 1)).toBeUndefined();
    expect(set(keys, 'b', 2)).toBe(1);
    expect([get(keys, 'b'), get(keys, 'a'), get(keys, 'bb'), keys.size]).toEqual([
      2,
      undefined,
      undefined,
      1,
    ]);
  });

  test('give the one before another, whether that is held or not', () => {
    const keys = new OrderedKeys(0);
    for (const key of ['d', 'a', 'c', 'b']) set(keys, key);
    expect(deleteBefore(keys, 'c')).toBe('b');
    expect(deleteBefore(keys, 'cc')).toBe('c');
    expect(deleteBefore(keys, 'a')).toBeUndefined();
    expect(deleteBefore(keys, undefined)).toBe('d');
    expect(deleteBefore(keys, 'zzz')).toBe('a');
    expect(deleteBefore(keys, undefined)).toBeUndefined();
    expect(keys.size).toBe(0);
  });

  test('are ordered by bytes, a shorter one before what it begins', () => {
    const keys = new OrderedKeys(0);
    for (const key of ['\xff', 'a\x1fb', 'a', 'a\x1d']) set(keys, key);
    const order = Array.from({ length: 4 }, () => deleteBefore(keys, undefined));
    expect(order).toEqual(['\xff', 'a\x1fb', 'a\x1d', 'a']);
  });

  test('count those that did not come behind all others', () => {
    const keys = new OrderedKeys(0);
    for (let i = 0; i < 2_000; i++) set(keys, String(i).padStart(6, '0'));
    expect(keys.strays).toBe(0);
    set(keys, '000001x');
    set(keys, '000511x');
    expect(keys.strays).toBe(2);
  });

  test('are the same as in a plain map, whatever comes and goes', () => {
    const keys = new OrderedKeys(4);
    const model = new Map<string, number>();
    let state = 1;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let i = 0; i < 6_000; i++) {
      const key = `Nexample.jp\x1duser\x1f${random(1_500)}`;
      if (random(10) < 6) {
        const mark = random(4);
        expect(set(keys, key, mark)).toBe(model.get(key));
        model.set(key, mark);
        continue;
      }
      const before = [...model.keys()].filter((other) => other < key).reduce((a, b) => (a > b ? a : b), '');
      expect(deleteBefore(keys, key)).toBe(before === '' ? undefined : before);
      model.delete(before);
    }
    expect(keys.size).toBe(model.size);
    for (let i = 0; i < 1_500; i++) {
      const key = `Nexample.jp\x1duser\x1f${i}`;
      expect(get(keys, key)).toBe(model.get(key));
    }
  });

  test('are told apart where their hashes are the same', () => {
    const keys = new OrderedKeys(0);
    const [one, other] = ['costarring', 'liquid'];
    expect(hashOfText(one)).toBe(hashOfText(other));
    set(keys, one, 1);
    expect(get(keys, other)).toBeUndefined();
    set(keys, other, 2);
    expect([get(keys, one), get(keys, other)]).toEqual([1, 2]);
    expect(deleteBefore(keys, other)).toBe(one);
    expect([get(keys, one), get(keys, other)]).toEqual([undefined, 2]);
  });

  test('take more memory as they come', () => {
    const keys = new OrderedKeys(0);
    for (let i = 0; i < 60_000; i++) set(keys, `user.${i}`);
    expect(keys.arenaBytes).toBeLessThan(3 * 1024 * 1024);
    expect(get(keys, 'user.59999')).toBe(1);
  });

  test('are no longer than a mailbox name can be', () => {
    const keys = new OrderedKeys(0);
    set(keys, 'x'.repeat(KEY_MAX_BYTES));
    expect(() => set(keys, 'x'.repeat(KEY_MAX_BYTES + 1))).toThrow('a key of 1025 bytes');
  });
});

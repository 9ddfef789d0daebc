import { describe, expect, test } from 'vitest';
import { Fifo } from '../../../src/socketmap/fifo.js';

type Member = { readonly name: string };
const [a, b, c]: readonly [Member, Member, Member] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];

function filled(...members: readonly Member[]): Fifo<Member> {
  const fifo = new Fifo<Member>();
  for (const member of members) fifo.add(member);
  return fifo;
}

describe('a queue', () => {
  test('has nobody first while it is empty, also after it was emptied', () => {
    const fifo = filled();
    expect(fifo.first()).toBeUndefined();
    fifo.add(a);
    expect(fifo.delete(a)).toBe(true);
    expect([fifo.first(), fifo.size, fifo.has(a), fifo.delete(a)]).toEqual([undefined, 0, false, false]);
  });

  test('has first who came first, until that one goes', () => {
    const fifo = filled(a, b, c);
    expect([fifo.first(), fifo.first()]).toEqual([a, a]);
    fifo.delete(a);
    expect(fifo.first()).toBe(b);
  });

  test('passes over who has gone from its middle', () => {
    const fifo = filled(a, b, c);
    fifo.first();
    fifo.delete(b);
    fifo.delete(a);
    expect(fifo.first()).toBe(c);
  });

  test('leaves who comes again where he is, and puts him behind where he had gone', () => {
    const fifo = filled(a, b);
    fifo.add(a);
    expect(fifo.first()).toBe(a);
    fifo.delete(a);
    fifo.add(a);
    expect(fifo.first()).toBe(b);
    fifo.delete(b);
    expect(fifo.first()).toBe(a);
  });

  test('has first who comes after all others have gone', () => {
    const fifo = filled(a);
    fifo.first();
    fifo.delete(a);
    expect(fifo.first()).toBeUndefined();
    fifo.add(b);
    expect(fifo.first()).toBe(b);
  });
});

import { beforeEach, describe, expect, test } from 'vitest';
import { AGE } from '../../../src/validation/age-proof.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { Vouchers, type Vouched } from '../../../src/validation/vouchers.js';
import { HandProbe } from '../../fakes/hand-probe.js';

/** The number of one whose word is not remembered. */
const NOBODY = -1;

let vouchers: Vouchers;

beforeEach(() => {
  vouchers = new Vouchers(4, DEFAULT_BELIEF);
});

function vouched(...probes: HandProbe[]): Vouched[] {
  return probes.map((probe) => ({ probe, proof: AGE, belief: DEFAULT_BELIEF }));
}

describe('back-channels have a number each', () => {
  test('which they keep over reloads', () => {
    const [a, b, c] = [new HandProbe(), new HandProbe(), new HandProbe()];
    vouchers.take(vouched(a, b), 0);
    const numbers = [vouchers.of(a).number, vouchers.of(b).number];
    expect(new Set(numbers).size).toBe(2);
    vouchers.take(vouched(c, b, a), 1000);
    expect([vouchers.of(a).number, vouchers.of(b).number]).toEqual(numbers);
    expect(vouchers.at(vouchers.of(c).number)).toBe(vouchers.of(c));
  });

  test('and what was said under a number that is used again is nobody’s', () => {
    let last = new HandProbe();
    vouchers.take(vouched(last), 0);
    const { number } = vouchers.of(last);
    for (let time = 1; time < 10; time++) {
      last = new HandProbe();
      vouchers.take(vouched(last), time);
      if (vouchers.of(last).number === number) expect(vouchers.of(last).since).toBe(time);
      else expect(vouchers.at(number).since).toBe(Infinity);
    }
  });

  test('and a number that is free goes before none', () => {
    const make = (count: number) => Array.from({ length: count }, () => new HandProbe());
    for (let i = 0; i < 3; i++) {
      vouchers.take(vouched(...make(5)), i);
      vouchers.take([], i);
      vouchers.take(vouched(...make(4)), i);
      vouchers.take([], i);
      const last = new HandProbe();
      vouchers.take(vouched(last), i);
      expect(vouchers.of(last).number).toBeGreaterThan(0);
    }
  });

  test('and one that the configuration does not name has none', () => {
    vouchers.take(vouched(new HandProbe()), 0);
    expect(vouchers.of(new HandProbe()).number).toBe(NOBODY);
  });

  test('and of several servers that share a domain those count that are named', () => {
    const [a, b] = [new HandProbe('a'), new HandProbe('b')];
    const both = Object.assign(new HandProbe('both'), { members: [a, b] });
    vouchers.take(vouched(a, both), 0);
    expect([...vouchers.of(both).members]).toEqual([vouchers.of(a)]);
  });

  test('and where there are none left, nothing of theirs is remembered', () => {
    const probes = Array.from({ length: 5 }, () => new HandProbe());
    vouchers.take(vouched(...probes), 0);
    expect(probes.map((probe) => vouchers.of(probe).number)).toEqual([1, 2, 3, NOBODY, NOBODY]);
    vouchers.take(vouched(...probes.slice(2)), 1000);
    expect(vouchers.of(probes[2] ?? new HandProbe()).number).toBe(3);
  });
});

test('where no back-channel was named one voucher is for all', () => {
  expect(vouchers.of(new HandProbe())).toBe(vouchers.at(0));
  expect(vouchers.only).toBe(vouchers.at(0));
});

test('there is an only one, or there is none', () => {
  const [a, b] = [new HandProbe(), new HandProbe()];
  vouchers.take(vouched(a), 0);
  expect(vouchers.only).toBe(vouchers.of(a));
  vouchers.take(vouched(a, b), 0);
  expect(vouchers.only).toBeUndefined();
});

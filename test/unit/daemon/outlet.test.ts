import { expect, test } from 'vitest';
import { Outlet } from '../../../src/daemon/outlet.js';
import { HandProof } from '../../fakes/hand-proof.js';

test('without other machines nobody is told, and nothing is waited for', () => {
  const outlet = new Outlet();
  expect(outlet.changed(['alice@example.jp'], true)).toBeUndefined();
  expect(outlet.proof).toBeUndefined();
});

test('other machines are told of each change, and may be waited for', async () => {
  const outlet = new Outlet();
  const told: unknown[] = [];
  const fleet = { changed: (...change: unknown[]) => Promise.resolve(void told.push(change)) };
  Object.assign(outlet, { fleet });
  await outlet.changed(['alice@example.jp'], true);
  await outlet.changed(undefined, false);
  expect(told).toEqual([
    [['alice@example.jp'], true],
    [undefined, false],
  ]);
});

test('what is told rests on all that tells of changes here', () => {
  const outlet = new Outlet();
  const [events, clock] = [new HandProof(), new HandProof()];
  outlet.tellers = { events, clock: undefined };
  expect(outlet.proof).toBe(events);
  outlet.tellers = { events: undefined, clock };
  expect(outlet.proof).toBe(clock);
  outlet.tellers = { events, clock };
  [events.at, clock.at] = [5, 7];
  expect(outlet.proof?.floor(9)).toBe(7);
});

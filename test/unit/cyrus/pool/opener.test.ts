import { beforeEach, expect, test } from 'vitest';
import { Opener } from '../../../../src/cyrus/pool/opener.js';
import { UnavailableError } from '../../../../src/errors.js';
import { HandSession, standStill } from './pool-rig.js';

standStill();

let time: number;
let told: string[];
let attempts: { resolve: (session: HandSession) => void; reject: (error: unknown) => void }[];
let opener: Opener;

beforeEach(() => {
  time = 0;
  told = [];
  attempts = [];
  opener = new Opener(
    () => new Promise((resolve, reject) => attempts.push({ resolve, reject })),
    {
      opened: (_, state) => told.push(`opened ${state}, now ${opener.state}`),
      refused: ({ message }, state) => told.push(`${message} ${state}, now ${opener.state}`),
    },
    () => time,
  );
});

async function turn(): Promise<string[]> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
  return told.splice(0);
}

test('a session is opened one at a time, and another when that is done', async () => {
  opener.open();
  opener.open();
  opener.knock();
  expect([attempts.length, opener.state]).toEqual([1, 'opening']);
  attempts[0]?.resolve(new HandSession());
  expect(await turn()).toEqual(['opened opening, now idle']);
  opener.open();
  attempts[1]?.reject(new UnavailableError('no'));
  expect(await turn()).toEqual(['no opening, now idle']);
  expect(opener.state).toBe('idle');
});

test('what is thrown need not be an error', async () => {
  opener.open();
  attempts[0]?.reject('no');
  expect(await turn()).toEqual(['no opening, now idle']);
});

test('it knocks at most each half second, and never while it opens one', async () => {
  opener.knock();
  opener.knock();
  opener.open();
  expect([attempts.length, opener.state]).toEqual([1, 'knocking']);
  attempts[0]?.reject(new UnavailableError('no'));
  expect(await turn()).toEqual(['no knocking, now idle']);
  time = 499;
  opener.knock();
  expect(attempts).toHaveLength(1);
  time = 500;
  opener.knock();
  expect(attempts).toHaveLength(2);
  attempts[1]?.resolve(new HandSession());
  expect(await turn()).toEqual(['opened knocking, now idle']);
});

import { expect, test } from 'vitest';
import { ExpectedServers } from '../../../../src/cyrus/events/expected-servers.js';
import type { Log } from '../../../../src/log/log.js';

function logged(): { log: Log; lines: object[] } {
  const lines: object[] = [];
  const take = (fields: object) => void lines.push(fields);
  const log = { trace: take, debug: take, info: take, warn: take, error: take, fatal: take };
  return { log: { ...log, isLevelEnabled: () => true }, lines };
}

test('any server is taken where none is named', () => {
  const { log, lines } = logged();
  const servers = new ExpectedServers(undefined, log);
  expect([servers.includes('b1.example.jp'), servers.includes(undefined)]).toEqual([true, true]);
  expect(lines).toEqual([]);
});

test('another one than those named is told of once, and again after a reload', () => {
  const { log, lines } = logged();
  const servers = new ExpectedServers(['B1.example.jp'], log);
  expect(servers.includes('b1.EXAMPLE.jp')).toBe(true);
  for (let i = 0; i < 3; i++) expect(servers.includes('b2.example.jp')).toBe(false);
  expect(servers.includes(undefined)).toBe(false);
  expect(lines).toMatchObject([
    { event: 'event-stranger', server: 'b2.example.jp', expected: 'b1.example.jp' },
    { server: '' },
  ]);
  servers.expect(['b2.example.jp']);
  expect([servers.includes('b2.example.jp'), servers.includes('b1.example.jp')]).toEqual([true, false]);
  expect(lines).toHaveLength(3);
});

test('any number of strangers costs a bounded number of lines', () => {
  const { log, lines } = logged();
  const servers = new ExpectedServers(['b1'], log);
  for (let i = 0; i < 1000; i++) expect(servers.includes(`s${i}`)).toBe(false);
  expect(lines).toHaveLength(100);
});

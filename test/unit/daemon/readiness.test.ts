import { describe, expect, test } from 'vitest';
import type { BackchannelFigures } from '../../../src/admin/operations.js';
import { readinessOf } from '../../../src/daemon/readiness.js';
import { configured } from './configured.js';

const LMTP = (name: string, more = ''): string =>
  `[backchannel.${name}]\ntype = "lmtp"\nendpoint = "unix:/run/${name}"\n${more}`;
const TWO = `domains = { "example.jp" = "one", "example.net" = "two" }\n${LMTP('one')}${LMTP('two')}`;

function figures(name: string, state: BackchannelFigures['state'], more: object = {}): BackchannelFigures {
  return { name, state, sessions: 0, waiting: 0, questions: 0, batches: 0, ...more };
}

async function ready(text: string, listening: number, ...all: readonly BackchannelFigures[]) {
  const { ready: isReady, reasons } = readinessOf(await configured(text), listening, all);
  return { ready: isReady, reasons: reasons.toSorted() };
}

describe('mail servers should ask this daemon', () => {
  test('where it listens and no Cyrus is down, though none was asked yet', async () => {
    expect(
      await ready(TWO, 1, figures('one', 'up', { answeredAgo: 2.6 }), figures('two', 'untried')),
    ).toEqual({
      ready: true,
      reasons: ['listeners: 1 open', 'one: up, answered 3 s ago', 'two: nobody was asked yet'],
    });
  });

  test('not where it does not listen', async () => {
    expect(await ready(TWO, 0, figures('one', 'up'), figures('two', 'up'))).toMatchObject({
      ready: false,
      reasons: ['listeners: 0 open', 'one: up, answered 0 s ago', 'two: up, answered 0 s ago'],
    });
  });

  test('not where nobody can be asked about one of the domains', async () => {
    const down = figures('two', 'down', { trouble: 'connect ECONNREFUSED' });
    expect(await ready(TWO, 1, figures('one', 'up'), down)).toMatchObject({
      ready: false,
      reasons: ['listeners: 1 open', 'one: up, answered 0 s ago', 'two: down: connect ECONNREFUSED'],
    });
    expect((await ready(TWO, 1, figures('one', 'up'), figures('two', 'down'))).reasons).toContain(
      'two: down: no answer',
    );
  });

  test('also where only one of the servers that share a domain can be asked', async () => {
    const shared = `domains = { "example.jp" = ["one", "two"] }\n${LMTP('one')}${LMTP('two')}`;
    expect((await ready(shared, 1, figures('one', 'down'), figures('two', 'up'))).ready).toBe(true);
    expect((await ready(shared, 1, figures('one', 'down'), figures('two', 'down'))).ready).toBe(false);
  });

  test('also where another one steps in for the one that is down', async () => {
    const text = `domains = { "*" = "one" }\n${LMTP('one', 'second = "two"\n')}${LMTP('two')}`;
    expect((await ready(text, 1, figures('one', 'down'), figures('two', 'up'))).ready).toBe(true);
    expect((await ready(text, 1, figures('one', 'down'), figures('two', 'down'))).ready).toBe(false);
  });

  test('also where a list answers, since for that nobody is asked', async () => {
    const text = `domains = { "*" = "aliases" }\n[backchannel.aliases]\ntype = "list"\nformat = "virtual"\nfile = "/etc/aliases"\n`;
    expect(await ready(text, 1)).toEqual({
      ready: true,
      reasons: ['aliases: a list, nobody is asked', 'listeners: 1 open'],
    });
  });
});

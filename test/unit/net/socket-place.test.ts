import { lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Exchange } from '../../../src/net/socket-place.js';

let folder = '';
let servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'place-'));
});
afterEach(() => {
  for (const server of servers) server.close();
  servers = [];
  rmSync(folder, { recursive: true });
});

async function socket(...name: string[]): Promise<number> {
  const path = join(folder, ...name);
  const server = createServer().listen(path);
  servers.push(server);
  await once(server, 'listening');
  return at(...name);
}

function at(...name: string[]): number {
  return lstatSync(join(folder, ...name)).ino;
}

async function pair(name: string, beside: string) {
  mkdirSync(join(folder, beside));
  const [old, heir] = [await socket(name), await socket(beside, 's')];
  return { old, heir, succession: { place: join(folder, name), bound: join(folder, beside, 's') } };
}

describe('an exchange', () => {
  test('gives each place to the socket that waits beside it', async () => {
    const [front, control] = [await pair('front', '.aaaa'), await pair('control', '.bbbb')];
    Exchange.make([front.succession, control.succession], new Map());
    expect([at('front'), at('control')]).toEqual([front.heir, control.heir]);
  });

  test('can be undone by another socket of who had the place', async () => {
    const { succession } = await pair('front', '.aaaa');
    const spare = await socket('spare');
    Exchange.make([succession], new Map([[succession.place, join(folder, 'spare')]])).undo();
    expect(at('front')).toBe(spare);
  });

  test('is none where one place cannot pass', async () => {
    const { old, succession } = await pair('front', '.aaaa');
    const missing = { place: join(folder, 'none/x'), bound: join(folder, 'none/.aaaa/s') };
    expect(() => Exchange.make([succession, missing], new Map())).toThrow('cannot be exchanged');
    expect(at('front')).toBe(old);
  });

  test('is undone where a later rename fails', async () => {
    const { succession } = await pair('front', '.aaaa');
    const spare = await socket('spare');
    const other = await pair('control', '.bbbb');
    mkdirSync(join(folder, 'taken'));
    const blocked = { place: join(folder, 'taken'), bound: other.succession.bound };
    const spares = new Map([[succession.place, join(folder, 'spare')]]);
    expect(() => Exchange.make([succession, blocked], spares)).toThrow('cannot be exchanged');
    expect(at('front')).toBe(spare);
  });

  test('is not undone where somebody else has come since', async () => {
    const { succession } = await pair('front', '.aaaa');
    await socket('spare');
    const exchange = Exchange.make([succession], new Map([[succession.place, join(folder, 'spare')]]));
    const other = await socket('other');
    renameSync(join(folder, 'other'), succession.place);
    exchange.undo();
    expect(at('front')).toBe(other);
  });

  test.each([
    ['a file', '.aaaa/s', 'is no socket'],
    ['a name in another folder', '../s', 'no name beside'],
    ['another name', '.aaaa/x', 'no name beside'],
  ])('does not take %s', async (_, bound, reason) => {
    const place = join(folder, 'front');
    const old = await socket('front');
    mkdirSync(join(folder, '.aaaa'));
    writeFileSync(join(folder, '.aaaa/s'), '');
    expect(() => Exchange.make([{ place, bound: join(folder, bound) }], new Map())).toThrow(reason);
    expect(at('front')).toBe(old);
  });
});

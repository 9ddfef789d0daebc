// Our reading of LMDB's files against LMDB itself: what mdb_stat(1) says, and who holds a reader slot.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseLmdbData, parseLmdbLock } from '../../src/cyrus/sasldb/lmdb.js';
import { lacks } from './tools.js';

/** More than a pipe holds, so that whoever prints them stays inside of its transaction. */
const RECORDS = 50_000;

describe.skipIf(lacks('mdb_load', 'mdb_stat', 'mdb_dump'))('a database made by LMDB', () => {
  let folder: string;
  let database: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lmdb-'));
    database = join(folder, 'sasldb2');
    const records = Array.from({ length: RECORDS }, (_, i) => ` user${i}\n password-of-user-${i}\n`);
    const header = 'VERSION=3\nformat=print\ntype=btree\nmapsize=16777216\nmaxreaders=126\nHEADER=END\n';
    writeFileSync(join(folder, 'dump'), `${header}${records.join('')}DATA=END\n`);
    execFileSync('mdb_load', ['-n', '-f', join(folder, 'dump'), database]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('has the size that mdb_stat tells', () => {
    const told = execFileSync('mdb_stat', ['-ne', database]).toString();
    const number = (name: string) => Number(new RegExp(`${name}: (\\d+)`).exec(told)?.[1]);
    expect(parseLmdbData(readFileSync(database))).toEqual({
      mapBytes: number('Map size'),
      usedBytes: number('Number of pages used') * number('Page size'),
    });
    expect(parseLmdbLock(readFileSync(`${database}-lock`))).toEqual({
      max: number('Max readers'),
      holders: [],
    });
  });

  test('has a reader slot for each process that reads it', async () => {
    const readers = [0, 1, 2].map(() =>
      spawn('mdb_dump', ['-n', '-p', database], { stdio: ['ignore', 'pipe', 'ignore'] }),
    );
    await Promise.all(readers.map(({ stdout }) => once(stdout, 'readable')));
    const { holders = [] } = parseLmdbLock(readFileSync(`${database}-lock`)) ?? {};
    expect(new Set(holders)).toEqual(new Set(readers.map(({ pid }) => pid)));
    for (const reader of readers) reader.kill('SIGKILL');
    await Promise.all(readers.map((reader) => once(reader, 'exit')));
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { netstringStream, ours, requestChunk } from '../../../bench/decoder.js';
import { SOURCES } from '../../../bench/paths.js';

describe('the floor', () => {
  test('is no longer than 30 lines: what takes more is no floor', () => {
    expect(readFileSync(join(SOURCES, 'floor.ts'), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(
      30,
    );
  });
});

describe('the decoders that are measured', () => {
  const { chunk, requests } = requestChunk();

  test('get chunks of whole requests, of nearly 64 KiB', () => {
    expect(chunk.length).toBeGreaterThan(60_000);
    expect(chunk.length).toBeLessThanOrEqual(65_536);
  });

  test.each([
    ['ours', ours()],
    ['netstring-stream', netstringStream()],
  ])('%s takes every request out', (_, decode) => expect(decode(chunk)).toEqual(requests));
});

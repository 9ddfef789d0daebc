// Which lines of a file count as addresses, however the file is read in pieces.
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { gather, type Sources } from '../../../src/comparison/gather.js';

const FROM_STDIN: Sources = {
  addresses: ['-'],
  mailLogs: [],
  domainTables: [],
  served: [],
  nearMisses: false,
  max: 100,
};

async function gathered(...pieces: string[]): Promise<string[]> {
  const { keys } = await gather(FROM_STDIN, Readable.from(pieces.map((each) => Buffer.from(each, 'latin1'))));
  return [...keys];
}

test('a line that comes in pieces is one address', async () => {
  expect(await gathered('alice@exam', 'ple.jp\nbob@example.jp\n', 'carol@example.jp')).toEqual([
    'alice@example.jp',
    'bob@example.jp',
    'carol@example.jp',
  ]);
});

test('of a line that is too long nothing is taken, not its last part either', async () => {
  const long = 'x'.repeat(70_000);
  expect(await gathered('alice@example.jp\n', long, long, 'tail@example.jp\nbob@example.jp\n')).toEqual([
    'alice@example.jp',
    'bob@example.jp',
  ]);
});

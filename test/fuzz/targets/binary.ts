// Any bytes at all are an LMDB file and its lock file, or are none; they are a twoskip file as far as it is whole, or a
// ProtocolError: no other error, no key beyond the bytes, and no more read than there is. Checksums are mended for one input
// in two, or chance would never come further than those.
import { crc32 } from 'node:zlib';
import { expect } from 'vitest';
import {
  FIRST_RECORD,
  parseHeader,
  parseKeyAt,
  parseRecords,
} from '../../../src/cyrus/mailbox-list/twoskip.js';
import { parseLmdbData, parseLmdbLock } from '../../../src/cyrus/sasldb/lmdb.js';
import { ProtocolError } from '../../../src/errors.js';
import { FakeList, gone, inbox } from '../../fakes/mailbox-list.js';
import type { Target } from '../engine.js';

function meta(transaction: number, page = 4096): Buffer {
  const bytes = Buffer.alloc(page);
  bytes.writeUInt32LE(0xbeefc0de, 16);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(1_048_576n, 32);
  bytes.writeUInt32LE(page, 40);
  bytes.writeBigUInt64LE(7n, 136);
  bytes.writeBigUInt64LE(BigInt(transaction), 144);
  return bytes;
}

export const lmdb: Target = {
  name: 'LMDB',
  seeds: [
    Buffer.concat([meta(1, 200), meta(2, 200)]),
    meta(1, 256),
    Buffer.from('dec0efbe0100000000000000', 'hex'),
    Buffer.alloc(300),
  ],
  dictionary: [
    Buffer.from('dec0efbe', 'hex'),
    Buffer.from('ffffffff', 'hex'),
    Buffer.from('00100000', 'hex'),
    Buffer.alloc(64),
    Buffer.from('c8000000', 'hex'),
  ],
  run(input) {
    const data = parseLmdbData(input);
    if (data !== undefined) expect([data.mapBytes >= 0, data.usedBytes >= 0]).toEqual([true, true]);
    const lock = parseLmdbLock(input);
    if (lock !== undefined)
      expect(lock.holders.length <= lock.max && lock.max * 64 <= input.length).toBe(true);
  },
};

function list(): Buffer {
  const made = new FakeList();
  made.commit(inbox('alice', 'example.jp'), inbox('bob'));
  made.commit(gone(inbox('bob')), inbox('carol'));
  return made.bytes;
}

export const twoskip: Target = {
  name: 'twoskip',
  seeds: [list(), list().subarray(0, 64), list().subarray(FIRST_RECORD), Buffer.alloc(0)],
  dictionary: [
    '+',
    '-',
    '$',
    '=',
    ' BLANK\x07\xa0',
    Buffer.alloc(8),
    Buffer.alloc(8, 0xff),
    Buffer.from('0000000000000150', 'hex'),
  ],
  run(input) {
    const bytes = Buffer.from(input);
    if (bytes.length >= 64 && (bytes[31] ?? 0) % 2 === 0)
      bytes.writeUInt32BE(crc32(bytes.subarray(0, 60)), 60);
    for (const read of [parseHeader, records, parseKeyAt]) {
      try {
        read(bytes);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }
  },
};

function records(bytes: Buffer): void {
  for (const start of [0, FIRST_RECORD]) {
    if (start > bytes.length) return;
    const used = parseRecords(bytes, start, bytes.length, start, {
      set: (all, key, keyEnd, valueEnd) =>
        expect(start <= key && key <= keyEnd && keyEnd <= valueEnd && valueEnd <= all.length).toBe(true),
      deleted: (next) => expect(Number.isSafeInteger(next)).toBe(true),
    });
    expect(used >= 0 && used <= bytes.length - start).toBe(true);
  }
}

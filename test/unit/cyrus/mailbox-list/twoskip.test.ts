// Against files that Cyrus made, of each version, and against a writer of the same format.
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  FIRST_RECORD,
  HEADER_BYTES,
  parseHeader,
  parseKeyAt,
  parseRecords,
  RECORD_MAX_BYTES,
} from '../../../../src/cyrus/mailbox-list/twoskip.js';
import { FakeList, gone, inbox, inboxKey } from '../../../fakes/mailbox-list.js';
import { fixtureList, VERSIONS } from '../../../fakes/mailbox-list-fixtures.js';

/** The keys that a file holds, as a reader finds them that looks at it from the beginning. */
function keysIn(bytes: Buffer): string[] {
  const { currentSize } = parseHeader(bytes);
  const keys = new Set<string>();
  const size = parseRecords(bytes, HEADER_BYTES, currentSize, HEADER_BYTES, {
    set: (all, key, keyEnd) => keys.add(all.toString('latin1', key, keyEnd)),
    deleted: (next) => {
      const after = next === 0 ? '\xff' : parseKeyAt(bytes.subarray(next))?.toString('latin1');
      const before = [...keys].filter((key) => after !== undefined && key < after).sort();
      keys.delete(before.at(-1) ?? '');
    },
  });
  expect(size).toBe(currentSize - HEADER_BYTES);
  return [...keys].sort();
}

describe.each(VERSIONS)('a list of Cyrus %s', (version) => {
  test.each([1, 2, 3] as const)('holds as many keys as its header says: %i', (which) => {
    const bytes = fixtureList(version, which);
    const { numRecords, dirty, currentSize } = parseHeader(bytes);
    expect(dirty).toBe(false);
    expect(currentSize).toBe(bytes.length);
    expect(keysIn(bytes)).toHaveLength(numRecords);
  });

  test('holds the same keys before and after a repack, which is one generation', () => {
    const [before, after] = [fixtureList(version, 2), fixtureList(version, 3)];
    expect(keysIn(after)).toEqual(keysIn(before));
    expect(parseHeader(after).generation).toBe(parseHeader(before).generation + 1);
    expect(parseHeader(after).repackSize).toBeGreaterThan(FIRST_RECORD);
    expect(parseHeader(before).repackSize).toBe(FIRST_RECORD);
  });
});

test('what was set, set again and deleted is what is there', () => {
  const list = new FakeList();
  const [alice, bob, zoe] = [inbox('alice'), inbox('bob', 'example.jp'), inbox('zoe')];
  list.commit(alice, bob);
  list.commit(zoe, alice);
  list.commit(gone(bob));
  expect(keysIn(list.bytes)).toEqual([alice.key, zoe.key]);
  list.commit(gone(zoe));
  expect(keysIn(list.bytes)).toEqual([alice.key]);
  list.repack();
  expect(keysIn(list.bytes)).toEqual([alice.key]);
});

test('what a killed writer left is not there', () => {
  const list = new FakeList();
  list.commit(inbox('alice'));
  list.crash(inbox('bob'));
  expect(parseHeader(list.bytes).dirty).toBe(true);
  expect(keysIn(list.bytes)).toEqual([inboxKey('alice')]);
});

test('a record may be longer than 64 KB, and may come in pieces', () => {
  const list = new FakeList();
  const value = `%(T e A %(${'x'.repeat(100_000)} lrs))`;
  list.commit({ key: 'Nuser\x1fa', value });
  const seen: string[] = [];
  const sink = {
    set: (all: Buffer, _: number, keyEnd: number, end: number) =>
      seen.push(all.toString('latin1', keyEnd, end)),
    deleted: () => undefined,
  };
  expect(parseRecords(list.bytes, HEADER_BYTES, FIRST_RECORD - 1, HEADER_BYTES, sink)).toBe(0);
  expect(parseRecords(list.bytes, FIRST_RECORD, list.bytes.length - 25, FIRST_RECORD, sink)).toBe(0);
  parseRecords(list.bytes, FIRST_RECORD, list.bytes.length, FIRST_RECORD, sink);
  expect(seen).toEqual([value]);
});

describe('a file is refused', () => {
  const header = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(new FakeList().bytes.subarray(0, HEADER_BYTES));
    change(bytes);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, 60)), 60);
    return bytes;
  };

  test.each<[string, Buffer, string]>([
    ['as skiplist', header((bytes) => bytes.write('skiplist file', 4)), 'no twoskip file'],
    [
      'as twom',
      Buffer.concat([Buffer.from('a1028b0d74776f6d66696c65', 'hex'), Buffer.alloc(52)]),
      'no twoskip file',
    ],
    ['where it is shorter than a header', Buffer.alloc(63), 'no twoskip file'],
    ['where it is empty', Buffer.alloc(0), 'no twoskip file'],
    ['with another version', header((bytes) => bytes.writeUInt32BE(2, 20)), 'twoskip 2: must be 1'],
    ['that is smaller than its beginning', header((bytes) => bytes.writeUInt32BE(328, 52)), '328 bytes'],
    ['with a size that no record ends at', header((bytes) => bytes.writeUInt32BE(337, 52)), '337 bytes'],
    [
      'with a number that no file has',
      header((bytes) => bytes.writeUInt32BE(0xffffffff, 48)),
      'without sense',
    ],
  ])('%s', (_, bytes, reason) => {
    expect(() => parseHeader(bytes)).toThrow(reason);
  });

  test('with a header that is half written', () => {
    const bytes = Buffer.from(new FakeList().bytes.subarray(0, HEADER_BYTES));
    bytes[59] = 1;
    expect(() => parseHeader(bytes)).toThrow('wrong CRC');
  });
});

describe('a record is refused', () => {
  const list = new FakeList();
  const at = list.bytes.length;
  /** Its fixed part, and the pointers of level 3. */
  const HEAD = 8 + 8 * 4;
  list.commit(inbox('alice'));

  test.each<[string, (bytes: Buffer) => void, string]>([
    ['of an unknown type', (bytes) => (bytes[at] = 0x2a), 'a record of type 42'],
    ['with too high a level', (bytes) => (bytes[at + 1] = 32), 'level 32'],
    ['without a key', (bytes) => bytes.writeUInt16BE(0, at + 2), 'a key of 0'],
    [
      'with a value longer than any',
      (bytes) => bytes.writeUInt32BE(RECORD_MAX_BYTES, at + 4),
      'and a value of',
    ],
    ['whose text does not fit its CRC', (bytes) => (bytes[bytes.length - 40] = 1), 'wrong CRC'],
    ['that ends a commit and does not fit its CRC', (bytes) => (bytes[bytes.length - 10] = 9), 'wrong CRC'],
    ['that is a second beginning', (bytes) => (bytes[at] = 0x3d), 'second beginning'],
    ['that is nearly a blank', (bytes) => (bytes[at] = 0x20), 'a record of type 32'],
  ])('%s', (_, spoil, reason) => {
    const bytes = Buffer.from(list.bytes);
    spoil(bytes);
    // The head is whole otherwise.
    bytes.writeUInt32BE(crc32(bytes.subarray(at, at + HEAD)), at + HEAD);
    const sink = { set: () => undefined, deleted: () => undefined };
    expect(() => parseRecords(bytes, at, bytes.length, at, sink)).toThrow(reason);
  });

  test('for a while, where its head is just being rewritten', () => {
    const bytes = Buffer.from(list.bytes);
    bytes[at + 9] = 1;
    const sink = { set: () => undefined, deleted: () => undefined };
    expect(parseRecords(bytes, at, bytes.length, at, sink)).toBe(0);
    expect(parseKeyAt(bytes.subarray(at))).toBeUndefined();
  });

  test('where a deleted key is followed by what is no key', () => {
    expect(() => parseKeyAt(list.bytes.subarray(HEADER_BYTES))).toThrow('no key');
    expect(parseKeyAt(list.bytes.subarray(at))?.toString('latin1')).toBe(inboxKey('alice'));
    expect(parseKeyAt(list.bytes.subarray(at, at + 30))).toBeUndefined();
  });
});

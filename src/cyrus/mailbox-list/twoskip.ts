// The file format `twoskip`, read from start to end and without a lock (Cyrus' lib/cyrusdb_twoskip.c, the same bytes from 3.2 to
// 3.12). Everything below the header's current_size is committed; lengths, keys and values never change there. Only the pointers
// in the heads of records change, and the CRC of the head with them. We do not need the pointers, but while a head is being
// rewritten its CRC is wrong for a moment. No I/O.
import { ProtocolError } from '../../errors.js';
import { crc32 } from './crc32.js';

export const HEADER_BYTES = 64;
/** Where the first record of a list stands: after the header and the dummy record. */
export const FIRST_RECORD = 336;
/** Even an entry with an access list of ten thousand names is smaller. */
export const RECORD_MAX_BYTES = 4 * 1024 * 1024;

export type Header = {
  /** A number that each repack increases by one. */
  readonly generation: number;
  /** How many keys the list has; correct only while `dirty` is false. */
  readonly numRecords: number;
  /** The size right after the last repack: up to there all keys are in order, and there are no deletes. */
  readonly repackSize: number;
  /** Everything below this is committed, even while `dirty`. */
  readonly currentSize: number;
  /** Whether a process of Cyrus is writing, or was killed while it wrote. */
  readonly dirty: boolean;
};

export type RecordSink = {
  /** A key was added or changed: `bytes` from `key` to `keyEnd` is the key, and from there to `valueEnd` its value. */
  set(bytes: Buffer, key: number, keyEnd: number, valueEnd: number): void;
  /**
   * A key was deleted. The record does not name it.
   * @param next where the record of the key that follows it stands in the file; 0 where it was the last key
   */
  deleted(next: number): void;
};

const MAGIC = Buffer.from('a1028b0d74776f736b69702066696c6500000000', 'hex');
const VERSION = 1;
const DIRTY = 1;

const DUMMY = 0x3d;
const SET = 0x2b;
const DELETED = 0x2d;
const COMMIT = 0x24;
const BLANK = Buffer.from(' BLANK\x07\xa0', 'latin1');
const MAX_LEVEL = 31;
/** The bytes of type, level and the two lengths. */
const FIXED_BYTES = 8;
const POINTER_BYTES = 8;
const CRCS_BYTES = 8;

/** @throws ProtocolError where it is no such header, has another version, or is half written: then it may be read again */
export function parseHeader(bytes: Buffer): Header {
  if (bytes.length < HEADER_BYTES || bytes.compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) !== 0) {
    throw new ProtocolError('the mailbox list is no twoskip file');
  }
  const version = bytes.readUInt32BE(20);
  if (version !== VERSION) throw new ProtocolError(`the mailbox list is twoskip ${version}: must be 1`);
  if (bytes.readUInt32BE(60) !== crc32(bytes, 0, 60)) {
    throw new ProtocolError('the header of the mailbox list has a wrong CRC');
  }
  const header = {
    generation: number64(bytes, 24),
    numRecords: number64(bytes, 32),
    repackSize: number64(bytes, 40),
    currentSize: number64(bytes, 48),
    dirty: (bytes.readUInt32BE(56) & DIRTY) !== 0,
  };
  const { repackSize, currentSize } = header;
  if (repackSize < FIRST_RECORD || currentSize < repackSize || currentSize % 8 !== 0) {
    throw new ProtocolError(`the mailbox list has ${currentSize} bytes, ${repackSize} of them repacked`);
  }
  return header;
}

/**
 * Reads the records that are complete.
 * @param at the place in the file of the byte at `start`
 * @returns how many bytes they take. What follows is an incomplete record, or one whose head is being rewritten: it must
 *   be read again
 * @throws ProtocolError where the bytes are not those of a twoskip file
 */
export function parseRecords(
  bytes: Buffer,
  start: number,
  end: number,
  at: number,
  sink: RecordSink,
): number {
  let position = start;
  while (end - position >= FIXED_BYTES) {
    const size = parseRecord(bytes, position, end, at + position - start, sink);
    if (size === 0) break;
    position += size;
  }
  return position - start;
}

/**
 * The key of the record at the beginning of `bytes`, as for the place that `deleted` was given.
 * @returns undefined where the record is not complete, or its head is being rewritten
 */
export function parseKeyAt(bytes: Buffer): Buffer | undefined {
  let found: Buffer | undefined;
  const sink: RecordSink = {
    set: (all, key, keyEnd) => (found = all.subarray(key, keyEnd)),
    deleted: () => undefined,
  };
  if (bytes.length < FIXED_BYTES) return undefined;
  if (bytes[0] !== SET) throw new ProtocolError('a deleted key is followed by what is no key');
  parseRecord(bytes, 0, bytes.length, 0, sink);
  return found;
}

/** @returns the size of the record; 0 where it is not complete, or its head is being rewritten */
function parseRecord(bytes: Buffer, start: number, end: number, at: number, sink: RecordSink): number {
  const type = bytes[start];
  switch (type) {
    case SET:
      return parseSet(bytes, start, end, at, sink);
    case DELETED:
    case COMMIT: {
      const size = FIXED_BYTES + POINTER_BYTES + CRCS_BYTES;
      if (end - start < size) return 0;
      // Such a record is never rewritten, so a wrong CRC is an error.
      if (bytes.readUInt32BE(start + 16) !== crc32(bytes, start, start + 16)) throw wrong('a wrong CRC', at);
      if (bytes.readUInt32BE(start) % 0x1000000 !== 0 || bytes.readUInt32BE(start + 4) !== 0) {
        throw wrong('a delete or commit with a key', at);
      }
      if (type === DELETED) sink.deleted(number64(bytes, start + FIXED_BYTES));
      return size;
    }
    case DUMMY: {
      const size = FIRST_RECORD - HEADER_BYTES;
      if (at !== HEADER_BYTES) throw wrong('a second beginning', at);
      if (bytes[start + 1] !== MAX_LEVEL) throw wrong('a beginning of another size', at);
      return end - start < size ? 0 : size;
    }
    case undefined:
      break;
    case BLANK[0]:
      if (bytes.compare(BLANK, 0, BLANK.length, start, start + BLANK.length) === 0) return BLANK.length;
  }
  throw wrong(`a record of type ${type}`, at);
}

function parseSet(bytes: Buffer, start: number, end: number, at: number, sink: RecordSink): number {
  const level = bytes[start + 1] ?? 0;
  if (level > MAX_LEVEL) throw wrong(`level ${level}`, at);
  let keyBytes = bytes.readUInt16BE(start + 2);
  let valueBytes = bytes.readUInt32BE(start + 4);
  let head = FIXED_BYTES;
  if (keyBytes === 0xffff) {
    if (end - start < head + 8) return 0;
    keyBytes = number64(bytes, start + head);
    head += 8;
  }
  if (valueBytes === 0xffffffff) {
    if (end - start < head + 8) return 0;
    valueBytes = number64(bytes, start + head);
    head += 8;
  }
  head += (level + 1) * POINTER_BYTES;
  if (end - start < head + CRCS_BYTES) return 0;
  // The CRC covers the lengths, so they are used only after it was found right.
  if (bytes.readUInt32BE(start + head) !== crc32(bytes, start, start + head)) return 0;
  if (keyBytes === 0 || keyBytes + valueBytes > RECORD_MAX_BYTES) {
    throw wrong(`a key of ${keyBytes} and a value of ${valueBytes} bytes`, at);
  }
  const key = start + head + CRCS_BYTES;
  const valueEnd = key + keyBytes + valueBytes;
  const recordEnd = key + Math.ceil((keyBytes + valueBytes) / 8) * 8;
  if (recordEnd > end) return 0;
  if (bytes.readUInt32BE(start + head + 4) !== crc32(bytes, key, recordEnd)) throw wrong('a wrong CRC', at);
  sink.set(bytes, key, key + keyBytes, valueEnd);
  return recordEnd - start;
}

/** @throws ProtocolError where the number is too large for JavaScript, and so for any file */
function number64(bytes: Buffer, at: number): number {
  const number = bytes.readUInt32BE(at) * 0x100000000 + bytes.readUInt32BE(at + 4);
  if (!Number.isSafeInteger(number)) throw new ProtocolError('the mailbox list holds a number without sense');
  return number;
}

function wrong(what: string, at: number): ProtocolError {
  return new ProtocolError(`the mailbox list has ${what} at ${at}`);
}

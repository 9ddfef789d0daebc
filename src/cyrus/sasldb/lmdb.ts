// Reads the files of an LMDB environment, such as sasldb, without opening the database: that would take one of the reader slots
// which we want to count, and fails where none is free. The structures are MDB_meta and MDB_txninfo of mdb.c in LMDB 0.9, on
// 64-bit machines. No I/O.

/** The number with which both files begin: mm_magic and mti_magic. */
const MAGIC = 0xbeefc0de;

/** Offsets. After MDB_page's header comes MDB_meta: magic, version, address, mapsize, two MDB_db of 48 bytes, last page, txnid. */
const META = { magic: 16, mapSize: 32, pageSize: 40, lastPage: 136, transaction: 144, end: 152 } as const;

/** After two cache lines with mutexes there is one cache line for each reader: transaction, pid, thread. */
const READERS_OFFSET = 128;
const READER_BYTES = 64;
const PID_OFFSET = 8;

export type LmdbData = {
  /** The most that the file may grow to. */
  readonly mapBytes: number;
  /** How many bytes are in use, pages that were freed since included. */
  readonly usedBytes: number;
};

export type LmdbReaders = {
  readonly max: number;
  /** The process of each slot that is taken; one process may hold many. */
  readonly holders: readonly number[];
};

/** @param head the first two pages; @returns undefined where it is no LMDB file */
export function parseLmdbData(head: Buffer): LmdbData | undefined {
  const first = parseMeta(head, 0);
  if (first === undefined) return undefined;
  const second = parseMeta(head, first.pageSize);
  const newest = second !== undefined && second.transaction > first.transaction ? second : first;
  return { mapBytes: newest.mapBytes, usedBytes: (newest.lastPage + 1) * first.pageSize };
}

/** @param lock the whole lock file; @returns undefined where it is no lock file */
export function parseLmdbLock(lock: Buffer): LmdbReaders | undefined {
  if (lock.length < READERS_OFFSET + READER_BYTES || readUint32(lock, 0) !== MAGIC) return undefined;
  const max = Math.floor((lock.length - READERS_OFFSET) / READER_BYTES);
  const holders: number[] = [];
  for (let slot = 0; slot < max; slot++) {
    const pid = readInt32(lock, READERS_OFFSET + slot * READER_BYTES + PID_OFFSET);
    if (pid !== 0) holders.push(pid);
  }
  return { max, holders };
}

type Meta = {
  readonly mapBytes: number;
  readonly pageSize: number;
  readonly lastPage: number;
  readonly transaction: number;
};

function parseMeta(head: Buffer, offset: number): Meta | undefined {
  if (head.length < offset + META.end || readUint32(head, offset + META.magic) !== MAGIC) return undefined;
  return {
    mapBytes: readSize(head, offset + META.mapSize),
    pageSize: readUint32(head, offset + META.pageSize),
    lastPage: readSize(head, offset + META.lastPage),
    transaction: readSize(head, offset + META.transaction),
  };
}

// The common machines of FreeBSD and Linux are little-endian. On others the magic number differs, and nothing is read.
function readUint32(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset);
}

function readInt32(bytes: Buffer, offset: number): number {
  return bytes.readInt32LE(offset);
}

function readSize(bytes: Buffer, offset: number): number {
  return Number(bytes.readBigUInt64LE(offset));
}

// Writes a mailbox list as a repack of Cyrus 3.6 and later leaves it: a twoskip file (lib/cyrusdb_twoskip.c) with two keys for each
// mailbox, first all ids, then all names. The pointers of its records lead nowhere, so no Cyrus can read it, but the daemon can.
// Writes one file.
import { open, rename } from 'node:fs/promises';
import { crc32 } from '../src/cyrus/mailbox-list/crc32.js';
import { FIRST_RECORD, HEADER_BYTES } from '../src/cyrus/mailbox-list/twoskip.js';

const MAGIC = Buffer.from('a1028b0d74776f736b69702066696c6500000000', 'hex');
const VERSION = 1;
const GENERATION = 1n;
const DUMMY = 0x3d;
const DUMMY_LEVEL = 31;
const SET = 0x2b;
const COMMIT = 0x24;
const RECORDS_A_WRITE = 1000;

/**
 * Writes it under another name first, and renames it into place, as a repack does.
 * @param mailboxes addresses with a domain, in the order of their bytes
 */
export async function writeList(path: string, mailboxes: readonly string[]): Promise<void> {
  const file = await open(`${path}.NEW`, 'w');
  try {
    let size = 0;
    const append = async (bytes: Buffer): Promise<void> => {
      await file.write(bytes, 0, bytes.length, size);
      size += bytes.length;
    };
    await append(beginning());
    let waiting: Buffer[] = [];
    for (const each of records(mailboxes)) {
      if (waiting.push(each) < RECORDS_A_WRITE) continue;
      await append(Buffer.concat(waiting));
      waiting = [];
    }
    await append(Buffer.concat(waiting));
    const repacked = size;
    await append(ending());
    await file.write(header(mailboxes.length * 2, repacked, size), 0, HEADER_BYTES, 0);
  } finally {
    await file.close();
  }
  await rename(`${path}.NEW`, path);
}

/** Room for the header, and the dummy record. */
function beginning(): Buffer {
  const bytes = Buffer.alloc(FIRST_RECORD);
  bytes[HEADER_BYTES] = DUMMY;
  bytes[HEADER_BYTES + 1] = DUMMY_LEVEL;
  return bytes;
}

function* records(mailboxes: readonly string[]): Generator<Buffer> {
  for (const [i, mailbox] of mailboxes.entries()) {
    const [local = '', domain = ''] = mailbox.split('@');
    const value = `%(T e N ${domain}\x1duser\x1f${local} P default V 1700000000 C 1700000000 F 1 M 1700000000)`;
    yield record(i, `I${idOf(i)}`, value);
  }
  for (const [i, mailbox] of mailboxes.entries()) {
    const [local = '', domain = ''] = mailbox.split('@');
    const rights = `A %(${mailbox} lrswipkxtecdan anyone p)`;
    const value = `%(T e I ${idOf(i)} P default V 1700000000 C 1700000000 F 1 M 1700000000 ${rights})`;
    yield record(i, `N${domain}\x1duser\x1f${local}`, value);
  }
}

function idOf(number: number): string {
  return `bench${String(number).padStart(19, '0')}`;
}

/** @param number of the record: each second one has one more pointer, each fourth one two more, and so on */
function record(number: number, key: string, value: string): Buffer {
  const level = 1 + Math.min(DUMMY_LEVEL - 1, 31 - Math.clz32((number + 1) & -(number + 1)));
  const head = 8 + 8 * (level + 1);
  const text = head + 8;
  const bytes = Buffer.alloc(text + Math.ceil((key.length + value.length) / 8) * 8);
  bytes[0] = SET;
  bytes[1] = level;
  bytes.writeUInt16BE(key.length, 2);
  bytes.writeUInt32BE(value.length, 4);
  bytes.write(key + value, text, 'latin1');
  bytes.writeUInt32BE(crc32(bytes, 0, head), head);
  bytes.writeUInt32BE(crc32(bytes, text, bytes.length), head + 4);
  return bytes;
}

function ending(): Buffer {
  const bytes = Buffer.alloc(24);
  bytes[0] = COMMIT;
  bytes.writeUInt32BE(crc32(bytes, 0, 16), 16);
  return bytes;
}

function header(keys: number, repacked: number, size: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32BE(VERSION, 20);
  bytes.writeBigUInt64BE(GENERATION, 24);
  bytes.writeBigUInt64BE(BigInt(keys), 32);
  bytes.writeBigUInt64BE(BigInt(repacked), 40);
  bytes.writeBigUInt64BE(BigInt(size), 48);
  bytes.writeUInt32BE(crc32(bytes, 0, 60), 60);
  return bytes;
}

// Follows mailboxes.db from one commit to the last one, even over repacks. Inode, generation and current_size together belong to
// one state of the list only (see twoskip.ts). Who has read the old file to its end can go on in the new file, where its repack
// ended. It never guesses: if anything is not as it must be, the place is `lost`. No I/O of its own.
import { messageOf, ProtocolError } from '../../errors.js';
import type { FileId, ListFiles, OpenList } from './list-reader.js';
import {
  FIRST_RECORD,
  HEADER_BYTES,
  parseHeader,
  parseKeyAt,
  parseRecords,
  RECORD_MAX_BYTES,
  type Header,
  type RecordSink,
} from './twoskip.js';

/** So many bytes may be read at once on the event loop, about 20,000 changes in 20 ms. If there are more, the place is lost. */
export const FOLLOW_MAX_BYTES = 4 * 1024 * 1024;
/** How often we read again: while Cyrus writes a header, or the head of a record, its CRC is wrong for less than a microsecond. */
const TRIES = 8;
const CHUNK_BYTES = 64 * 1024;

export type Followed =
  | { readonly kind: 'followed'; readonly header: Header }
  /** It is not known what has changed. */
  | { readonly kind: 'lost'; readonly reason: string };

export class ListTail {
  readonly #files: ListFiles;
  #file: OpenList | undefined;
  #generation = 0;
  #size = 0;
  #buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  /** The file in which the sink finds the key that follows a deleted one. */
  #reading: OpenList | undefined;

  constructor(files: ListFiles) {
    this.#files = files;
  }

  /**
   * Starts at the last commit.
   * @returns the file, to read what was committed before; it stays readable even if Cyrus replaces it meanwhile
   * @throws where the file cannot be opened, or is no mailbox list
   */
  begin(): { readonly file: OpenList; readonly header: Header } {
    this.close();
    const file = this.#files.open();
    try {
      const header = this.#headerOf(file);
      this.#take(file, header, header.currentSize);
      return { file, header };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Gives the sink all that was committed since the last call. When the place is lost, begin() must be called again. */
  follow(sink: RecordSink): Followed {
    if (this.#file === undefined) return { kind: 'lost', reason: 'the mailbox list is not open' };
    try {
      return { kind: 'followed', header: this.#follow(this.#file, sink) };
    } catch (error) {
      this.close();
      return { kind: 'lost', reason: messageOf(error) };
    }
  }

  /**
   * The key at the place that `deleted` was given. Call it from within `deleted`, or while the file of `begin` is loaded.
   * @throws ProtocolError where there is none
   */
  keyAt(position: number): Buffer {
    const file = this.#reading ?? this.#file;
    if (file === undefined || position < FIRST_RECORD)
      throw new ProtocolError('a deleted key has no successor');
    for (let length = 1_024; length <= 2 * RECORD_MAX_BYTES; length *= 8) {
      const bytes = Buffer.allocUnsafe(length);
      const key = parseKeyAt(bytes.subarray(0, file.read(bytes, length, position)));
      if (key !== undefined) return key;
    }
    throw new ProtocolError(`the mailbox list has no whole record at ${position}`);
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#reading = undefined;
  }

  #follow(file: OpenList, sink: RecordSink): Header {
    // The name comes first, then the header: if it still leads to this file, nothing was committed to a new one before.
    const named = this.#files.identify();
    const header = this.#headerOf(file);
    if (header.generation !== this.#generation || header.currentSize < this.#size) {
      throw new ProtocolError('the mailbox list is another one in the same file');
    }
    this.#range(file, this.#size, header.currentSize, sink);
    this.#size = header.currentSize;
    return sameFile(named, file) ? header : this.#cross(header, sink);
  }

  /** Goes from the end of a file that was replaced into the file that replaced it. */
  #cross(old: Header, sink: RecordSink): Header {
    const file = this.#files.open();
    try {
      const header = this.#headerOf(file);
      const { generation, repackSize, currentSize } = header;
      // A file without any repacked keys is what Cyrus' last attempt at repair leaves; its contents may be anything.
      if (old.dirty || generation !== old.generation + 1 || repackSize === FIRST_RECORD) {
        throw new ProtocolError('the mailbox list was replaced, and not by a repack');
      }
      const count = { steps: 0 };
      this.#range(file, repackSize, currentSize, counting(sink, count));
      // A list that somebody put there by hand may have the right generation too, but hardly the right number of keys.
      if (!header.dirty && Math.abs(header.numRecords - old.numRecords) > count.steps) {
        throw new ProtocolError('the mailbox list was replaced, and its number of keys does not fit');
      }
      this.#file?.close();
      this.#take(file, header, currentSize);
      return header;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  #take(file: OpenList, header: Header, size: number): void {
    this.#file = file;
    this.#generation = header.generation;
    this.#size = size;
  }

  #headerOf(file: OpenList): Header {
    const bytes = Buffer.alloc(HEADER_BYTES);
    for (let attempt = 1; ; attempt++) {
      const length = file.read(bytes, HEADER_BYTES, 0);
      try {
        return parseHeader(bytes.subarray(0, length));
      } catch (error) {
        if (attempt === TRIES) throw error;
      }
    }
  }

  #range(file: OpenList, from: number, to: number, sink: RecordSink): void {
    if (to - from > FOLLOW_MAX_BYTES) throw new ProtocolError(`the mailbox list grew by ${to - from} bytes`);
    if (to - from > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(to - from);
    this.#reading = file;
    let position = from;
    for (let attempt = 1; position < to; attempt++) {
      if (attempt > TRIES) throw new ProtocolError(`the mailbox list has no whole record at ${position}`);
      const length = file.read(this.#buffer, to - position, position);
      position += parseRecords(this.#buffer, 0, length, position, sink);
    }
    this.#reading = undefined;
  }
}

function counting(sink: RecordSink, count: { steps: number }): RecordSink {
  return {
    set: (bytes, key, keyEnd, valueEnd) => {
      count.steps += 1;
      sink.set(bytes, key, keyEnd, valueEnd);
    },
    deleted: (next) => {
      count.steps += 1;
      sink.deleted(next);
    },
  };
}

function sameFile(a: FileId, b: FileId): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

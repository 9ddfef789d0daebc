// Follows mailboxes.db from a commit to the last one, over repacks too: a stamp is inode, generation and current_size, and
// no state but one has it (see twoskip.ts). Whoever read the old file to its end may go on in the new one where its repack
// ended. Never guesses: whatever is not as it must be is `lost`. Does no I/O of its own.
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

/** What is read in one go, on the event loop; a longer tail is as good as lost. 20,000 changes, 20 ms. */
export const FOLLOW_MAX_BYTES = 4 * 1024 * 1024;
/** A header, or a head, that a writer is just writing has a wrong CRC, for less than a microsecond. */
const TRIES = 8;
const CHUNK_BYTES = 64 * 1024;

export type Followed =
  | { readonly kind: 'followed'; readonly header: Header }
  /** What changed since is not known. */
  | { readonly kind: 'lost'; readonly reason: string };

export class ListTail {
  readonly #files: ListFiles;
  #file: OpenList | undefined;
  #generation = 0;
  #size = 0;
  #buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  /** In which `deleted` of the sink finds the key that follows. */
  #reading: OpenList | undefined;

  constructor(files: ListFiles) {
    this.#files = files;
  }

  /**
   * Starts at the last commit.
   * @returns the file, to read what is below; it stays whole even if Cyrus replaces it meanwhile
   * @throws where it cannot be opened, or is no mailbox list
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

  /** Hands over all that was committed since the last call. Once lost, it has to begin anew. */
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
   * The key at the place that `deleted` was told of, while it is told, and while a list is loaded from `begin`'s file.
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
    // Looked at before the header is read: had a commit to a new file come before, its name would lead there already.
    const named = this.#files.identify();
    const header = this.#headerOf(file);
    if (header.generation !== this.#generation || header.currentSize < this.#size) {
      throw new ProtocolError('the mailbox list is another one in the same file');
    }
    this.#range(file, this.#size, header.currentSize, sink);
    this.#size = header.currentSize;
    return sameFile(named, file) ? header : this.#cross(header, sink);
  }

  /** From the end of a file that was replaced into the one that replaced it. */
  #cross(old: Header, sink: RecordSink): Header {
    const file = this.#files.open();
    try {
      const header = this.#headerOf(file);
      const { generation, repackSize, currentSize } = header;
      // A file without any repacked key is what the crash repair of last resort leaves; it may hold anything.
      if (old.dirty || generation !== old.generation + 1 || repackSize === FIRST_RECORD) {
        throw new ProtocolError('the mailbox list was replaced, and not by a repack');
      }
      const count = { steps: 0 };
      this.#range(file, repackSize, currentSize, counting(sink, count));
      // A list that was put there by hand may have the next generation too, but hardly as many keys.
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

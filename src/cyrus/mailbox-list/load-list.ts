// Reads a part of a mailbox list in slices, between which others have their turn. No I/O of its own.
import { ProtocolError } from '../../errors.js';
import type { OpenList } from './list-reader.js';
import { parseRecords, RECORD_MAX_BYTES, type RecordSink } from './twoskip.js';

const CHUNK_BYTES = 1024 * 1024;
/** So many bytes are parsed without a pause: some 400 records, in a third of a millisecond. */
const SLICE_BYTES = 64 * 1024;
/** How often a record is read again that is not complete, or whose head Cyrus is just rewriting. */
const TRIES = 8;

/**
 * @param from where the first record begins
 * @param to where the last record ends
 * @param pause resolves when others have had their turn; rejects to end the reading
 * @throws ProtocolError where the bytes are not those of a mailbox list
 */
export async function loadList(
  file: OpenList,
  from: number,
  to: number,
  sink: RecordSink,
  pause: () => Promise<void>,
): Promise<void> {
  let buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(8, to - from)));
  let tries = 0;
  for (let position = from; position < to;) {
    const length = await file.readSoon(buffer, Math.min(buffer.length, to - position), position);
    const used = await parseSlices(buffer, length, position, sink, pause);
    position += used;
    tries = used > 0 ? 0 : tries + 1;
    if (tries > TRIES) throw new ProtocolError(`the mailbox list has no whole record at ${position}`);
    // A record may be longer than the buffer, so that is doubled; records longer than a chunk are very rare.
    if (used === 0 && buffer.length < 2 * RECORD_MAX_BYTES) buffer = Buffer.allocUnsafe(buffer.length * 2);
  }
}

/** @returns how many bytes the complete records take */
async function parseSlices(
  buffer: Buffer,
  length: number,
  position: number,
  sink: RecordSink,
  pause: () => Promise<void>,
): Promise<number> {
  let done = 0;
  for (let end = 0; end < length;) {
    end = Math.min(length, end + SLICE_BYTES);
    done += parseRecords(buffer, done, end, position + done, sink);
    await pause();
  }
  return done;
}

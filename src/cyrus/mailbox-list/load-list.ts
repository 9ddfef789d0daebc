// Reads a part of a mailbox list in slices, between which others have their turn. No I/O of its own.
import { ProtocolError } from '../../errors.js';
import type { OpenList } from './list-reader.js';
import { parseRecords, RECORD_MAX_BYTES, type RecordSink } from './twoskip.js';

const CHUNK_BYTES = 1024 * 1024;
/** While nobody else has anything to do, so many bytes are parsed without a pause: some 400 records, in a third of a millisecond. */
const SLICE_BYTES = 64 * 1024;
/** While others have: so few that a lookup which comes meanwhile waits for some twentieth of a millisecond. */
const BUSY_SLICE_BYTES = 8 * 1024;
/** So many milliseconds of pause show that others had something to do, since a turn without anything takes a hundredth. */
const BUSY_MS = 0.03;
/** For so many milliseconds after that, others probably have more to do. */
const BUSY_FOR_MS = 50;
/** How often a record is read again that is not complete, or whose head Cyrus is just rewriting. */
const TRIES = 8;

export type Pauses = {
  /** Resolves when others have had their turn; rejects to end the reading. */
  readonly pause: () => Promise<void>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
};

/**
 * @param from where the first record begins
 * @param to where the last record ends
 * @throws ProtocolError where the bytes are not those of a mailbox list
 */
export async function loadList(
  file: OpenList,
  from: number,
  to: number,
  sink: RecordSink,
  pauses: Pauses,
): Promise<void> {
  const pace = new Pace(pauses);
  let buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(8, to - from)));
  let tries = 0;
  for (let position = from; position < to;) {
    const length = await file.readSoon(buffer, Math.min(buffer.length, to - position), position);
    const used = await parseSlices(buffer, length, position, sink, pace);
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
  pace: Pace,
): Promise<number> {
  let done = 0;
  for (let end = 0; end < length;) {
    end = Math.min(length, end + pace.sliceBytes);
    done += parseRecords(buffer, done, end, position + done, sink);
    await pace.pause();
  }
  return done;
}

/** How long the slices are, judged by how long others took in the pauses. */
class Pace {
  readonly #pauses: Pauses;
  #busyUntil = -Infinity;
  sliceBytes = SLICE_BYTES;

  constructor(pauses: Pauses) {
    this.#pauses = pauses;
  }

  async pause(): Promise<void> {
    const { pause, now } = this.#pauses;
    const since = now();
    await pause();
    const until = now();
    if (until - since >= BUSY_MS) this.#busyUntil = until + BUSY_FOR_MS;
    this.sliceBytes = until < this.#busyUntil ? BUSY_SLICE_BYTES : SLICE_BYTES;
  }
}

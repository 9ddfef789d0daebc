// Finds the layout of a list by its first keys, since keys mean different things in different layouts. No I/O of its own.
import type { OpenList } from './list-reader.js';
import { layoutOf, type Layout } from './names.js';
import { FIRST_RECORD, parseRecords, type RecordSink } from './twoskip.js';

/** How many bytes to read. Nearly always the first key shows the layout, but keys of `reverseacls` may stand before it. */
const LOOK_BYTES = [4 * 1024, 256 * 1024, 4 * 1024 * 1024];

/** @returns undefined where the first 4 MB hold no user's mailbox, as in a list that is still empty */
export function layoutAtStart(file: OpenList): Layout | undefined {
  let layout: Layout | undefined;
  const sink: RecordSink = {
    set: (bytes, key, keyEnd, valueEnd) => {
      layout ??= layoutOf(bytes.toString('latin1', key, keyEnd), bytes.toString('latin1', keyEnd, valueEnd));
    },
    deleted: () => undefined,
  };
  for (const size of LOOK_BYTES) {
    const bytes = Buffer.allocUnsafe(size);
    const length = file.read(bytes, size, FIRST_RECORD);
    parseRecords(bytes, 0, length, FIRST_RECORD, sink);
    if (layout !== undefined || length < size) break;
  }
  return layout;
}

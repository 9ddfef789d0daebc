// How much of a stream one turn of the event loop takes, so that whoever else waits has his turn. No I/O; asks the runtime for its time.

/** Replies of a stream that are taken in one turn of the event loop. */
const STREAM_STEP = 100;
/** And how long it may take: at the beginning, when the code is cold, each takes tens of times as long. */
const STREAM_STEP_MS = 0.05;
/** Replies between two looks at the clock. */
const CLOCK_STEP = 10;

/**
 * Others have waited long enough for their turn.
 * @param taken replies in this turn; @param since when it began, by performance.now()
 */
export function isEnough(taken: number, since: number): boolean {
  if (taken % CLOCK_STEP !== 0) return false;
  return taken === STREAM_STEP || performance.now() - since >= STREAM_STEP_MS;
}

// How much of a stream is taken in one turn of the event loop, so that others have their turn. No I/O; reads the clock.

/** How many replies of a stream are taken in one turn of the event loop. */
const STREAM_STEP = 100;
/** How long it may take, in milliseconds: at first, before the code is optimized, each reply takes tens of times as long. */
const STREAM_STEP_MS = 0.05;
/** How many replies are taken between two looks at the clock. */
const CLOCK_STEP = 10;

/**
 * Whether others should have their turn now.
 * @param taken how many replies were taken in this turn; @param since when it began, by performance.now()
 */
export function isEnough(taken: number, since: number): boolean {
  if (taken % CLOCK_STEP !== 0) return false;
  return taken === STREAM_STEP || performance.now() - since >= STREAM_STEP_MS;
}

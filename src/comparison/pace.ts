// Allows so many steps in a second, evenly. Steps that came late are not made up for, so that a server never gets a burst. Waits by
// a timer.
import { setTimeout as sleep } from 'node:timers/promises';

/** @param rate steps in a second; @param now monotonic milliseconds; @param wait resolves after so many milliseconds */
export function paced(
  rate: number,
  now: () => number,
  wait: (ms: number) => Promise<unknown> = sleep,
): () => Promise<void> {
  const intervalMs = 1000 / rate;
  let next = -Infinity;
  return async () => {
    const due = Math.max(next, now());
    next = due + intervalMs;
    const ms = due - now();
    if (ms > 0) await wait(ms);
  };
}

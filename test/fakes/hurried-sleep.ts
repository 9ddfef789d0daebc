// Sleeps that take a fiftieth of what was asked for, and a clock that goes on by all of it. A test file puts them in the place
// of the real ones: vi.mock('node:timers/promises', () => import('../../fakes/hurried-sleep.js')). I/O: none but timers.
const real = process.getBuiltinModule('node:timers/promises');

const TIMES = 50;

let milliseconds = 0;

/** How far it has gone on by the sleeps, where several at the same time count once. */
export function slept(): number {
  return milliseconds;
}

/** A real timer, so that it keeps the process alive or not, as was asked for. */
export async function setTimeout(ms = 1, value?: unknown, options?: object): Promise<unknown> {
  const due = milliseconds + ms;
  const over = await real.setTimeout(ms / TIMES, value, options);
  milliseconds = Math.max(milliseconds, due);
  return over;
}

export const { setImmediate, setInterval } = real;

/** From now on this process' own clock goes on with the sleeps. */
export function hurryClock(): void {
  const now = performance.now.bind(performance);
  performance.now = () => now() + milliseconds;
}

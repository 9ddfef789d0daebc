// Notices that this process itself stood still (stopped, swapped out, blocked, or its virtual machine paused). Sendmail may
// have given up on the questions it then finds, and would take an answer for that to its next one (sendmail/map.c). No I/O,
// no timer: whoever holds it calls tick() once a second, and check() before anything is answered.

export type StallClocks = {
  /** Monotonic milliseconds. In a paused virtual machine it may stand still with everything else. */
  readonly now: () => number;
  /** Milliseconds of the time of day, which is set right when such a machine runs again. Set forward otherwise, it costs open
   * connections their end: that is a 451 each. */
  readonly wallClock: () => number;
};

export class StallWatch {
  readonly #wallClock: () => number;
  /** Milliseconds: standing still for longer than this is a stall. */
  limitMs: number;
  readonly #onStall: (stalledMs: number) => void;
  #lastTick: number;
  #lastWallTick: number;
  #tickBefore: number;
  #runningSince: number;

  /**
   * @param limitMs standing still for longer than this is a stall
   * @param onStall closes every connection opened before it; called once for each stall
   */
  constructor({ now, wallClock }: StallClocks, limitMs: number, onStall: (stalledMs: number) => void) {
    const start = now();
    this.#wallClock = wallClock;
    this.#lastTick = start;
    this.#lastWallTick = wallClock();
    this.#tickBefore = start;
    this.#runningSince = start;
    this.limitMs = limitMs;
    this.#onStall = onStall;
  }

  /**
   * The earliest time at which bytes read now can have arrived in the kernel. Not the last tick: the loop runs its
   * timers before it reads, so what came while it stood still is read right after a tick that is fresh.
   */
  get arrivedSince(): number {
    return this.#tickBefore;
  }

  /** Connections that were opened before this time have been closed, or must be. */
  get runningSince(): number {
    return this.#runningSince;
  }

  /**
   * After SIGCONT the event loop may read sockets before it runs timers: so every reader asks this first.
   * @returns whether the loop stood still; the caller's connection is closed then
   */
  check(now: number): boolean {
    const stalledMs = Math.max(now - this.#lastTick, this.#wallClock() - this.#lastWallTick);
    if (stalledMs <= this.limitMs) return false;
    this.#lastTick = now;
    this.#lastWallTick = this.#wallClock();
    this.#tickBefore = now;
    this.#runningSince = now;
    this.#onStall(stalledMs);
    return true;
  }

  tick(now: number): void {
    this.check(now);
    this.#tickBefore = this.#lastTick;
    this.#lastTick = now;
    this.#lastWallTick = this.#wallClock();
  }
}

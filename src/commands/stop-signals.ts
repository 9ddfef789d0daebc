// SIGTERM and SIGINT, from the start of the process on: the first one stops it, a second one ends it at once. After a takeover the
// first one does not count: FreeBSD's daemon(8) hands it on when it is told to start no other process. Handles signals.
import { constants } from 'node:os';

/** One Ctrl-C under `npm start` comes twice: from the terminal, and handed on by npm. */
const SAME_SIGNAL_MS = 500;

export class StopSignals {
  readonly #deferred: (signal: NodeJS.Signals) => void;
  #resolve = (_: NodeJS.Signals): void => undefined;
  #askedAt: number | undefined;
  #deferredOne = false;
  /** Whether another process has taken over: then this one serves its connections to their end, and ends by itself. */
  handing = false;
  /** Resolves at the first signal that counts, even if it comes while the daemon is starting. */
  readonly stop = new Promise<NodeJS.Signals>((resolve) => (this.#resolve = resolve));

  /** @param deferred called with the one that does not count */
  constructor(deferred: (signal: NodeJS.Signals) => void) {
    this.#deferred = deferred;
    process.on('SIGTERM', (signal) => this.#take(signal));
    process.on('SIGINT', (signal) => this.#take(signal));
    // Without a handler, SIGUSR1 would open Node's debugger to every process of this machine.
    process.on('SIGUSR1', () => undefined);
  }

  #take(signal: NodeJS.Signals): void {
    if (this.handing && !this.#deferredOne && this.#askedAt === undefined) {
      this.#deferredOne = true;
      this.#deferred(signal);
      return;
    }
    this.#askedAt ??= performance.now();
    if (performance.now() - this.#askedAt > SAME_SIGNAL_MS) process.exit(128 + constants.signals[signal]);
    this.#resolve(signal);
  }
}

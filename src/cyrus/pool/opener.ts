// Opens sessions, one at a time: while we do not know whether Cyrus is there, one attempt is enough. During the pause after a
// failure it also "knocks": it tries now and then whether somebody listens where nobody did, which costs Cyrus nothing.
//   idle → (open, knock) → opening, knocking → (a session, an error) → idle
import { asError } from '../../errors.js';
import type { Session } from './session.js';

/** How long it waits at least between two knocks, in milliseconds. */
const KNOCK_MS = 500;

export interface OpenerEvents {
  opened(session: Session, state: 'opening' | 'knocking'): void;
  refused(error: Error, state: 'opening' | 'knocking'): void;
}

export class Opener {
  readonly #open: () => Promise<Session>;
  readonly #events: OpenerEvents;
  readonly #now: () => number;
  #state: 'idle' | 'opening' | 'knocking' = 'idle';
  #knockedAt = -Infinity;

  /** @param now monotonic milliseconds */
  constructor(open: () => Promise<Session>, events: OpenerEvents, now: () => number) {
    this.#open = open;
    this.#events = events;
    this.#now = now;
  }

  get state(): 'idle' | 'opening' | 'knocking' {
    return this.#state;
  }

  open(): void {
    if (this.#state === 'idle') this.#begin('opening');
  }

  knock(): void {
    const now = this.#now();
    if (this.#state !== 'idle' || now < this.#knockedAt + KNOCK_MS) return;
    this.#knockedAt = now;
    this.#begin('knocking');
  }

  #begin(state: 'opening' | 'knocking'): void {
    this.#state = state;
    this.#open().then(
      (session) => {
        this.#state = 'idle';
        this.#events.opened(session, state);
      },
      (error: unknown) => {
        this.#state = 'idle';
        this.#events.refused(asError(error), state);
      },
    );
  }
}

// Sessions with Cyrus that have nothing to do. The one used last is taken first, so that sessions which are not needed stay
// unused: after a while these are closed. No I/O of its own.
import type { Session } from './session.js';

export class IdleSessions {
  readonly #timeoutMs: number;
  readonly #now: () => number;
  readonly #entries: { readonly session: Session; readonly since: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param timeoutMs a session that was not used for so many milliseconds is closed
   * @param now monotonic milliseconds
   */
  constructor(timeoutMs: number, now: () => number) {
    this.#timeoutMs = timeoutMs;
    this.#now = now;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Whether one of them can be asked. */
  get anyUsable(): boolean {
    return this.#entries.some(({ session }) => !session.botched);
  }

  /** @param botched called for each session that Cyrus ended meanwhile */
  take(botched: () => void): Session | undefined {
    for (let entry = this.#entries.pop(); entry !== undefined; entry = this.#entries.pop()) {
      if (!entry.session.botched) return entry.session;
      botched();
    }
    return undefined;
  }

  put(session: Session): void {
    this.#entries.push({ session, since: this.#now() });
    this.#armTimer();
  }

  closeAll(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { session } of this.#entries.splice(0)) session.close();
  }

  /** Sets the one timer for all sessions: for the first one, which has been unused the longest. */
  #armTimer(): void {
    const [oldest] = this.#entries;
    if (this.#timer !== undefined || oldest === undefined) return;
    const leftMs = oldest.since + this.#timeoutMs - this.#now();
    this.#timer = setTimeout(() => this.#closeOld(), Math.max(1, Math.ceil(leftMs)));
    this.#timer.unref();
  }

  #closeOld(): void {
    this.#timer = undefined;
    const limit = this.#now() - this.#timeoutMs;
    for (
      let [oldest] = this.#entries;
      oldest !== undefined && oldest.since <= limit;
      [oldest] = this.#entries
    ) {
      this.#entries.shift();
      oldest.session.close();
    }
    this.#armTimer();
  }
}

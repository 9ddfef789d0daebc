// How a publisher hears that a follower has acknowledged something, without asking for it: Valkey says on a connection of its own that
// the list of followers was changed. It may be that nothing is heard: whoever goes by it asks as well, now and then. Its I/O is
// that connection's.
import type { ValkeyAccess, ValkeyConnection } from './connection.js';

export class Watch {
  readonly #connection: ValkeyConnection;
  readonly #silentMs: number;
  readonly #now: () => number;
  #heardAt: number | undefined;

  /**
   * @param prefix of the keys
   * @param changed called soon after each change
   * @param silentMs the publisher itself changes the list much more often: whoever hears nothing for so long is deaf
   * @param now monotonic milliseconds
   */
  constructor(
    connection: ValkeyConnection,
    prefix: string,
    changed: () => void,
    silentMs: number,
    now: () => number,
  ) {
    this.#connection = connection;
    this.#silentMs = silentMs;
    this.#now = now;
    connection.track(prefix, () => {
      this.#heardAt = now();
      changed();
    });
  }

  /** Whether it would say so. Where it has fallen silent it is begun anew. */
  get hears(): boolean {
    if (this.#heardAt === undefined) return false;
    if (this.#now() - this.#heardAt <= this.#silentMs) return true;
    this.reconnect();
    return false;
  }

  admit(access: ValkeyAccess): void {
    this.#connection.admit(access);
  }

  reconnect(): void {
    this.#heardAt = undefined;
    this.#connection.reconnect();
  }

  close(): void {
    this.#connection.close();
  }
}

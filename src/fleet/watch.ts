// How a publisher hears from followers up to where they have forgotten, without asking for it: they tell it on a channel, to which it
// listens on a connection of its own. It may be that nothing is heard: whoever goes by it asks as well, now and then. Its I/O is
// that connection's.
import type { ValkeyAccess, ValkeyConnection } from './connection.js';
import { decodeTold, type Told } from './entry-codec.js';

export class Watch {
  readonly #connection: ValkeyConnection;
  readonly #channel: string;
  readonly #silentMs: number;
  readonly #now: () => number;
  #heardAt: number | undefined;

  /**
   * @param told called with each thing that is told
   * @param silentMs whoever asks much more often, and hears nothing for so long, is deaf
   * @param now monotonic milliseconds
   */
  constructor(
    connection: ValkeyConnection,
    channel: string,
    told: (what: Told) => void,
    silentMs: number,
    now: () => number,
  ) {
    this.#connection = connection;
    this.#channel = channel;
    this.#silentMs = silentMs;
    this.#now = now;
    connection.hear(channel, (message) => {
      this.#heardAt = now();
      const what = message === undefined ? undefined : decodeTold(message);
      if (what !== undefined) told(what);
    });
  }

  /** Whether it would be heard. Where it has fallen silent it is begun anew. */
  get hears(): boolean {
    if (this.#heardAt === undefined) return false;
    if (this.#now() - this.#heardAt <= this.#silentMs) return true;
    this.reconnect();
    return false;
  }

  /** Asks for a sign that it is still heard. */
  ask(): void {
    if (this.#heardAt === undefined) return;
    const answered = (): void => void (this.#heardAt = this.#now());
    this.#connection.subscribe(this.#channel).then(answered, () => undefined);
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

// One lookup that waits: open until it is answered, has failed, is late or is aborted, whichever comes first. A timer.
import { DeadlineError } from '../errors.js';
import type { SocketmapReply } from '../socketmap/protocol.js';

export class OpenLookup {
  /** With a character a byte. */
  readonly map: string;
  readonly key: string;
  /** Fulfilled or rejected when it is open no longer. */
  readonly settled: Promise<SocketmapReply>;
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | undefined;
  readonly #aborted = (): void => this.fail(this.#signal?.reason);
  #resolve: (reply: SocketmapReply) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  #open = true;

  /**
   * @param timeoutMs from now on
   * @param where who is asked, for the error
   */
  constructor(map: string, key: string, where: string, timeoutMs: number, signal: AbortSignal | undefined) {
    this.map = map;
    this.key = key;
    this.settled = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const late = (): void => this.fail(new DeadlineError(`${where} did not answer within ${timeoutMs} ms`));
    this.#timer = setTimeout(late, timeoutMs);
    this.#signal = signal;
    signal?.addEventListener('abort', this.#aborted, { once: true });
  }

  isOpen(): boolean {
    return this.#open;
  }

  answer(reply: SocketmapReply): void {
    this.#end();
    this.#resolve(reply);
  }

  fail(reason: unknown): void {
    this.#end();
    this.#reject(reason);
  }

  #end(): void {
    this.#open = false;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#aborted);
  }
}

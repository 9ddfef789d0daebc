// Another socketmap, asked for comparison. It is asked one question at a time: several in one write may be cut anywhere, and smmapd
// takes a request that comes in two pieces for a broken one. If the connection fails, the next question makes a new one. I/O.
import { messageOf } from '../errors.js';
import { formatEndpoint, type Endpoint } from '../net/endpoint.js';
import { SocketmapConnection } from '../socketmap/client.js';
import { answerOf, noAnswer, type Answer } from './answer.js';

/** A longer request may end smmapd's process, whose buffer has 1024 bytes, map name and space included. */
export const COMPARED_MAX_BYTES = 1000;

export class OtherSocketmap {
  readonly #endpoint: Endpoint;
  readonly #timeoutMs: number;
  #client: SocketmapConnection | undefined;

  /** @param timeoutMs for connecting, and for each answer */
  constructor(endpoint: Endpoint, timeoutMs: number) {
    this.#endpoint = endpoint;
    this.#timeoutMs = timeoutMs;
  }

  get name(): string {
    return formatEndpoint(this.#endpoint);
  }

  /**
   * To be called only after the last question was answered.
   * @returns an answer of class `none` where the connection failed instead
   * @throws UnavailableError, DeadlineError where no connection can be made
   */
  async ask(map: string, key: string): Promise<Answer> {
    // smmapd ends a connection that was silent for six minutes.
    if (this.#client?.ended === true) this.#client = undefined;
    const client = (this.#client ??= await SocketmapConnection.connect(this.#endpoint, this.#timeoutMs));
    try {
      return answerOf(await client.lookup(map, key));
    } catch (error) {
      this.close();
      return noAnswer(messageOf(error));
    }
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}

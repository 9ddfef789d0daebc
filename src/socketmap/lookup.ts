// What the server needs of the heart: a reply now, where it is known, else a reply within the deadline. No I/O.
import type { Asker } from '../validation/probe.js';
import type { Reply } from '../validation/verdict.js';

export interface Lookup {
  /**
   * The reply that is known without asking, in the same turn of the event loop; undefined where Cyrus must be asked.
   * @param key latin1: a character a byte
   * @param asker the connection, for the log
   * @param messageBytes of the message that is to come, where the front knows it
   */
  answerNow(map: string, key: string, asker?: Asker, messageBytes?: number): Reply | undefined;

  /**
   * Asks. Resolves within the deadline of a lookup and never rejects.
   * @param asker the connection, so that none can crowd out the others
   * @param waitedMs how much of that time has passed before it was asked: 0 by default
   * @param messageBytes as for `answerNow`
   */
  answerLater(
    map: string,
    key: string,
    asker?: Asker,
    waitedMs?: number,
    messageBytes?: number,
  ): Promise<Reply>;
}

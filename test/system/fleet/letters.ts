// Letters to one mailbox of a Cyrus, one after the other in one session: how long lmtpd takes after the dot, while who waits for
// events may have to.
import type { CyrusContainer } from '../../containers/cyrus.js';
import { LineClient } from '../../containers/line-client.js';
import type { Waited } from './changes.js';

export class Letters {
  readonly #client: LineClient;
  readonly #rcpt: string;
  #sent = 0;

  private constructor(client: LineClient, rcpt: string) {
    this.#client = client;
    this.#rcpt = rcpt;
  }

  static async open({ lmtp }: CyrusContainer, rcpt: string): Promise<Letters> {
    const port = Number(/^inet:(\d+)@/.exec(lmtp)?.[1]);
    const letters = new Letters(LineClient.connect(port), rcpt);
    await letters.#client.line();
    await letters.#said('LHLO client.test', '250');
    return letters;
  }

  /** @returns from the dot to the answer @throws where it is refused */
  async send(): Promise<Waited> {
    await this.#said('MAIL FROM:<>', '250');
    await this.#said(`RCPT TO:<${this.#rcpt}>`, '250');
    await this.#said('DATA', '354');
    const id = `${String(++this.#sent)}.${String(process.pid)}@client.test`;
    this.#client.send(`Message-ID: <${id}>\r\nSubject: letter\r\n\r\nText`);
    const from = performance.now();
    await this.#said('.', '250');
    return { from, to: performance.now(), what: 'a letter' };
  }

  close(): void {
    this.#client.close();
  }

  async #said(command: string, code: string): Promise<void> {
    this.#client.send(command);
    for (;;) {
      const line = await this.#client.line();
      if (!line.startsWith(code)) throw new Error(`${command}: ${line}`);
      if (line[3] !== '-') return;
    }
  }
}

// The client of the control socket, for `cyrusmapd stats` and the other commands that ask a running daemon. I/O.
import { request, type IncomingMessage } from 'node:http';
import { ProtocolError, UnavailableError, codeOf } from '../errors.js';
import { formatEndpoint, type Endpoint } from '../net/endpoint.js';

/** How long the daemon may take until its answer begins, in milliseconds: a reload reads files, and may wait for a name server. */
const ANSWER_TIMEOUT_MS = 60_000;
/** The longest answer of json(). */
const ANSWER_MAX_BYTES = 16 * 1024 * 1024;

export class ControlClient {
  readonly #endpoint: Endpoint;
  readonly #answerTimeoutMs: number;

  constructor(endpoint: Endpoint, answerTimeoutMs = ANSWER_TIMEOUT_MS) {
    this.#endpoint = endpoint;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  /** @throws UnavailableError where no daemon answers, ProtocolError where it refuses */
  async json(method: 'GET' | 'POST', path: string): Promise<unknown> {
    const response = await this.#open(method, path);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response) {
      const buffer = Buffer.from(chunk as Uint8Array);
      bytes += buffer.length;
      if (bytes > ANSWER_MAX_BYTES) throw new ProtocolError(`the answer has over ${ANSWER_MAX_BYTES} bytes`);
      chunks.push(buffer);
    }
    const text = Buffer.concat(chunks).toString('utf8');
    if (response.statusCode !== 200) throw new ProtocolError(text.trim());
    return JSON.parse(text);
  }

  /** Gives each line of an answer as it comes. The connection is closed when the caller ends the loop. */
  async *lines(path: string, method: 'GET' | 'POST' = 'GET'): AsyncGenerator<string> {
    const response = await this.#open(method, path);
    let rest = '';
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      if (response.statusCode !== 200) throw new ProtocolError(lines[0] ?? rest);
      yield* lines;
    }
    if (response.statusCode !== 200) throw new ProtocolError(rest);
  }

  #open(method: string, path: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = request({ ...this.#where(), method, path, agent: false }, (response) => {
        sent.setTimeout(0);
        resolve(response);
      });
      sent.setTimeout(this.#answerTimeoutMs, () => sent.destroy(new Error('no answer')));
      sent.on('error', (error) => reject(this.#explained(error)));
      sent.end();
    });
  }

  #where(): { socketPath: string } | { host: string; port: number } {
    const endpoint = this.#endpoint;
    return endpoint.kind === 'unix'
      ? { socketPath: endpoint.path }
      : { host: endpoint.host, port: endpoint.port };
  }

  #explained(error: Error): UnavailableError {
    const where = formatEndpoint(this.#endpoint);
    switch (codeOf(error) ?? '') {
      case 'ENOENT':
      case 'ECONNREFUSED':
        return new UnavailableError(`no daemon listens on ${where}`, { cause: error });
      case 'EACCES':
        return new UnavailableError(`no permission to open ${where}: see admin.socket_group`, {
          cause: error,
        });
      default:
        return new UnavailableError(`the daemon on ${where} gave no answer: ${error.message}`, {
          cause: error,
        });
    }
  }
}

// The page that shows mail addresses, for those who may open the control socket. It has its own port on this machine. Its URL has a
// token that works once; after that there is a cookie. The port is closed when nobody looks at the page any more. I/O.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpFront } from '../http-front.js';
import type { Operations } from '../operations.js';
import { sendText } from '../respond.js';
import { parseTarget } from '../target.js';
import { pageRoute } from './routes.js';

/** How long the page stays open when nobody looks at it, in milliseconds. */
const UNSEEN_MS = 300_000;
const COOKIE = 'cyrusmapd-page';
const GIVEN = /(?:^|; )cyrusmapd-page=([0-9a-f]{48})(?:;|$)/;

export class PrivatePage {
  readonly #operations: Operations;
  #front: HttpFront | undefined;
  #opening: Promise<HttpFront> | undefined;
  /** Tokens that were not used yet; each works once. */
  readonly #tokens = new Set<string>();
  readonly #cookies = new Set<string>();
  #watchers = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(operations: Operations) {
    this.#operations = operations;
  }

  /** @returns a URL for a browser on this machine, which works once */
  async invite(): Promise<string> {
    // Whoever asks while it is being opened waits for the same one: a second one would never be closed.
    this.#front ??= await (this.#opening ??= this.#open().finally(() => (this.#opening = undefined)));
    const token = randomBytes(24).toString('hex');
    this.#tokens.add(token);
    this.#awaitVisitors();
    return `http://${this.#host}/?token=${token}`;
  }

  #open(): Promise<HttpFront> {
    return HttpFront.open(
      { kind: 'inet', host: '127.0.0.1', port: 0 },
      { socketOwner: undefined, socketGroup: undefined, socketMode: 0o600, allowed: undefined },
      (request, response) => this.#answer(request, response),
    );
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#front?.close();
    this.#front = undefined;
    this.#tokens.clear();
    this.#cookies.clear();
  }

  get #host(): string {
    const endpoint = this.#front?.listener.endpoint;
    return endpoint?.kind === 'inet' ? `127.0.0.1:${endpoint.port}` : '';
  }

  #awaitVisitors(): void {
    clearTimeout(this.#timer);
    if (this.#watchers === 0) this.#timer = setTimeout(() => this.close(), UNSEEN_MS).unref();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = parseTarget(request.url);
    // The Host must be our network address, so that a page of another site cannot reach us under a host name of its own.
    if (url === undefined || request.method !== 'GET' || request.headers.host !== this.#host) {
      return sendText(response, 403, 'not here\n');
    }
    const token = url.searchParams.get('token');
    if (token !== null && this.#tokens.delete(token)) return this.#welcome(response);
    if (!this.#isKnown(request)) {
      return sendText(response, 403, 'this address works once: ask for another one with cyrusmapd page\n');
    }
    this.#watchers += 1;
    response.on('close', () => {
      this.#watchers -= 1;
      this.#awaitVisitors();
    });
    if (!(await pageRoute(request, url, response, this.#operations, { addresses: true }))) {
      sendText(response, 404, 'no such path\n');
    }
  }

  /** Redirects to a URL without the token, so that the token does not stay in the browser's history. */
  #welcome(response: ServerResponse): void {
    const cookie = randomBytes(24).toString('hex');
    this.#cookies.add(cookie);
    sendText(response, 303, 'see the page\n', 'text/plain; charset=utf-8', {
      Location: '/',
      'Set-Cookie': `${COOKIE}=${cookie}; HttpOnly; SameSite=Strict; Path=/`,
    });
  }

  #isKnown({ headers }: IncomingMessage): boolean {
    const given = GIVEN.exec(headers.cookie ?? '')?.[1];
    if (given === undefined) return false;
    return [...this.#cookies].some((each) => timingSafeEqual(Buffer.from(each), Buffer.from(given)));
  }
}

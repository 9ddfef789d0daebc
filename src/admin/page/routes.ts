// Serves the page and its events. Over TCP it shows no mail addresses; those who came by the control socket also see the last
// refusals. I/O by the response that is given.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Operations } from '../operations.js';
import { followLines, sendText } from '../respond.js';
import { pageOf, partsOf, stateOf, type View } from './html.js';
import { wordsFor, type Words } from './words.js';

/** Milliseconds between two events. */
const EVENT_MS = 2_000;
/** How many of the last refusals are shown. */
const REFUSED_MAX = 12;

export type PageRights = { readonly addresses: boolean };

/** @returns whether there is such a path; then the answer was sent */
export async function pageRoute(
  request: IncomingMessage,
  url: URL,
  response: ServerResponse,
  operations: Operations,
  rights: PageRights,
): Promise<boolean> {
  const words = wordsFor(request.headers['accept-language']);
  switch (url.pathname) {
    case '/':
      sendPage(response, viewOf(operations, rights), words);
      return true;
    case '/events':
      await sendEvents(response, operations, rights, words);
      return true;
    default:
      return false;
  }
}

function viewOf(operations: Operations, { addresses }: PageRights): View {
  return {
    version: operations.version(),
    figures: operations.figures(),
    refused: addresses ? operations.lastRefused(REFUSED_MAX) : undefined,
  };
}

function sendPage(response: ServerResponse, view: View, words: Words): void {
  const nonce = randomBytes(18).toString('base64');
  sendText(response, 200, pageOf(view, words, nonce), 'text/html; charset=utf-8', {
    'Content-Security-Policy': `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    Vary: 'Accept-Language',
  });
}

/** Server-sent events (HTML, section 9.2). */
function sendEvents(
  response: ServerResponse,
  operations: Operations,
  rights: PageRights,
  words: Words,
): Promise<void> {
  return followLines(response, 'text/event-stream', (write) => {
    const tell = (): void => {
      const view = viewOf(operations, rights);
      const { replies, misses } = view.figures;
      const event = {
        at: Date.now(),
        replies,
        misses,
        state: stateOf(view.figures),
        html: partsOf(view, words),
      };
      write(`data: ${JSON.stringify(event)}\n\n`);
    };
    tell();
    const timer = setInterval(tell, EVENT_MS);
    return () => clearInterval(timer);
  });
}

// What may also be seen over TCP: metrics, health and the page. Nothing here changes anything, or shows a mail address.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expositionOf } from './exposition.js';
import { CONTENT_TYPE } from './prometheus-text.js';
import type { Operations } from './operations.js';
import { sendText } from './respond.js';

/** @returns whether there is such a path; then the answer was sent */
export async function watchRoute(
  request: IncomingMessage,
  url: URL,
  response: ServerResponse,
  operations: Operations,
): Promise<boolean> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  switch (url.pathname) {
    case '/metrics':
      sendText(response, 200, expositionOf(operations.version(), operations.figures()), CONTENT_TYPE);
      return true;
    case '/healthz':
      // The answer itself is the proof that the event loop works.
      sendText(response, 200, 'ok\n');
      return true;
    case '/readyz': {
      const { ready, reasons } = operations.readiness();
      sendText(response, ready ? 200 : 503, [ready ? 'ready' : 'not ready', ...reasons, ''].join('\n'));
      return true;
    }
    default:
      return false;
  }
}

/** All that can be asked over TCP. */
export async function webRoute(
  request: IncomingMessage,
  url: URL,
  response: ServerResponse,
  operations: Operations,
): Promise<void> {
  if (await watchRoute(request, url, response, operations)) return;
  const gets = request.method === 'GET';
  const { pageRoute } = await import('./page/routes.js');
  if (gets && (await pageRoute(request, url, response, operations, { addresses: false }))) return;
  sendText(response, 404, 'no such path\n');
}

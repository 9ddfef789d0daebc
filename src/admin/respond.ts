// The answers of the listeners for administrators: text, JSON, and streams of lines. Only this file knows their headers. I/O by
// the response that is given.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

const COMMON = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
};

export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
  more: { readonly [name: string]: string } = {},
): void {
  response.writeHead(status, {
    ...COMMON,
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    ...more,
  });
  response.end(text);
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  sendText(response, status, `${JSON.stringify(value)}\n`, 'application/json');
}

/** Sends one object in each line. It waits for a peer that reads slowly. */
export async function streamLines(
  response: ServerResponse,
  portions: AsyncIterable<readonly object[]>,
): Promise<void> {
  response.writeHead(200, { ...COMMON, 'Content-Type': 'application/x-ndjson' });
  for await (const portion of portions) {
    if (response.destroyed) return;
    const text = portion.map((each) => `${JSON.stringify(each)}\n`).join('');
    if (!response.write(text)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end();
}

/** How many bytes a peer may leave unread before lines for it are dropped. */
const UNREAD_MAX_BYTES = 262_144;

/**
 * Sends lines as they come, until the peer leaves. `begin` is given a function that writes a line, and returns a function that
 * ends it. Writing returns false, and the line is dropped, while the peer has left too much unread: the daemon does not wait.
 */
export function followLines(
  response: ServerResponse,
  type: string,
  begin: (write: (text: string) => boolean) => () => void,
): Promise<void> {
  response.writeHead(200, { ...COMMON, 'Content-Type': type, 'X-Accel-Buffering': 'no' });
  response.flushHeaders();
  // There may be no lines for a long time, so the connection has no timeout.
  response.socket?.setTimeout(0);
  const end = begin((text) => {
    if (response.writableLength >= UNREAD_MAX_BYTES) return false;
    response.write(text);
    return true;
  });
  return new Promise((resolve) => {
    response.on('close', () => {
      end();
      resolve();
    });
  });
}

// What comes for a socket that no connection is served on any more: it lingers, or is gone.
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { handlersFor } from '../../../src/socketmap/handlers.js';
import { Lingering } from '../../../src/socketmap/lingering.js';

test('is no mistake, whatever it is', () => {
  const lingering = new Lingering({ lingerTimeoutMs: 1000, maxDroppedBytes: 10 });
  let closes = 0;
  const handlers = handlersFor(new Map(), lingering, () => (closes += 1));
  const socket = new Socket();
  lingering.add(socket, 0);
  handlers.end.call(socket);
  handlers.drain.call(socket);
  handlers.error();
  handlers.data.call(socket, Buffer.alloc(10));
  expect([socket.destroyed, lingering.size]).toEqual([false, 1]);
  handlers.data.call(socket, Buffer.alloc(1));
  expect([socket.destroyed, lingering.size]).toEqual([true, 0]);
  const other = new Socket();
  lingering.add(other, 0);
  expect(closes).toBe(0);
  handlers.close.call(other);
  expect([closes, lingering.size]).toEqual([1, 0]);
});

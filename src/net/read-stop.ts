// Stops and starts the reading of a socket at once. A paused stream of Node reads on until as many bytes have come as its
// highWaterMark says, each piece at its full cost: whoever sends single bytes could not be held off. So its handle is told. The
// stream does not notice: to it the peer is silent, and neither the peer's end nor its reset is seen meanwhile. I/O.
import type { Socket } from 'node:net';

/** The part of a socket's handle that is used here, the same in all Nodes since 0.12. */
type Handle = { readonly readStart: () => unknown; readonly readStop: () => unknown };

/** Where the runtime has no such handle, it is paused as a stream. */
export function stopReading(socket: Socket): void {
  const handle = handleOf(socket);
  if (handle === undefined) socket.pause();
  else handle.readStop();
}

export function startReading(socket: Socket): void {
  const handle = handleOf(socket);
  if (handle === undefined) socket.resume();
  else handle.readStart();
}

function handleOf(socket: Socket): Handle | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  return isHandle(handle) ? handle : undefined;
}

function isHandle(value: unknown): value is Handle {
  if (typeof value !== 'object' || value === null) return false;
  return ['readStart', 'readStop'].every((name) => typeof Reflect.get(value, name) === 'function');
}

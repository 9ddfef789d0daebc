// What the sockets of all connections call: each belongs to a connection that is served, or to one that lingers. I/O.
import type { Socket } from 'node:net';
import type { ClientConnection } from './client-connection.js';
import type { Lingering } from './lingering.js';

export type Handlers = ReturnType<typeof handlersFor>;

/** One set of handlers for all connections: a closure for each would cost more memory than the connection's numbers. */
export function handlersFor(
  connections: Map<Socket, ClientConnection>,
  lingering: Lingering,
  onClose: () => void,
) {
  const handlers = {
    data(this: Socket, chunk: Buffer): void {
      handlers.read.call(this, chunk.length, chunk);
    },
    /** @param bytes are overwritten as soon as it returns */
    read(this: Socket, length: number, bytes: Buffer): boolean {
      const connection = connections.get(this);
      if (connection === undefined) lingering.drop(this, length);
      else connection.receive(bytes, length);
      return true;
    },
    end(this: Socket): void {
      connections.get(this)?.finish();
    },
    drain(this: Socket): void {
      connections.get(this)?.resume();
    },
    /** A reset or a broken pipe ends this connection and nothing else: 'close' follows. */
    error(): void {},
    close(this: Socket): void {
      connections.get(this)?.closed();
      connections.delete(this);
      lingering.delete(this);
      onClose();
    },
  };
  return handlers;
}

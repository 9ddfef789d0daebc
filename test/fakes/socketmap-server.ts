// A socketmap daemon that answers from a table: what the rulesets of cf/ make of each answer can be tested without
// Cyrus and without cyrusmapd. Protocol: sendmail's op.me, "socket" map. Trusts its client, which is Sendmail.

import { chmod, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';

export interface SocketmapServer {
  /** In Sendmail's notation, as seen from this machine. */
  readonly endpoint: string;
  /** Every request in order: map name, space, key. */
  readonly requests: readonly string[];
  /** How many there are now. */
  connections(): number;
  /** Says to every client that nothing more will come, and still reads what they send. */
  halfClose(): void;
  /** Closes every connection, so that the next write to it fails; over TCP with a reset. */
  closeAll(): void;
  stop(): Promise<void>;
}

/** The answer for a key, such as `OK alice@example.jp`; `undefined` closes the connection instead, `null` says nothing at all. */
export type Answer = (key: string) => string | undefined | null;

/** Listens on a UNIX socket at `path`, or without one on a free TCP port of the loopback interface. */
export async function startSocketmapServer(answer: Answer, path?: string): Promise<SocketmapServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    let pending = '';
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1');
      for (;;) {
        const colon = pending.indexOf(':');
        const end = colon + 1 + Number(pending.slice(0, colon));
        if (colon < 0 || pending.length <= end) return;
        const request = pending.slice(colon + 1, end);
        pending = pending.slice(end + 1);
        requests.push(request);
        const reply = answer(request.slice(request.indexOf(' ') + 1));
        if (reply === undefined) socket.destroy();
        else if (reply !== null && socket.writable)
          socket.write(`${Buffer.byteLength(reply, 'latin1')}:${reply},`, 'latin1');
      }
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  if (path !== undefined) await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (path === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(path, resolve);
  });
  if (path !== undefined) await chmod(path, 0o660);
  const address = server.address();
  return {
    endpoint:
      address !== null && typeof address === 'object' ? `inet:${address.port}@127.0.0.1` : `local:${path}`,
    requests,
    connections: () => sockets.size,
    halfClose: () => {
      for (const socket of sockets) socket.end();
    },
    closeAll: () => {
      for (const socket of sockets) {
        if (path === undefined) socket.resetAndDestroy();
        else socket.destroy();
      }
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

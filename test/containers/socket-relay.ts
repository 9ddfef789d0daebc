// Stands at one UNIX socket for another one: for smmapd, whose own folder belongs to Cyrus' user, where Sendmail takes no socket.
import { connect, createServer, type Server } from 'node:net';

/** Bytes go through as they are, and so does each end. */
export async function relayTo(path: string, target: string): Promise<Server> {
  const relay = createServer({ allowHalfOpen: true }, (socket) => {
    const other = connect({ path: target, allowHalfOpen: true });
    socket.pipe(other).pipe(socket);
    socket.on('error', () => other.destroy());
    other.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(path, resolve));
  return relay;
}

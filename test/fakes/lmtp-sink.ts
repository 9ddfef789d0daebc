// An lmtpd (RFC 2033) that takes everything and remembers whom it was for: what a mail server makes of a recipient on
// the way to Cyrus can be seen without Cyrus. Trusts its client.

import { chmod, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';

export interface LmtpSink {
  /** The addresses of all RCPT commands in order. */
  readonly recipients: readonly string[];
  stop(): Promise<void>;
}

/** Listens on a UNIX socket at `path`. */
export async function startLmtpSink(path: string): Promise<LmtpSink> {
  const recipients: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.write('220 sink LMTP\r\n');
    converse(socket, recipients);
  });
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o777);
  return {
    recipients,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function converse(socket: Socket, recipients: string[]): void {
  let pending = '';
  /** Recipients of this message; undefined outside of DATA. */
  let count = 0;
  let inData = false;
  socket.on('data', (chunk) => {
    const lines = (pending + chunk.toString('latin1')).split('\r\n');
    pending = lines.pop() ?? '';
    for (const line of lines) {
      if (inData) {
        if (line !== '.') continue;
        socket.write('250 2.1.5 ok\r\n'.repeat(count));
        inData = false;
        count = 0;
        continue;
      }
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'RCPT') {
        recipients.push(/<(.*)>/.exec(line)?.[1] ?? line);
        count++;
      }
      inData = verb === 'DATA';
      if (verb === 'LHLO')
        socket.write('250-sink\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n');
      else if (verb === 'DATA') socket.write('354 go ahead\r\n');
      else if (verb === 'QUIT') socket.end('221 2.0.0 bye\r\n');
      else socket.write('250 2.0.0 ok\r\n');
    }
  });
}

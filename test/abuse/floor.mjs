// The least that a server in Node can do beside those that abuse it: it answers whole requests of the client that behaves well,
// ends who sends what is no request, or has not sent a whole one within ten seconds, and reads everything else and drops it.
// usage: node floor.mjs PATH
import { createServer } from 'node:net';

const [path = ''] = process.argv.slice(2);
const REQUESTS = /19:cyrus (u[12]@example\.jp),/g;
const REQUEST_BYTES = 23;
const NINE = 0x39;
const REQUEST_TIMEOUT_MS = 10_000;

createServer((socket) => {
  let timer;
  socket.on('close', () => clearTimeout(timer));
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    if (chunk[0] > NINE) socket.end();
    else if (chunk.length % REQUEST_BYTES === 0) {
      let replies = '';
      for (const [, key] of chunk.toString('latin1').matchAll(REQUESTS)) replies += `16:OK ${key},`;
      if (replies !== '') socket.write(replies);
    } else if (chunk.length < REQUEST_BYTES) {
      timer ??= setTimeout(() => socket.end(), REQUEST_TIMEOUT_MS);
    }
  });
}).listen({ path, backlog: 1024 }, () => process.stdout.write('listening\n'));
process.stdin.on('data', () => undefined);
process.stdin.on('end', () => process.exit());

// The floor: a server that shows what Node itself costs. It parses requests, looks the key up in a Map, and writes bytes that were
// made before; it has no limits and no checks, and takes no split requests. usage: node floor.js SOCKET KEYS
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const [socketPath = '', keysFile = ''] = process.argv.slice(2);
const replies = new Map<string, Buffer>();
for (const line of readFileSync(keysFile, 'latin1').split('\n')) {
  const [key = '', reply = ''] = line.split('\t');
  replies.set(key, Buffer.from(`${reply.length}:${reply},`, 'latin1'));
}
const notFound = Buffer.from('31:NOTFOUND Mailbox does not exist,');

createServer((socket) => {
  socket.on('data', (chunk) => {
    for (let at = 0; at < chunk.length;) {
      let length = 0;
      for (; chunk[at] !== 0x3a; at++) length = length * 10 + (chunk[at] ?? 0) - 0x30;
      const end = at + 1 + length;
      const key = chunk.toString('latin1', chunk.indexOf(0x20, at) + 1, end);
      socket.write(replies.get(key) ?? notFound);
      at = end + 1;
    }
  });
  socket.on('error', () => socket.destroy());
}).listen({ path: socketPath, backlog: 4096 });

// A fake lmtpd (RFC 2033) that is slow. Mailboxes that begin with `u` exist, others do not; on one that begins with `uhung` it hangs.
// usage: node fake-lmtpd.js SOCKET DELAY_MS batch|recipient|disk
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const UNKNOWN = [
  '550-Mailbox unknown.  Either there is no mailbox associated with this',
  '550-name or you do not have authorization to see it.',
  '550 5.1.1 User unknown',
].join('\r\n');
const LHLO = ['250-fake.test', '250-PIPELINING', '250-ENHANCEDSTATUSCODES', '250 Ok'].join('\r\n');

const HUNG = /^RCPT TO:<uhung/i;

const [path = '', delay = '0', pace = 'batch'] = process.argv.slice(2);
const delayMs = Number(delay);
/** Ends when the disk, which all sessions share, is free. */
let disk = Promise.resolve();

let transactions = 0;

createServer((socket) => {
  let rest = '';
  let said = Promise.resolve();
  socket.on('error', () => socket.destroy());
  socket.write('220 fake.test LMTP ready\r\n');
  socket.on('data', (chunk) => {
    const lines = (rest + chunk.toString('latin1')).split('\r\n');
    rest = lines.pop() ?? '';
    if (pace === 'batch') sendTogether(socket, lines);
    else for (const line of lines) said = said.then(() => sendOne(socket, line));
  });
}).listen(path);

/** Replies to commands that were read together go out together, after the delay. All delays are equal, so they stay in order. */
function sendTogether(socket: Socket, lines: readonly string[]): void {
  const replies = lines.map((line) => `${reply(line)}\r\n`).join('');
  if (replies === '') return;
  if (delayMs === 0) socket.write(replies);
  else setTimeout(() => socket.write(replies), delayMs);
}

/** As lmtpd does: one command after the other, each recipient takes the delay. */
async function sendOne(socket: Socket, line: string): Promise<void> {
  if (HUNG.test(line)) await new Promise(() => undefined);
  if (/^RCPT /i.test(line)) await work();
  if (socket.writable) socket.write(`${reply(line)}\r\n`);
}

async function work(): Promise<void> {
  if (pace !== 'disk') return await sleep(delayMs);
  disk = disk.then(() => sleep(delayMs));
  await disk;
}

function reply(command: string): string {
  const [verb = ''] = command.toUpperCase().split(/[ :]/, 1);
  switch (verb) {
    case 'LHLO':
      return LHLO;
    case 'MAIL':
      return '250 2.1.0 ok';
    case 'RCPT':
      return command.startsWith('<u', command.indexOf(':') + 1) ? '250 2.1.5 ok' : UNKNOWN;
    case 'RSET':
      transactions += 1;
      return `250 2.0.0 Ok SESSIONID=<fake-${transactions}>`;
    case 'NOOP':
      return '250 2.0.0 ok';
    case 'QUIT':
      return '221 2.0.0 bye';
    default:
      return '500 5.5.2 Syntax error';
  }
}

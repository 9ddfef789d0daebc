// A fake lmtpd (RFC 2033) that is slow: replies to commands that it reads together go out together, after a delay.
// Mailboxes that begin with `u` exist, others do not. usage: node fake-lmtpd.js SOCKET DELAY_MS
import { createServer, type Socket } from 'node:net';

const UNKNOWN = [
  '550-Mailbox unknown.  Either there is no mailbox associated with this',
  '550-name or you do not have authorization to see it.',
  '550 5.1.1 User unknown',
].join('\r\n');
const LHLO = ['250-fake.test', '250-PIPELINING', '250-ENHANCEDSTATUSCODES', '250 Ok'].join('\r\n');

const [path = '', delayMs = '0'] = process.argv.slice(2);

createServer((socket) => {
  let rest = '';
  socket.on('error', () => socket.destroy());
  socket.write('220 fake.test LMTP ready\r\n');
  socket.on('data', (chunk) => {
    const lines = (rest + chunk.toString('latin1')).split('\r\n');
    rest = lines.pop() ?? '';
    const replies = lines.map((line) => `${reply(line)}\r\n`).join('');
    if (replies !== '') send(socket, replies);
  });
}).listen(path);

/** Sends after the delay. All delays are equal, so the replies stay in order. */
function send(socket: Socket, replies: string): void {
  if (delayMs === '0') socket.write(replies);
  else setTimeout(() => socket.write(replies), Number(delayMs));
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
      return '250 2.0.0 Ok SESSIONID=<fake>';
    case 'NOOP':
      return '250 2.0.0 ok';
    case 'QUIT':
      return '221 2.0.0 bye';
    default:
      return '500 5.5.2 Syntax error';
  }
}

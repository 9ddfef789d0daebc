// An lmtpd (RFC 2033) in a process of its own to which each RCPT costs its time. Who begins with `u` exists, nobody else
// does. Ends with its standard input. usage: node slow-lmtpd.mjs SOCKET MS_A_RCPT
import { createServer } from 'node:net';

const [path = '', costMs = '0'] = process.argv.slice(2);
const UNKNOWN = '550-Mailbox unknown.\r\n550 5.1.1 User unknown';
const LHLO = '250-slow.test\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 Ok';

createServer((socket) => {
  let rest = '';
  const commands = [];
  let busy = false;
  const serve = () => {
    const command = commands.shift();
    if (command === undefined || socket.destroyed) {
      busy = false;
      return;
    }
    busy = true;
    const say = () => {
      socket.write(`${reply(command)}\r\n`);
      serve();
    };
    if (command.startsWith('RCPT') && costMs !== '0') setTimeout(say, Number(costMs));
    else say();
  };
  socket.on('error', () => socket.destroy());
  socket.write('220 slow.test LMTP ready\r\n');
  socket.on('data', (chunk) => {
    const lines = (rest + chunk.toString('latin1')).split('\r\n');
    rest = lines.pop() ?? '';
    commands.push(...lines);
    if (!busy) serve();
  });
}).listen(path, () => process.stdout.write('listening\n'));
process.stdin.on('data', () => undefined);
process.stdin.on('end', () => process.exit());

function reply(command) {
  if (command.startsWith('RCPT TO:<')) return command[9] === 'u' ? '250 2.1.5 ok' : UNKNOWN;
  switch (command.slice(0, 4)) {
    case 'LHLO':
      return LHLO;
    case 'QUIT':
      return '221 2.0.0 bye';
    default:
      return command.startsWith('MAIL') ? '250 2.1.0 ok' : '250 2.0.0 ok';
  }
}

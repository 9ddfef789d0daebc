// A fake imapd (RFC 3501, quotas of RFC 2087) that has any number of mailboxes, and sends them as answers to LIST as fast as they
// are read: `user/u0000000@example.jp` and so on, without a quota. Everybody who logs in is an administrator.
// usage: node fake-imapd.js SOCKET MAILBOXES
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const DOMAIN = 'example.jp';
const CAPABILITIES = 'IMAP4rev1 LITERAL+ ID ENABLE NAMESPACE QUOTA AUTH=PLAIN SASL-IR';
const LINES_A_WRITE = 1000;

const [path = '', count = '10'] = process.argv.slice(2);

createServer((socket) => {
  socket.on('error', () => socket.destroy());
  void converse(socket).catch(() => socket.destroy());
}).listen(path);

async function converse(socket: Socket): Promise<void> {
  socket.write(`* OK [CAPABILITY ${CAPABILITIES}] fake.test IMAP ready\r\n`);
  let continued: string | undefined;
  for await (const line of createInterface({ input: socket })) {
    if (continued !== undefined) {
      socket.write(`${continued} OK logged in\r\n`);
      continued = undefined;
      continue;
    }
    const [tag = '*', verb = '', ...args] = line.split(' ');
    if (verb.toUpperCase() === 'AUTHENTICATE' && args.length === 1) {
      continued = tag;
      socket.write('+ \r\n');
    } else {
      await answer(socket, tag, verb.toUpperCase(), args.join(' '));
    }
  }
}

async function answer(socket: Socket, tag: string, verb: string, args: string): Promise<void> {
  switch (verb) {
    case 'CAPABILITY':
      socket.write(`* CAPABILITY ${CAPABILITIES}\r\n`);
      break;
    case 'NAMESPACE':
      socket.write('* NAMESPACE (("" "/")) (("user/" "/")) (("" "/"))\r\n');
      break;
    case 'LIST':
      await list(socket, args);
      break;
    case 'GETQUOTAROOT':
      return getQuotaRoot(socket, tag, args);
    case 'LOGOUT':
      socket.end(`* BYE\r\n${tag} OK\r\n`);
      return;
    default:
      break;
  }
  socket.write(`${tag} OK Completed\r\n`);
}

/** There are no mailboxes in other domains, and none without a domain, for which `user/%` would ask. */
async function list(socket: Socket, args: string): Promise<void> {
  if (args.includes('%') && !args.includes(`@${DOMAIN}`)) return;
  if (!args.includes('%')) {
    const name = /"?(user\/[^" ]+)"?$/.exec(args)?.[1] ?? '';
    if (exists(name)) socket.write(`* LIST (\\HasNoChildren) "/" ${name}\r\n`);
    return;
  }
  await pipeline(Readable.from(listLines()), socket, { end: false });
}

function* listLines(): Generator<string> {
  for (let first = 0; first < Number(count); first += LINES_A_WRITE) {
    let lines = '';
    for (let i = first; i < Math.min(first + LINES_A_WRITE, Number(count)); i++) {
      lines += `* LIST (\\HasNoChildren) "/" user/u${String(i).padStart(7, '0')}@${DOMAIN}\r\n`;
    }
    yield lines;
  }
}

function getQuotaRoot(socket: Socket, tag: string, args: string): void {
  const name = args.replaceAll('"', '').trim();
  if (exists(name)) socket.write(`* QUOTAROOT ${name}\r\n${tag} OK Completed\r\n`);
  else socket.write(`${tag} NO Mailbox does not exist\r\n`);
}

function exists(name: string): boolean {
  const number = new RegExp(`^user/u(\\d{7})@${DOMAIN.replace('.', '\\.')}$`).exec(name)?.[1];
  return number !== undefined && Number(number) < Number(count);
}

await once(process, 'SIGTERM');
process.exit(0);

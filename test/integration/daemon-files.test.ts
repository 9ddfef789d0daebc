// A daemon that may open few files, with Cyrus' events: the runtime closes what it has no file for, without a word to us. An
// event that is lost so would leave a denial believed that is none any more.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { MAIN } from './cyrusmapd-process.js';
import { afterwards, Peer, temporaryFolder, turns } from './socketmap-rig.js';

const FILES = 400;
const OK = 'OK %()\r\n';
const EVENT = '{"event":"MailboxCreate","uri":"imap://h/user/alice%40example.jp;UIDVALIDITY=1"}';
const NOTIFY = `NOTIFY %(METHOD external CLASS EVENT MESSAGE {${EVENT.length}+}\r\n${EVENT} FILEPATH NIL)\r\n`;

describe('with few files', () => {
  test('each event is answered, or what is remembered is forgotten', async () => {
    const folder = temporaryFolder();
    const [map, events] = [`unix:${join(folder, 'map')}`, `unix:${join(folder, 'events', 'notify')}`];
    mkdirSync(join(folder, 'events'), { mode: 0o755 });
    const config = join(folder, 'cyrusmapd.toml');
    writeFileSync(
      config,
      `[socketmap]\nlisten = ["${map}"]\n[events]\nlisten = "${events}"\n` +
        `[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "unix:${join(folder, 'lmtp')}"\n`,
    );
    const said = await serveWithFiles(config);
    for (let i = 0; i < FILES; i++) await connectTo(map);
    const pushing: Peer[] = [];
    for (let i = 0; i < FILES / 2; i++) pushing.push(await connectTo(events));
    for (const peer of pushing) peer.send(NOTIFY);
    const answers = await Promise.all(pushing.map((peer) => answerTo(peer)));
    await turns();
    expect(answers.filter((answer) => answer === OK).length).toBeGreaterThan(50);
    const lost = answers.filter((answer) => answer !== OK).length;
    expect(lost === 0 || said().includes('connections push events')).toBe(true);

    const late = await connectTo(events);
    late.send(NOTIFY);
    expect(await answerTo(late)).toBe(OK);
  });
});

/** @returns its log so far */
async function serveWithFiles(config: string): Promise<() => string> {
  const command = `ulimit -n ${FILES}; exec "$0" "$@"`;
  const child: ChildProcess = spawn('sh', [
    '-c',
    command,
    process.execPath,
    MAIN,
    'serve',
    '--config',
    config,
  ]);
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  child.stdout?.resume();
  const ended = once(child, 'close');
  afterwards(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  while (!log.includes('"event":"listening"') && child.exitCode === null && child.stderr !== null) {
    await once(child.stderr, 'data');
  }
  return () => log;
}

async function connectTo(endpoint: string): Promise<Peer> {
  return Peer.connect(parseEndpoint(endpoint));
}

async function answerTo(peer: Peer): Promise<string> {
  const lost = () => '';
  const answer = await Promise.race([peer.receives(OK).catch(lost), peer.closed()]);
  peer.socket.destroy();
  return answer;
}

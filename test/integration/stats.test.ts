// What the daemon tells of itself: the numbers after a known way of lookups, events and faults, and the line `stats`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { silentLog } from '../../src/log/log.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { Serving } from './cyrusmapd-process.js';
import { afterwards, Peer, temporaryFolder } from './socketmap-rig.js';

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});

function at(name: string): string {
  return `unix:${join(folder, name)}`;
}

async function ask(server: string, ...keys: string[]): Promise<string[]> {
  const client = await SocketmapConnection.connect(parseEndpoint(server));
  const said: string[] = [];
  for (const key of keys) said.push((await client.lookup('cyrus', key)).status);
  client.close();
  return said;
}

async function push(message: string): Promise<void> {
  const peer = await Peer.connect({ kind: 'unix', path: join(folder, 'events') });
  peer.socket.end(
    `NOTIFY %(METHOD external CLASS EVENT MESSAGE {${message.length}+}\r\n${message} FILEPATH NIL)\r\n`,
  );
  await peer.ended();
}

/** The fields that cyrusmapd(8) lists, in its order. */
function documented(): string[] {
  const page = readFileSync(new URL('../../rc.d/man/cyrusmapd.8', import.meta.url), 'utf8');
  const list = page.split('.It Dv SIGUSR2')[1]?.split('.El')[0] ?? '';
  return [...list.matchAll(/^\.It Va (.+)$/gm)].flatMap(([, names = '']) => names.split(' , '));
}

describe('the counters', () => {
  test('tell of lookups, connections, caches, sessions and events', async () => {
    const lmtpd = await LmtpServer.listen(join(folder, 'lmtp'));
    afterwards(() => lmtpd.stop());
    lmtpd.mailboxes.set('alice@example.jp', REPLIES.deliverable);
    lmtpd.mailboxes.set('full@example.jp', REPLIES.overquota);
    const file = join(folder, 'cyrusmapd.toml');
    writeFileSync(
      file,
      `[socketmap]
       listen = ["${at('socketmap')}"]
       [backchannel.cyrus]
       type = "lmtp"
       endpoint = "${lmtpd.endpoint}"
       canary = "alice@example.jp"
       autocreate = "accept"
       [events]
       listen = "${at('events')}"
       forward = "${at('nobody')}"`,
    );
    const daemon = await Daemon.start((await loadConfig({ config: file })).config, silentLog);
    afterwards(() => daemon.stop());
    const keys = [
      'alice@example.jp',
      'alice@example.jp',
      'nobody@example.jp',
      'full@example.jp',
      'a b@example.jp',
    ];
    expect(await ask(at('socketmap'), ...keys)).toEqual(['OK', 'OK', 'NOTFOUND', 'TEMP', 'NOTFOUND']);
    const peer = await Peer.connect({ kind: 'unix', path: join(folder, 'socketmap') });
    peer.socket.write('no netstring');
    await peer.ended();

    expect(Object.keys(daemon.stats())).toEqual(documented());
    expect(daemon.stats()).toMatchObject({
      accepted: 2,
      requests: 5,
      replies: { OK: 2, NOTFOUND: 2, TEMP: 2 },
      closed: { protocolError: 1, late: 0 },
      verdicts: { deliverable: 2, unknown: 2, overquota: 1, refused: 0, deferred: 0 },
      sources: { known: 1, probe: 3, rule: 1 },
      misses: { count: 3 },
      cache: { negative: 1 },
      backchannels: { cyrus: { sessions: 1, waiting: 0 } },
      events: { received: {}, gaps: 0, handedOn: 0, dropped: 0 },
    });

    await push(JSON.stringify({ event: 'MailboxCreate', uri: 'imap://h/user/new%40example.jp' }));
    await push('no event');
    expect(daemon.stats()).toMatchObject({
      cache: { known: 2, negative: 1 },
      events: { received: { MailboxCreate: 1 }, gaps: 1 },
    });
  });
});

describe('cyrusmapd serve', () => {
  function serve(): Serving {
    const list = join(folder, 'mailboxes');
    writeFileSync(list, 'alice@example.jp\n');
    const serving = new Serving(['--list', list, '--listen', at('socketmap')]);
    afterwards(async () => void (await serving.stop('SIGKILL')));
    return serving;
  }

  test('logs them at SIGUSR2, and once more at its end', async () => {
    const serving = serve();
    await serving.endpoint();
    await ask(at('socketmap'), 'alice@example.jp', 'nobody@example.jp');
    serving.child.kill('SIGUSR2');
    const replies = { OK: 1, NOTFOUND: 1, TEMP: 0 };
    expect(await serving.said('stats')).toMatchObject({ level: 'info', replies, backchannels: {} });
    await ask(at('socketmap'), 'alice@example.jp');
    expect(await serving.stop()).toBe(0);
    expect(serving.lines.slice(-2)).toMatchObject([
      { event: 'stats', replies: { ...replies, OK: 2 }, connections: 0 },
      { event: 'stopped' },
    ]);
  });

  test('is not ended by SIGUSR2 while it starts', async () => {
    const serving = serve();
    await serving.said('starting');
    serving.child.kill('SIGUSR2');
    await serving.endpoint();
    expect(await ask(at('socketmap'), 'alice@example.jp')).toEqual(['OK']);
    expect(await serving.stop()).toBe(0);
  });
});

// A back-channel whose host has a dead DNS beside one whose host has a name, too: the real getaddrinfo(3) with a resolver
// that never answers, in a mount namespace with an /etc/resolv.conf and an /etc/hosts of its own. What is asked of the good
// one is answered, however often the dead one is asked.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { Serving } from './cyrusmapd-process.js';
import { afterwards, temporaryFolder } from './socketmap-rig.js';

const RESOLVER = '127.0.0.153';
const DEAD = ['dead1.rig.test', 'dead2.rig.test', 'dead3.rig.test'];

const namespaces = spawnSync('unshare', ['-m', 'true'], { stdio: 'ignore' }).status === 0;
if (!namespaces) {
  if (process.env['CI'] === 'true') throw new Error('tests that need unshare(1) as root: cannot be run');
  console.warn('LEFT OUT: tests that need unshare(1) as root');
}

async function silentResolver(): Promise<{ readonly asked: () => number }> {
  const socket = createSocket('udp4');
  afterwards(() => void socket.close());
  let asked = 0;
  socket.on('message', () => (asked += 1));
  socket.bind(53, RESOLVER);
  await once(socket, 'listening');
  return { asked: () => asked };
}

describe.runIf(namespaces)('a dead DNS', () => {
  test('of some back-channels defers nobody of another one', async () => {
    const folder = temporaryFolder();
    const resolver = await silentResolver();
    const lmtpd = await LmtpServer.listen(0);
    afterwards(() => lmtpd.stop());
    for (let i = 0; i < 100; i++) lmtpd.mailboxes.set(`user${i}@good.test`, REPLIES.deliverable);
    const port = /:(\d+)@/.exec(lmtpd.endpoint)?.[1] ?? '';
    writeFileSync(join(folder, 'hosts'), '127.0.0.1 good.rig.test\n');
    writeFileSync(join(folder, 'resolv.conf'), `nameserver ${RESOLVER}\noptions timeout:3 attempts:2\n`);
    const backchannels = [
      `[backchannel.good]\ntype = "lmtp"\nendpoint = "inet:${port}@good.rig.test"\nidle_timeout = "1s"`,
      ...DEAD.map(
        (host, i) =>
          `[backchannel.dead${i}]\ntype = "lmtp"\nendpoint = "inet:2003@${host}"\nbackoff_min = "100ms"\nbackoff_max = "100ms"`,
      ),
    ];
    const domains = ['"good.test" = "good"', ...DEAD.map((_, i) => `"dead${i}.test" = "dead${i}"`)];
    const file = join(folder, 'cyrusmapd.toml');
    const listen = `[socketmap]\nlisten = ["unix:${folder}/socketmap"]\n[lookup]\ndeadline = "1500ms"`;
    writeFileSync(file, [listen, ...backchannels, '[domains]', ...domains, ''].join('\n'));
    const mounts = `mount --bind ${folder}/hosts /etc/hosts && mount --bind ${folder}/resolv.conf /etc/resolv.conf`;
    const within = ['unshare', '-m', 'sh', '-c', `${mounts} && exec "$@"`, 'sh'];
    const serving = new Serving(['--config', file], process.env, within);
    afterwards(async () => void (await serving.stop()));
    const client = await SocketmapConnection.connect(parseEndpoint(await serving.endpoint()));
    afterwards(() => client.close());

    const statuses: string[] = [];
    const ask = async (key: string): Promise<string> => (await client.lookup('cyrus', key)).status;
    expect(await ask('user99@good.test')).toBe('OK');
    const until = performance.now() + 15_000;
    const dead: Promise<string>[] = [];
    while (performance.now() < until) {
      for (const [i] of DEAD.entries()) dead.push(ask(`user${dead.length}@dead${i}.test`));
      await Promise.all(dead.splice(0));
      // Meanwhile its session has been idle too long: so the name is needed anew.
      statuses.push(await ask(`user${statuses.length}@good.test`));
    }
    expect(resolver.asked()).toBeGreaterThan(0);
    expect(statuses.length).toBeGreaterThan(5);
    expect(statuses.filter((status) => status !== 'OK')).toEqual([]);
  });
});

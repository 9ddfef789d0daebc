import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  lstatSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  chmodSync,
  readdirSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseEndpoint, type Endpoint } from '../../src/net/endpoint.js';
import { ConfigError, UnavailableError } from '../../src/errors.js';
import { silentLog } from '../../src/log/log.js';
import type { ServerOptions } from '../../src/socketmap/server-options.js';
import { SocketmapServer } from '../../src/socketmap/server.js';
import {
  HandLookup,
  Peer,
  afterwards,
  reply,
  request,
  startRig,
  temporaryFolder,
  turns,
} from './socketmap-rig.js';

const isRoot = process.getuid?.() === 0;

function newPath(): string {
  return join(temporaryFolder(), 'socketmap');
}

async function listen(
  where: string | readonly string[],
  options: Partial<ServerOptions> = {},
): Promise<SocketmapServer> {
  const endpoints = [where].flat().map((text) => parseEndpoint(text));
  const server = await SocketmapServer.listen(endpoints, options, {
    lookup: new HandLookup(),
    log: silentLog,
    now: () => 0,
  });
  afterwards(() => server.stop(0));
  return server;
}

async function expectAnswer(endpoint: Endpoint | undefined): Promise<void> {
  expect(endpoint).toBeDefined();
  if (endpoint === undefined) return;
  const peer = await Peer.connect(endpoint);
  peer.send(request('a'));
  expect(await peer.receives(reply('a'))).toBe(reply('a'));
}

/** A process that listens there and does `then`, in words of JavaScript. */
async function other(path: string, backlog: number, then: string): Promise<void> {
  const script = `require('net').createServer().listen({path: process.argv[1], backlog: ${backlog}}, () => { console.log('listening'); ${then} })`;
  const child = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  afterwards(() => {
    child.kill('SIGKILL');
  });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  if (then.includes('SIGKILL')) await exited;
}

describe('the file of a UNIX socket', () => {
  test('has mode 0660 by default, whatever the umask', async () => {
    const path = newPath();
    const umask = process.umask(0o777);
    try {
      await listen(`unix:${path}`);
    } finally {
      process.umask(umask);
    }
    expect(lstatSync(path).mode & 0o7777).toBe(0o660);
    expect(lstatSync(path).nlink).toBe(1);
    expect(readdirSync(dirname(path))).toEqual(['socketmap']);
  });

  test('has the mode that is configured', async () => {
    const path = newPath();
    await listen(`unix:${path}`, { socketMode: 0o606 });
    expect(lstatSync(path).mode & 0o7777).toBe(0o606);
  });

  test('is refused in a folder that others can write, who could put another file in its place', async () => {
    const folder = temporaryFolder();
    for (const mode of [0o777, 0o1777, 0o775]) {
      chmodSync(folder, mode);
      await expect(startRig({}, `unix:${join(folder, 's')}`)).rejects.toThrow(
        `socketmap.listen has unix:${folder}/s: the folder must be writable by its owner alone, its mode is ${mode.toString(8).padStart(4, '0')}`,
      );
    }
  });

  test('leaves nothing else in its folder', async () => {
    const folder = temporaryFolder();
    await startRig({}, `unix:${join(folder, 's')}`);
    expect(readdirSync(folder)).toEqual(['s']);
    await expect(startRig({}, `unix:${join(folder, 's')}`)).rejects.toThrow('in use');
    expect(readdirSync(folder)).toEqual(['s']);
  });

  test('leaves the umask as it was', async () => {
    const before = process.umask();
    await listen(`unix:${newPath()}`);
    expect(process.umask()).toBe(before);
  });

  test.runIf(isRoot)('belongs to the user and the group that are configured, by name or number', async () => {
    const [path, second] = [newPath(), newPath()];
    const [name = '', , uid] = (readFileSync('/etc/passwd', 'utf8').split('\n')[1] ?? '').split(':');
    await listen(`unix:${path}`, { socketOwner: name, socketGroup: '12345' });
    expect(lstatSync(path)).toMatchObject({ uid: Number(uid), gid: 12345 });
    await listen(`unix:${second}`, { socketGroup: '54321' });
    expect(lstatSync(second)).toMatchObject({ uid: 0, gid: 54321 });
  });

  test('is not made for an unknown user or group', async () => {
    const path = newPath();
    await expect(listen(`unix:${path}`, { socketOwner: 'no-such-user' })).rejects.toThrow(
      'socketmap.socket_owner is "no-such-user": no such user in /etc/passwd',
    );
    await expect(listen(`unix:${path}`, { socketGroup: 'no-such-group' })).rejects.toThrow(ConfigError);
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  test('cannot be made in a folder that is not there', async () => {
    const listening = listen(`unix:${join(temporaryFolder(), 'none', 's')}`);
    await expect(listening).rejects.toThrow(UnavailableError);
    await expect(listening).rejects.toThrow(/^unix:.* cannot be opened: .*ENOENT/);
  });

  test('is in a folder that leaves room for the name it is bound to', async () => {
    const parent = temporaryFolder();
    const folder = join(parent, 'x'.repeat(95 - parent.length - 1));
    for (const name of [folder, `${folder}y`]) mkdirSync(name, { mode: 0o755 });
    await listen(`unix:${folder}/socket`);
    expect(lstatSync(join(folder, 'socket')).isSocket()).toBe(true);
    const listening = listen(`unix:${folder}y/s`);
    await expect(listening).rejects.toThrow(ConfigError);
    await expect(listening).rejects.toThrow('in a folder whose path has 96 bytes: must have 95 at most');
  });
});

describe('what is found where a UNIX socket is to be', () => {
  test('a left-over socket is replaced', async () => {
    const path = newPath();
    await other(path, 10, `process.kill(process.pid, 'SIGKILL')`);
    expect(lstatSync(path).isSocket()).toBe(true);
    const server = await listen(`unix:${path}`);
    await expectAnswer(server.endpoints[0]);
    expect(lstatSync(path).mode & 0o7777).toBe(0o660);
  });

  test('a live one never', async () => {
    const { endpoint } = await startRig();
    const path = endpoint.kind === 'unix' ? endpoint.path : '';
    await expect(listen(`unix:${path}`)).rejects.toThrow(UnavailableError);
    await expect(listen(`unix:${path}`)).rejects.toThrow(`unix:${path} is in use`);
    await expectAnswer(endpoint);
  });

  test.runIf(process.platform === 'linux')(
    'nor one that is too busy to accept: EAGAIN is not dead',
    async () => {
      const path = newPath();
      await other(path, 1, 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)');
      const before = lstatSync(path).ino;
      const waiting = Array.from({ length: 10 }, () => new Peer(Peer.dial({ kind: 'unix', path })));
      await turns();
      expect(waiting.some(({ socket }) => socket.destroyed)).toBe(true);
      await expect(listen(`unix:${path}`)).rejects.toThrow(`unix:${path} is in use`);
      expect(lstatSync(path).ino).toBe(before);
    },
  );

  test('nor one that refuses for a moment, as FreeBSD does where the backlog is full', async () => {
    const path = newPath();
    await other(path, 10, `process.kill(process.pid, 'SIGKILL')`);
    const refused = listen(`unix:${path}`);
    await turns(3);
    unlinkSync(path);
    const live = createServer().listen(path);
    afterwards(() => {
      live.close();
    });
    await expect(refused).rejects.toThrow(`unix:${path} is in use`);
  });

  test('nor a file that is no socket', async () => {
    const path = newPath();
    writeFileSync(path, 'precious');
    await expect(listen(`unix:${path}`)).rejects.toThrow('is no socket and is not replaced');
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  test('nor a symbolic link, even to a left-over socket', async () => {
    const [path, link] = [newPath(), newPath()];
    await other(path, 10, `process.kill(process.pid, 'SIGKILL')`);
    symlinkSync(path, link);
    await expect(listen(`unix:${link}`)).rejects.toThrow(UnavailableError);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  test('only one of two that start at once gets it', async () => {
    const path = newPath();
    await other(path, 10, `process.kill(process.pid, 'SIGKILL')`);
    const results = await Promise.allSettled([
      listen(`unix:${path}`),
      listen(`unix:${path}`),
      listen(`unix:${path}`),
    ]);
    const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(winners).toHaveLength(1);
    await expectAnswer(winners[0]?.endpoints[0]);
    expect(readdirSync(dirname(path))).toEqual(['socketmap']);
  });
});

describe('the file at the end', () => {
  test('is removed', async () => {
    const path = newPath();
    const server = await listen(`unix:${path}`);
    await server.stop();
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  test('is left where another daemon has taken the name', async () => {
    const path = newPath();
    const old = await listen(`unix:${path}`);
    unlinkSync(path);
    const next = await listen(`unix:${path}`);
    await old.stop();
    await expectAnswer(next.endpoints[0]);
  });

  test('may be gone already', async () => {
    const path = newPath();
    const server = await listen(`unix:${path}`);
    unlinkSync(path);
    await server.stop();
    expect(server.connections).toBe(0);
  });
});

describe('TCP', () => {
  test('says which port it got', async () => {
    const server = await listen('inet:0@127.0.0.1');
    expect(server.endpoints[0]).toMatchObject({ kind: 'inet', host: '127.0.0.1' });
    await expectAnswer(server.endpoints[0]);
  });

  test('says that a port is in use', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    afterwards(() => {
      blocker.close();
    });
    const address = blocker.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const listening = listen(`inet:${port}@127.0.0.1`);
    await expect(listening).rejects.toThrow(UnavailableError);
    await expect(listening).rejects.toThrow(
      `inet:${port}@127.0.0.1 is in use: another process listens there`,
    );
  });

  test('says that an address is not ours, or a name unknown', async () => {
    const allow = [{ address: '192.0.2.0', prefix: 24, family: 'ipv4' }] as const;
    await expect(listen('inet:0@192.0.2.1', { allow })).rejects.toThrow(
      /^inet:0@192.0.2.1 cannot be opened: .*EADDRNOTAVAIL/,
    );
    await expect(listen('inet:0@no-such-host.invalid', { allow })).rejects.toThrow(UnavailableError);
  });

  test('over IPv6 takes no IPv4, so both can listen on one port', async () => {
    const allow = [{ address: '127.0.0.0', prefix: 8, family: 'ipv4' }] as const;
    const four = await listen('inet:0@0.0.0.0', { allow });
    const [endpoint] = four.endpoints;
    const port = endpoint !== undefined && endpoint.kind !== 'unix' ? endpoint.port : 0;
    const six = await listen(`inet6:${port}@::`, { allow });
    expect(six.endpoints).toEqual([{ kind: 'inet6', host: '::', port }]);
  });
});

describe('several endpoints', () => {
  test('are opened all or none', async () => {
    const [path, blocked] = [newPath(), newPath()];
    writeFileSync(blocked, '');
    await expect(listen([`unix:${path}`, 'inet:0@127.0.0.1', `unix:${blocked}`])).rejects.toThrow(
      UnavailableError,
    );
    expect(readdirSync(dirname(path))).toEqual([]);
  });
});

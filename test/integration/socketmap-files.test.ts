import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openFilesLimit } from '../../src/socketmap/open-files.js';
import { afterwards, reply, request, startRig, turns } from './socketmap-rig.js';

/** Kept for everything but accepted connections. */
const RESERVED_FILES = 128;

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

describe('file descriptors', () => {
  test.runIf(hasPrlimit)('running out of them closes who comes then, and is survived', async () => {
    const { connect, server, endpoint } = await startRig();
    const flood = spawn(process.execPath, ['-e', FLOOD, endpoint.kind === 'unix' ? endpoint.path : ''], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    afterwards(() => {
      flood.kill();
    });
    await once(flood.stdout, 'data');
    const restore = await lowerOpenFiles(10);
    flood.stdin.end('go');
    await once(flood, 'exit');
    await turns(50);
    while (server.connections > 0) await turns(1);
    await restore();
    expect(openFilesLimit()).toBeGreaterThan(200);
    expect(server.counters.accepted).toBeLessThan(200);
    expect(server.connections).toBe(0);
    const peer = await connect();
    peer.send(request('a'));
    expect(await peer.receives(reply('a'))).toBe(reply('a'));
  });

  test('are kept free by serving fewer connections, with one line in the log at the start', async () => {
    const openFiles = RESERVED_FILES + 3;
    const { connect, server, lines } = await startRig({ maxConnections: 100, maxOverLimit: 1, openFiles });
    const peers = [await connect(), await connect(), await connect()];
    await peers[2]?.ended();
    expect([server.connections, server.lingering, server.counters.closed.overLimit]).toEqual([2, 1, 1]);
    expect(lines[0]).toEqual({
      level: 'warn',
      message: 'few-files',
      fields: { openFiles, maxConnections: 100, connections: 2 },
    });
  });

  test('that suffice are not worth a line', async () => {
    const { lines } = await startRig({
      maxConnections: 100,
      maxOverLimit: 1,
      openFiles: RESERVED_FILES + 101,
    });
    expect(lines.map(({ message }) => message)).toEqual(['listening']);
  });

  test.runIf(hasPrlimit)('are as many as the system lets the process have', () => {
    const limits = spawnSync('prlimit', [
      '--pid',
      String(process.pid),
      '--nofile',
      '--noheadings',
      '--output',
      'SOFT',
    ]);
    expect(openFilesLimit()).toBe(Number(limits.stdout));
  });

  /** Connects 200 times and leaves when each is connected, refused or closed. */
  const FLOOD = `
    console.log('ready');
    process.stdin.once('data', () => {
      let open = 200;
      const done = () => { if (--open === 0) process.exit(); };
      for (let i = 0; i < 200; i++) {
        const socket = require('net').connect(process.argv[1]);
        socket.on('error', () => {});
        let seen = false;
        const once = () => { if (!seen) done(); seen = true; };
        socket.on('connect', once).on('close', once);
      }
    });`;

  /**
   * Leaves this process no more than `spare` further files.
   * @returns what sets the limit to what it was; its shell is started beforehand, since none can be when files have run out
   */
  async function lowerOpenFiles(spare: number): Promise<() => Promise<void>> {
    const before = openFilesLimit();
    const set = `prlimit --pid ${process.pid} --nofile`;
    const shell = spawn('sh', ['-c', `echo ready; read go; ${set}=${before}:`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const exited = once(shell, 'exit');
    await once(shell.stdout, 'data');
    const limit = readdirSync('/proc/self/fd').length + spare;
    expect(spawnSync('sh', ['-c', `${set}=${limit}:`]).status).toBe(0);
    expect(openFilesLimit()).toBe(limit);
    return async () => {
      shell.stdin.end('go\n');
      expect(await exited).toEqual([0, null]);
    };
  }
});

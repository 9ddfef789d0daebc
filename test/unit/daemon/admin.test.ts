// The listeners of [admin] in a whole daemon: where they are, what is told of them, and what becomes of those that cannot be opened.
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_CONTROL } from '../../../src/config/built-in.js';
import type { Config } from '../../../src/config/config.js';
import { controlOf } from '../../../src/daemon/admin.js';
import { Daemon } from '../../../src/daemon/daemon.js';
import { DaemonRig } from '../../integration/daemon-rig.js';
import { afterwards, recordingLog } from '../../integration/socketmap-rig.js';

let rig: DaemonRig;

beforeEach(() => {
  rig = new DaemonRig();
});

async function configured(admin: string): Promise<Config> {
  return rig.configured(await rig.newLmtpd('lmtp'), `[admin]\n${admin}`);
}

const control = (): string => join(rig.folder, 'control');

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  afterwards(() => void socket.destroy());
  return Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(
      () => false,
      () => false,
    ),
  ]).catch(() => false);
}

function portOf(daemon: Daemon): number {
  const [port] = daemon.adminEndpoints.flatMap((each) => (each.kind === 'unix' ? [] : [each.port]));
  if (port === undefined) throw new Error('no port');
  return port;
}

const told = (): object[] =>
  rig.lines.filter(({ message }) => message === 'admin-listening').map(({ fields }) => fields);

describe('the listeners of [admin]', () => {
  test('are the control socket and HTTP, each with its line', async () => {
    const daemon = await rig.start(
      await configured(`listen = "unix:${control()}"\nhttp = "inet:0@127.0.0.1"\n`),
    );
    expect(daemon.adminEndpoints.map(({ kind }) => kind)).toEqual(['unix', 'inet']);
    expect(told()).toEqual([
      { endpoint: `unix:${control()}` },
      { endpoint: `inet:${portOf(daemon)}@127.0.0.1` },
    ]);
    const port = portOf(daemon);
    expect(await isOpen(port)).toBe(true);
    await daemon.stop();
    expect([existsSync(control()), await isOpen(port)]).toEqual([false, false]);
  });

  test('may be HTTP alone, or none', async () => {
    const config = await configured('http = "inet:0@127.0.0.1"\n');
    const daemon = await rig.start({ ...config, file: undefined });
    expect(daemon.adminEndpoints.map(({ kind }) => kind)).toEqual(['inet']);
    expect(daemon.places.map(({ endpoint }) => endpoint.kind)).toEqual(['unix']);
    await daemon.stop();
    const bare = await rig.start({ ...config, file: undefined, admin: { ...config.admin, http: undefined } });
    expect(bare.adminEndpoints).toEqual([]);
    expect(bare.places).toHaveLength(1);
  });

  test('are all closed, where HTTP cannot be opened', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    afterwards(() => void other.close());
    const address = other.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const config = await configured(
      `listen = "unix:${control()}"\nhttp = "inet:${address.port}@127.0.0.1"\n`,
    );
    await expect(Daemon.start(config, recordingLog(rig.lines))).rejects.toThrow(String(address.port));
    expect(existsSync(control())).toBe(false);
  });

  test('beside the process whose place is taken have no HTTP before that is settled', async () => {
    const config = await configured(`listen = "unix:${control()}"\nhttp = "inet:0@127.0.0.1"\n`);
    const succeeding = { restored: Promise.resolve() };
    const daemon = await Daemon.start(config, recordingLog(rig.lines), () => undefined, succeeding);
    afterwards(() => daemon.stop());
    expect(daemon.adminEndpoints.map(({ kind }) => kind)).toEqual(['unix']);
    await daemon.settle();
    expect(daemon.adminEndpoints.map(({ kind }) => kind)).toEqual(['unix', 'inet']);
  });
});

describe('the control socket is', () => {
  test('where it is configured; else at its usual place, if that has a folder; else nowhere', async () => {
    const config = await configured(`listen = "unix:${control()}"\n`);
    expect(controlOf(config)).toEqual({ kind: 'unix', path: control() });
    const unset = { ...config, admin: { ...config.admin, listen: undefined } };
    const usual = existsSync(dirname(DEFAULT_CONTROL.path)) ? DEFAULT_CONTROL : undefined;
    expect(controlOf(unset)).toEqual(usual);
    expect(controlOf({ ...unset, file: undefined })).toBeUndefined();
  });
});

// The listeners of [admin] in a whole daemon: where they are, what is told of them, and what becomes of those that cannot be opened.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { controlOf } from '../../../src/daemon/admin.js';
import { Daemon } from '../../../src/daemon/daemon.js';
import { DaemonRig } from '../../integration/daemon-rig.js';
import { afterwards, recordingLog } from '../../integration/socketmap-rig.js';

/** Where the control socket is by default: in a folder of its own here, which a test may make. */
const usual = vi.hoisted(() => ({ kind: 'unix', path: '' }));
vi.mock('../../../src/config/built-in.js', async (original) => ({
  ...(await original<object>()),
  DEFAULT_CONTROL: usual,
}));

let rig: DaemonRig;

beforeEach(() => {
  rig = new DaemonRig();
  usual.path = join(rig.folder, 'run/control');
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
    expect(controlOf(unset)).toBeUndefined();
    mkdirSync(dirname(usual.path));
    expect(controlOf(unset)).toEqual(usual);
    expect(controlOf({ ...unset, file: undefined })).toBeUndefined();
  });

  test('no reason not to start where nobody configured it, and it cannot be opened: that is told', async () => {
    mkdirSync(dirname(usual.path));
    writeFileSync(usual.path, 'no socket');
    const config = await rig.configured(await rig.newLmtpd('lmtp'));
    const daemon = await rig.start(config);
    expect(daemon.adminEndpoints).toEqual([]);
    expect(rig.lines.find(({ message }) => message === 'no-control')?.fields).toEqual({
      error: expect.stringContaining(usual.path) as string,
    });
    expect(told()).toEqual([]);
    await daemon.stop();
    // Who takes over has asked somebody there.
    const succeeding = { restored: Promise.resolve() };
    const refused = Daemon.start(config, recordingLog(rig.lines), () => undefined, succeeding);
    await expect(refused).rejects.toThrow(usual.path);
  });

  test('opened at its usual place, where nobody configured it', async () => {
    mkdirSync(dirname(usual.path));
    const daemon = await rig.start(await rig.configured(await rig.newLmtpd('lmtp')));
    expect(daemon.adminEndpoints).toEqual([usual]);
    expect(told()).toEqual([{ endpoint: `unix:${usual.path}` }]);
  });
});

// The place of a release that knows of no takeovers is taken with nothing of it but its sockets, its control socket and its pid.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import type * as fs from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { OlderRelease } from '../../../src/daemon/older-release.js';
import { UnavailableError } from '../../../src/errors.js';
import type { Inode, Succession } from '../../../src/net/socket-place.js';
import { slept as now } from '../../fakes/hurried-sleep.js';

vi.mock('node:timers/promises', () => import('../../fakes/hurried-sleep.js'));

/** What happens on the disk just before and after somebody looks at the age of a lock, and each time before a file is renamed. */
let meanwhile: { before?: () => void; after?: () => void; rename?: (to: string) => void };
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const lstatSync: typeof real.lstatSync = Object.assign((...args: Parameters<typeof real.lstatSync>) => {
    const isLock = String(args[0]).endsWith('.takeover');
    if (isLock) meanwhile.before?.();
    const found = real.lstatSync(...args);
    if (isLock) meanwhile.after?.();
    return found;
  }, real.lstatSync);
  const renameSync: typeof real.renameSync = (from, to) => {
    meanwhile.rename?.(String(to));
    real.renameSync(from, to);
  };
  return { ...real, lstatSync, renameSync };
});

/** Of the old process: in each test another one. */
let oldPid = 2 ** 30;

let folder: string;
let servers: Server[];
let signals: (string | number)[];
/** What kill(2) says of the old process, one answer after the other; then there is none any more. */
let fates: ('there' | 'not ours')[];
/** How often its control socket was asked. */
let asked: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'older-'));
  servers = [];
  signals = [];
  fates = [];
  asked = 0;
  oldPid += 1;
  const own = oldPid;
  meanwhile = {};
  vi.spyOn(process, 'kill').mockImplementation((pid, signal = 'SIGTERM') => {
    if (pid === own) signals.push(signal);
    if (pid === own && signal !== 0) return true;
    const fate = pid === own ? fates.shift() : undefined;
    if (fate === 'there') return true;
    throw Object.assign(new Error('kill'), { code: fate === 'not ours' ? 'EPERM' : 'ESRCH' });
  });
});
afterEach(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
});

async function listening(path: string, server: Server = createServer()): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

const at = (name: string): string => join(folder, name);
const inode = (path: string): Inode => lstatSync(path, { bigint: true });

/** A socket of the new process, which waits beside the place. */
async function waiting(place: string): Promise<Succession> {
  mkdirSync(at(`.${place}`));
  return { place: at(place), bound: await listening(at(`.${place}/s`)) };
}

/** The control socket of the old process, which tells how many are connected to it: each time it is asked, the next number. */
async function control(...connections: readonly object[]): Promise<string> {
  const left = [...connections];
  const server = createHttpServer((_, response) => {
    asked += 1;
    const stats = left.shift();
    response.setHeader('content-type', 'application/json');
    if (stats === undefined) response.destroy();
    else response.end(JSON.stringify(stats));
  });
  return listening(at('control'), server);
}

async function replaced(...connections: readonly object[]): Promise<OlderRelease> {
  const path = await control(...connections);
  await listening(at('socketmap'));
  const running = { pid: oldPid, control: inode(path) };
  return OlderRelease.replace([await waiting('socketmap'), await waiting('control')], { path }, running);
}

describe('its places', () => {
  test('pass in one go, and its control socket can still be asked under another name', async () => {
    const path = await control();
    await listening(at('socketmap'));
    const successions = [await waiting('socketmap'), await waiting('control')];
    const heirs = successions.map(({ bound }) => inode(bound));
    const old = inode(path);
    OlderRelease.replace(successions, { path }, { pid: oldPid, control: old });
    expect([inode(at('socketmap')).ino, inode(path).ino]).toEqual(heirs.map(({ ino }) => ino));
    expect(inode(at('.control/k')).ino).toBe(old.ino);
    expect(existsSync(at('.takeover'))).toBe(false);
  });

  test.each([
    ['is another one than that which answered', () => ({ ino: 1n, dev: 1n })],
    ['was never seen', () => undefined],
  ])('do not pass where its control socket %s', async (_, seen) => {
    const path = await control();
    const heir = await waiting('control');
    const before = inode(path).ino;
    expect(() => OlderRelease.replace([heir], { path }, { pid: oldPid, control: seen() })).toThrow(
      'another process has come in between',
    );
    expect([inode(path).ino, existsSync(at('.takeover'))]).toEqual([before, false]);
  });

  test('do not pass where its control socket is gone', async () => {
    const heir = await waiting('control');
    const old = { pid: oldPid, control: inode(heir.bound) };
    expect(() => OlderRelease.replace([heir], { path: at('control') }, old)).toThrow('has come in between');
  });

  test('do not pass where nobody waits for the place of its control socket', async () => {
    const path = await control();
    await listening(at('socketmap'));
    const before = inode(at('socketmap')).ino;
    const old = { pid: oldPid, control: inode(path) };
    const heir = await waiting('socketmap');
    expect(() => OlderRelease.replace([heir], { path }, old)).toThrow('has come in between');
    expect(inode(at('socketmap')).ino).toBe(before);
  });

  test('go back where one cannot be renamed over: its control socket has passed first, and has a name to come back by', async () => {
    const path = await control();
    mkdirSync(at('socketmap'));
    const before = inode(path).ino;
    const successions = [await waiting('socketmap'), await waiting('control')];
    expect(() => OlderRelease.replace(successions, { path }, { pid: oldPid, control: inode(path) })).toThrow(
      'the sockets cannot be exchanged',
    );
    expect([inode(path).ino, lstatSync(at('.socketmap/s')).isSocket()]).toEqual([before, true]);
  });

  test('stay all where its control socket cannot be renamed over, since that is tried first', async () => {
    const path = await control();
    await listening(at('socketmap'));
    const before = inode(at('socketmap')).ino;
    const successions = [await waiting('socketmap'), await waiting('control')];
    meanwhile.rename = (to) => {
      if (to === path) throw new Error('EIO: i/o error');
    };
    expect(() => OlderRelease.replace(successions, { path }, { pid: oldPid, control: inode(path) })).toThrow(
      'the sockets cannot be exchanged: EIO',
    );
    expect(inode(at('socketmap')).ino).toBe(before);
  });

  test('stay all where one of them cannot pass', async () => {
    const path = await control();
    await listening(at('socketmap'));
    const before = [inode(at('socketmap')).ino, inode(path).ino];
    const successions = [{ place: at('socketmap'), bound: at('.nosuch/s') }, await waiting('control')];
    const old = { pid: oldPid, control: inode(path) };
    expect(() => OlderRelease.replace(successions, { path }, old)).toThrow(UnavailableError);
    expect([inode(at('socketmap')).ino, inode(path).ino]).toEqual(before);
    expect(existsSync(at('.takeover'))).toBe(false);
  });
});

describe('of two that come at once', () => {
  async function locked(ageMs: number): Promise<() => OlderRelease> {
    const path = await control();
    const heir = await waiting('control');
    const old = { pid: oldPid, control: inode(path) };
    mkdirSync(at('.takeover'));
    const then = Math.floor(Date.now() / 1000);
    utimesSync(at('.takeover'), then, then);
    vi.spyOn(Date, 'now').mockReturnValue(then * 1000 + ageMs);
    return () => OlderRelease.replace([heir], { path }, old);
  }

  test('only one takes over', async () => {
    const replace = await locked(10_000);
    expect(replace).toThrow(new UnavailableError('another process is just taking over'));
    expect(statSync(at('.takeover')).isDirectory()).toBe(true);
  });

  test('one that was killed holds up nobody', async () => {
    (await locked(10_001))();
    expect(readdirSync(folder)).not.toContain('.takeover');
  });

  test('one that is done just now holds up nobody either, unless yet another one comes', async () => {
    const replace = await locked(5_000);
    meanwhile.before = () => rmSync(at('.takeover'), { recursive: true });
    meanwhile.after = () => void mkdirSync(at('.takeover'));
    expect(replace).toThrow(new UnavailableError('another process is just taking over'));
    expect(existsSync(at('.takeover'))).toBe(true);
    delete meanwhile.after;
    replace();
    expect(existsSync(at('.takeover'))).toBe(false);
  });

  test('none does where the folder cannot be written to', async () => {
    const heir = await waiting('control');
    const path = join(at('nosuch'), 'control');
    expect(dirname(path)).toBe(at('nosuch'));
    expect(() => OlderRelease.replace([heir], { path }, { pid: oldPid, control: undefined })).toThrow(
      'ENOENT',
    );
  });
});

describe('it serves on', () => {
  test('until two looks in a row find nobody connected or lingering; then it is stopped, and its end awaited', async () => {
    const old = await replaced(
      { connections: 1, lingering: 0 },
      { connections: 0, lingering: 0 },
      { connections: 1, lingering: 1 },
      { connections: 0, lingering: 0 },
      { connections: 0, lingering: 1 },
      { connections: 0, lingering: 0 },
      { connections: 0, lingering: 0 },
    );
    fates = ['there', 'not ours'];
    const begun = now();
    await old.servesOn(60_000, now);
    // Seven looks, a second apart, and two more at its process.
    expect(now() - begun).toBe(7_000 + 2 * 50);
    expect(signals).toEqual(['SIGTERM', 0, 0, 0]);
    old.stop();
    expect(signals).toHaveLength(4);
  });

  test('no longer than the grace', async () => {
    const old = await replaced(...Array.from({ length: 9 }, () => ({ connections: 1, lingering: 0 })));
    const begun = now();
    await old.servesOn(1_200, now);
    expect([now() - begun, asked]).toEqual([1_200, 2]);
    expect(signals).toEqual(['SIGTERM', 0]);
  });

  test('not at all without grace', async () => {
    const old = await replaced({ connections: 1, lingering: 0 });
    const begun = now();
    await old.servesOn(0, now);
    expect([now() - begun, asked]).toEqual([0, 0]);
    expect(signals).toEqual(['SIGTERM', 0]);
  });

  test('until it does not answer any more', async () => {
    const begun = now();
    await (await replaced()).servesOn(60_000, now);
    expect(now() - begun).toBe(1_000);
    expect(signals).toEqual(['SIGTERM', 0]);
  });

  test('while this process may end, which needs not outlive it', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
    const old = await replaced();
    const before = timers();
    const serving = old.servesOn(60_000, now);
    expect(timers()).toBe(before);
    await serving;
    fates = ['there'];
    const then = timers();
    const ending = old.servesOn(0, now);
    expect(timers()).toBe(then);
    await ending;
  });
});

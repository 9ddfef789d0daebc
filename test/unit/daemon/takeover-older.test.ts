// A takeover from a release that knows nothing of takeovers: it serves whoever is connected to it, and is stopped when that is over.
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import type { Daemon } from '../../../src/daemon/daemon.js';
import { Predecessor } from '../../../src/daemon/predecessor.js';
import { hurryClock, setTimeout as sleep } from '../../fakes/hurried-sleep.js';
import { turns } from '../../integration/socketmap-rig.js';
import { ALICE, SuccessionRig } from './succession-rig.js';

vi.mock('node:timers/promises', () => import('../../fakes/hurried-sleep.js'));
hurryClock();

const BOB = 'bob@example.jp';
/** The old process is this one, too, so it has a number that no process has: in each test another one. */
let oldPid = 2 ** 30;

let rig: SuccessionRig;
let signals: NodeJS.Signals[];

beforeEach(async () => {
  rig = await SuccessionRig.open();
  signals = [];
  oldPid += 1;
});
afterEach(() => void vi.restoreAllMocks());

/** A daemon that tells nothing of takeovers, and is stopped by a signal as any process. */
async function older(config: Config): Promise<Daemon> {
  const daemon = await rig.start(config);
  let isThere = true;
  const own = oldPid;
  vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
    if (pid === own && signal === 'SIGTERM') {
      signals.push(signal);
      void daemon.stop().finally(() => (isThere = false));
    }
    if (pid === own && isThere) return true;
    throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' });
  });
  const find = Predecessor.find.bind(Predecessor);
  vi.spyOn(Predecessor, 'find').mockImplementationOnce(async (control) => {
    const found = await find(control);
    if (found === undefined) return undefined;
    return Object.assign(found, { running: { ...found.running, pid: oldPid, standing: undefined } });
  });
  return daemon;
}

const EVENTS = (): string => `[events]\nlisten = "unix:${rig.at('events')}"\n`;

describe('the place of an older release', () => {
  test('is taken at once; it is stopped when nobody is connected to it any more, and not before', async () => {
    const config = await rig.configured(`http = "inet:0@127.0.0.1"\n`);
    const old = await older({ ...config, admin: { ...config.admin, http: undefined } });
    const before = await rig.connected();
    expect(await before(ALICE)).toBe('OK');
    const daemon = await rig.successor(config);
    expect(daemon.places.every((place) => place.look())).toBe(true);
    expect(await rig.ask(BOB)).toBe('OK');
    expect(rig.told('takeover')).toEqual([{ role: 'successor', pid: oldPid, connections: 0 }]);
    await sleep(10_000);
    expect(await before(ALICE)).toBe('OK');
    expect([old.connections, signals, daemon.operator.standing().taking]).toEqual([1, [], true]);
    expect(daemon.adminEndpoints.map(({ kind }) => kind)).toEqual(['unix']);
    rig.disconnect();
    await daemon.settled;
    expect([signals, daemon.operator.standing().taking]).toEqual([['SIGTERM'], false]);
    expect(rig.told('takeover-complete')).toEqual([{ pid: oldPid }]);
    // Only one of the two can have the port.
    expect(daemon.adminEndpoints.map(({ kind }) => kind)).toEqual(['unix', 'inet']);
    expect(await rig.ask(ALICE)).toBe('OK');
  });

  test('is left to it no longer than takeover_grace', async () => {
    const config = await rig.configured();
    await older(config);
    await rig.connected();
    const daemon = await rig.successor({
      ...config,
      socketmap: { ...config.socketmap, takeoverGraceMs: 5_000 },
    });
    await daemon.settled;
    expect(signals).toEqual(['SIGTERM']);
  });

  test('is not left to it at all where Cyrus pushes events: they come to the new one, and it would not hear of them', async () => {
    const config = await rig.configured(EVENTS());
    await older(config);
    await rig.connected();
    await rig.successor(config);
    await turns();
    expect(signals).toEqual(['SIGTERM']);
  });

  test('is empty when the new one is stopped first, too', async () => {
    const config = await rig.configured();
    await older(config);
    await rig.connected();
    const daemon = await rig.successor(config);
    expect(signals).toEqual([]);
    await daemon.stop();
    expect(signals).toEqual(['SIGTERM']);
  });

  test('is taken by one that reads from the file which mailboxes are known, since the old one cannot tell', async () => {
    const more = `[cache]\nstate_file = "${rig.at('known')}"\n`;
    writeFileSync(rig.at('known'), 'damaged', { mode: 0o600 });
    await older(await rig.configured());
    const daemon = await rig.successor(await rig.configured(more));
    await vi.waitFor(() => expect(rig.told('not-restored')).toHaveLength(1));
    await daemon.settled;
    await daemon.stop();
    expect(rig.told('saved')).toHaveLength(1);
  });
});

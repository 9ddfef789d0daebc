import { describe, expect, test } from 'vitest';
import { Daemon } from '../../../src/daemon/daemon.js';
import { lookupName, refuseWhatCannotPass } from '../../../src/daemon/takeover-checks.js';
import type { Config } from '../../../src/config/config.js';
import type { Running } from '../../../src/daemon/predecessor.js';
import { UnavailableError } from '../../../src/errors.js';
import { parseEndpoint } from '../../../src/net/endpoint.js';
import { DaemonRig } from '../../integration/daemon-rig.js';
import { afterwards, recordingLog } from '../../integration/socketmap-rig.js';

const PORT = 'inet:7860@127.0.0.1';
const FILE = '/etc/cyrusmapd.toml';
const STANDING = { listeners: [PORT], program: '', taking: false, witnesses: {} };

function refuse(listen: readonly string[], running: Partial<Running>, shares: boolean): void {
  const config = {
    socketmap: { listen: listen.map((each) => parseEndpoint(each)) },
    policy: { listen: [] },
    file: FILE,
  };
  const standing = { ...STANDING, sharesPorts: true };
  refuseWhatCannotPass(
    config as unknown as Pick<Config, 'socketmap' | 'policy' | 'file'>,
    { standing, config: FILE, version: '0.1.0', ...running },
    shares,
  );
}

describe('what cannot pass to another process', () => {
  test('is nothing where all sockets are files, whatever the runtime', () => {
    expect(() => refuse(['unix:/run/s'], {}, false)).not.toThrow();
  });

  test('is no port that both share, nor one that the running daemon has not', () => {
    expect(() => refuse([PORT], {}, true)).not.toThrow();
    expect(() => refuse(['inet:7861@127.0.0.1'], {}, false)).not.toThrow();
  });

  test.each([
    ['the new one', true, false],
    ['the running one', false, true],
  ])('is a port where %s cannot share it', (_, old, shares) => {
    const standing = { ...STANDING, sharesPorts: old };
    expect(() => refuse([PORT], { standing }, shares)).toThrow(`${PORT} cannot pass`);
    let refused: unknown;
    try {
      refuse([PORT], { standing }, shares);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(UnavailableError);
  });

  test('is every port of a release before takeovers, and whatever has another configuration there', () => {
    const older = { standing: undefined };
    expect(() => refuse(['unix:/run/s'], older, true)).not.toThrow();
    expect(() => refuse([PORT], older, true)).toThrow('does not share its ports');
    expect(() => refuse(['unix:/run/s'], { ...older, config: '/other' }, true)).toThrow('/other');
  });
});

describe('before its sockets pass to it, the new process', () => {
  async function waiting(more: string) {
    const rig = new DaemonRig();
    const lmtpd = await rig.newLmtpd('lmtp');
    const config = await rig.configured(lmtpd, more);
    await rig.start(config);
    const succeeding = { restored: Promise.resolve() };
    const daemon = await Daemon.start(config, recordingLog(rig.lines), () => undefined, succeeding);
    afterwards(() => daemon.stop());
    return { rig, lmtpd, config, daemon };
  }
  const DOMAINS = '[domains]\n"example.jp" = "cyrus"\n"*.example.net" = "cyrus"\n';

  test('answers a lookup in each domain, and leaves nobody connected', async () => {
    const { lmtpd, config, daemon } = await waiting(DOMAINS);
    await lookupName(daemon, config, { up: new Set(['cyrus']) });
    expect(new Set(lmtpd.recipients)).toEqual(
      new Set(['postmaster@example.jp', 'postmaster@localhost.example.net']),
    );
    const lookups = daemon.operator.figures().lookups.map(({ map, count }) => [map, count]);
    expect(lookups).toEqual([['cyrus', 2]]);
    for (let i = 0; i < 50 && daemon.connections > 0; i++) await new Promise((then) => setImmediate(then));
    expect(daemon.connections).toBe(0);
  });

  test('asks Cyrus also about names that are accepted without it', async () => {
    const { lmtpd, config, daemon } = await waiting(`[lookup]\nalways_accept = ["postmaster"]\n${DOMAINS}`);
    await lookupName(daemon, config, { up: new Set() });
    expect(lmtpd.recipients).toContain('postmaster@example.jp');
  });

  test('is refused where it cannot ask whom the running one can, and only then', async () => {
    const { lmtpd, config, daemon } = await waiting(DOMAINS);
    await lmtpd.stop();
    await expect(lookupName(daemon, config, { up: new Set(['other']) })).resolves.toBeUndefined();
    const refused = lookupName(daemon, config, { up: new Set(['cyrus']) });
    await expect(refused).rejects.toThrow(UnavailableError);
    await expect(refused).rejects.toThrow(
      /^the running daemon can ask cyrus, and the new one cannot: .*no connection/,
    );
  });

  test('asks Cyrus alone where no socket of it waits for another place', async () => {
    const rig = new DaemonRig();
    const lmtpd = await rig.newLmtpd('lmtp');
    const config = await rig.configured(lmtpd, DOMAINS);
    const daemon = await rig.start(config);
    await lookupName(daemon, config, { up: new Set() });
    expect(lmtpd.recipients).toContain('postmaster@example.jp');
    expect(daemon.operator.figures().lookups).toEqual([]);
  });

  test('asks Cyrus alone where it listens on ports only: these are opened when the other one has closed them', async () => {
    const rig = new DaemonRig();
    const lmtpd = await rig.newLmtpd('lmtp');
    const config = await rig.configured(lmtpd, DOMAINS);
    const listen = [parseEndpoint('inet:0@127.0.0.1')];
    const onPorts = { ...config, socketmap: { ...config.socketmap, listen } };
    const daemon = await rig.start(onPorts);
    await lookupName(daemon, onPorts, { up: new Set(['cyrus']) });
    expect(lmtpd.recipients).toContain('postmaster@example.jp');
    expect(daemon.operator.figures().lookups).toEqual([]);
  });
});

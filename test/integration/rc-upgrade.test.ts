// `upgrade` and `restart` of rc.d/cyrusmapd under our doubles of rc.subr(8) and daemon(8): another daemon takes over under a
// supervisor of its own, and whatever fails leaves the old one and its supervisor in charge.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { userInfo } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { run } from './cyrusmapd-process.js';
import { RcHost } from './rc-host.js';
import { lacks } from './tools.js';

const ALICE = 'alice@example.jp';
const EACH = [
  ['busybox ash', '13'],
  ['dash', '14'],
  ['dash', '15'],
] as const;

type Pair = { readonly supervisor: number | undefined; readonly child: number | undefined };

describe.skipIf(lacks('dash', 'busybox', 'ps'))('rc.d/cyrusmapd', () => {
  let host: RcHost;
  let running: Pair[] = [];

  afterEach(() => {
    for (const { supervisor, child } of running) for (const pid of [supervisor, child]) end(pid);
    running = [];
    host.remove();
  });

  /** A host on which it runs. */
  async function started(shell = 'dash', version = '13'): Promise<Pair> {
    host = new RcHost(shell, version);
    expect(await host.start()).toMatchObject({ status: 0 });
    return pair();
  }

  /** As the pid files have them. */
  function pair(): Pair {
    const found = { supervisor: host.pidIn(host.supervisorPidfile), child: host.pidIn(host.childPidfile) };
    running.push(found);
    return found;
  }

  const connect = (): Promise<SocketmapConnection> => SocketmapConnection.connect(parseEndpoint(host.server));
  const answers = async (): Promise<string> => (await run('lookup', ALICE, '--server', host.server)).stdout;
  const left = (): string[] =>
    readdirSync(dirname(host.childPidfile)).filter((name) => /next|upgrade|^\./.test(name));

  /** The old one and its supervisor answer, are looked after, and nothing else is there. */
  async function isWhole(old: Pair): Promise<void> {
    expect(pair()).toEqual(old);
    expect([old.supervisor, old.child].map(alive)).toEqual([true, true]);
    expect(await answers()).toBe(`OK ${ALICE}\n`);
    expect(left()).toEqual([]);
    expect(supervisors(host.root)).toEqual([old.supervisor]);
    const restarted = host.said('listening');
    end(old.child);
    await host.until(() => host.said('listening') > restarted);
  }

  test.each(EACH)(
    'upgrades by %s, with daemon(8) of FreeBSD %s, unnoticed by who is connected and who comes',
    async (shell, version) => {
      const old = await started(shell, version);
      const session = await connect();
      expect((await session.lookup('cyrus', ALICE)).status).toBe('OK');
      const { load, faults } = asking(host);
      expect(await host.service('upgrade')).toMatchObject({
        status: 0,
        stdout: 'Upgrading cyrusmapd.\n',
        stderr: '',
      });
      const next = pair();
      expect([next.supervisor === old.supervisor, next.child === old.child]).toEqual([false, false]);
      expect(await host.service('status')).toMatchObject({
        status: 0,
        stdout: `cyrusmapd is running as pid ${next.supervisor}.\n`,
      });
      expect((await run('version', '--control', host.control)).stdout).toContain(`pid ${next.child},`);
      load.abort();
      expect(await faults).toEqual([]);

      // The old one serves who is connected, and is not started again.
      await host.until(() => host.said('stop-deferred') === 1);
      expect((await session.lookup('cyrus', ALICE)).status).toBe('OK');
      expect([old.supervisor, old.child].map(alive)).toEqual([true, true]);
      session.close();
      await gone(old.child);
      await gone(old.supervisor);
      expect(supervisors(host.root)).toEqual([next.supervisor]);

      // What has its name is the new one.
      expect(pair()).toEqual(next);
      host.writeList(ALICE, 'bob@example.jp');
      expect(await host.service('reload')).toMatchObject({ status: 0 });
      expect(await run('lookup', 'bob@example.jp', '--server', host.server)).toMatchObject({ status: 0 });
      expect(await host.service('stop')).toMatchObject({ status: 0 });
      expect([next.supervisor, next.child].map(alive)).toEqual([false, false]);
      expect([host.supervisorPidfile, host.childPidfile].filter(existsSync)).toEqual([]);
      expect(left()).toEqual([]);
      expect(await host.start()).toMatchObject({ status: 0 });
      pair();
    },
  );

  test('takes over at each restart, one after the other', async () => {
    await started();
    const { load, faults } = asking(host);
    const supervisor = [];
    for (let nth = 0; nth < 3; nth++) {
      expect(await host.service('restart')).toMatchObject({ status: 0, stdout: 'Upgrading cyrusmapd.\n' });
      supervisor.push(pair().supervisor);
    }
    load.abort();
    expect(await faults).toEqual([]);
    expect(new Set(supervisor).size).toBe(3);
    await Promise.all(running.slice(0, -1).map((each) => gone(each.supervisor)));
    expect(supervisors(host.root)).toEqual([supervisor.at(-1)]);
  });

  test('starts the new one again after a crash', async () => {
    await started();
    expect(await host.service('upgrade')).toMatchObject({ status: 0 });
    const before = host.said('listening');
    const crashed = host.kill(host.childPidfile, 'SIGKILL');
    await host.until(() => host.said('listening') > before);
    expect(pair().child).not.toBe(crashed);
    expect(await answers()).toBe(`OK ${ALICE}\n`);
  });

  test('writes to the log after the upgrade, and to a new one after its rotation', async () => {
    await started();
    expect(await host.service('upgrade')).toMatchObject({ status: 0 });
    pair();
    spawnSync('mv', [host.logfile, `${host.logfile}.0`]);
    host.kill(host.supervisorPidfile, 'SIGHUP');
    await host.until(() => existsSync(host.logfile));
    await run('lookup', 'nobody@example.jp', '--server', host.server);
    await host.until(() => host.wrote('nobody@example.jp'));
  });

  test('brings what a reload does not, such as another flag', async () => {
    await started();
    host.writeRcConf({ cyrusmapd_flags: '--log-level debug' });
    expect(await host.service('upgrade')).toMatchObject({ status: 0 });
    pair();
    await answers();
    await host.until(() => host.said('found') > 0);
  });

  test.each(['13', '14'])(
    'leaves the old one and its supervisor in charge where the new one cannot start, on FreeBSD %s',
    async (version) => {
      const old = await started('dash', version);
      const { load, faults } = asking(host);
      // Not seen by configtest: a flag.
      host.writeRcConf({ cyrusmapd_flags: '--listen unix:/nonexistent/socketmap' });
      for (const command of ['upgrade', 'restart'])
        expect(await host.service(command)).toMatchObject({
          status: 1,
          stderr: expect.stringContaining('the old cyrusmapd goes on as it was'),
        });
      load.abort();
      expect(await faults).toEqual([]);
      await isWhole(old);
    },
  );

  test('leaves the old one in charge where the new one is not done in time', async () => {
    const old = await started();
    host.writeRcConf({ cyrusmapd_start_timeout: '1' });
    // It stands still before it begins.
    const main = `${host.root}/usr/local/lib/node_modules/cyrusmapd/dist/cyrusmapd.js`;
    const text = readFileSync(main, 'utf8');
    const waits = `if (process.argv.includes('--takeover')) await new Promise((go) => setTimeout(go, 60_000));`;
    writeFileSync(main, text.replace('\n', `\n${waits}\n`));
    expect(await host.service('upgrade')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('has not taken over in time'),
    });
    writeFileSync(main, text);
    await isWhole(old);
  });

  test('leaves the old one in charge where daemon(8) does not start', async () => {
    const old = await started();
    const daemon = `${host.root}/sbin/daemon`;
    const text = readFileSync(daemon, 'utf8');
    writeFileSync(daemon, `#!/bin/sh\ncase "$*" in *next*) exit 1 ;; esac\n${text}`);
    expect(await host.service('upgrade')).toMatchObject({ status: 1 });
    writeFileSync(daemon, text);
    await isWhole(old);
  });

  test('meets a bad configuration before it begins', async () => {
    const old = await started();
    host.writeConfig('no_such_key = 1\n');
    const { status, stdout, stderr } = await host.service('upgrade');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('no_such_key is not a key');
    host.writeConfig('');
    await isWhole(old);
  });

  test('has nothing to upgrade where it does not run, and restarts all the same', async () => {
    host = new RcHost('dash');
    expect(await host.service('upgrade')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('not running'),
    });
    expect(await host.service('restart')).toMatchObject({ status: 0 });
    pair();
  });

  test('ends with one daemon and one supervisor where two upgrades begin at once', async () => {
    const old = await started();
    const { load, faults } = asking(host);
    const both = await Promise.all([host.service('upgrade'), host.service('upgrade')]);
    expect(both.map(({ status }) => status)).toContain(0);
    load.abort();
    expect(await faults).toEqual([]);
    await gone(old.supervisor);
    await expect.poll(() => supervisors(host.root)).toEqual([pair().supervisor]);
    expect(left()).toEqual([]);
    expect(await answers()).toBe(`OK ${ALICE}\n`);
  });

  test('takes no notice of the lock of an upgrade that was killed', async () => {
    await started();
    const { pid } = spawnSync('true');
    symlinkSync(String(pid), `${dirname(host.childPidfile)}/upgrade`);
    expect(await host.service('upgrade')).toMatchObject({ status: 0, stderr: '' });
    pair();
    expect(left()).toEqual([]);
  });

  describe('stops and starts at a restart, and says why,', () => {
    async function restarts(reason: string): Promise<void> {
      const before = pair();
      expect(await host.service('upgrade')).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(reason),
      });
      expect(pair()).toEqual(before);
      const { status, stdout, stderr } = await host.service('restart');
      expect({ status, stdout }).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('meanwhile nobody listens'),
      });
      expect(stderr).toContain(reason);
      expect(pair().supervisor).not.toBe(before.supervisor);
      await gone(before.child);
      expect(await answers()).toBe(`OK ${ALICE}\n`);
    }

    test('where daemon(8) is that of FreeBSD 12', async () => {
      host = new RcHost('dash', '12.1');
      expect(await host.service('start')).toMatchObject({ status: 0 });
      await restarts('too old');
    });

    test('where the running daemon is of a release before takeovers', async () => {
      host = new RcHost('dash');
      const main = `${host.root}/usr/local/lib/node_modules/cyrusmapd/dist/cyrusmapd.js`;
      const text = readFileSync(main, 'utf8');
      writeFileSync(main, text.replaceAll(/(GET|POST) \/takeover"/g, '$1 /unheard"'));
      expect(await host.start()).toMatchObject({ status: 0 });
      writeFileSync(main, text);
      await restarts('of a release before takeovers');
    });

    test('where the running daemon has no control socket', async () => {
      host = new RcHost('dash');
      const text = readFileSync(host.config, 'utf8');
      writeFileSync(host.config, text.replace(/\[admin\]\nlisten = .*\n/, ''));
      expect(await host.start()).toMatchObject({ status: 0 });
      writeFileSync(host.config, text);
      await restarts('no daemon answers at');
    });

    test('where the running daemon does not answer', { timeout: 60_000 }, async () => {
      await started();
      host.kill(host.childPidfile, 'SIGSTOP');
      host.writeRcConf({ cyrusmapd_stop_timeout: '1' });
      const before = pair();
      const { status, stderr } = await host.service('restart');
      expect(stderr).toContain('is killed');
      expect(status).toBe(0);
      expect(pair().supervisor).not.toBe(before.supervisor);
    });

    test.skipIf(userInfo().uid !== 0)('where the running daemon has another user', async () => {
      await started();
      if (host.user === userInfo().username) return;
      host.writeRcConf({ cyrusmapd_user: 'root', cyrusmapd_group: 'root' });
      chmodSync(host.config, 0o644);
      await restarts('runs as another user than root');
    });
  });
});

/** Asks on a new connection each time, as the SMTP sessions do that come. @returns what was no OK */
function asking(host: RcHost): { readonly load: AbortController; readonly faults: Promise<string[]> } {
  const load = new AbortController();
  const ask = async (): Promise<string[]> => {
    const faults: string[] = [];
    while (!load.signal.aborted) {
      try {
        const client = await SocketmapConnection.connect(parseEndpoint(host.server));
        const { status } = await client.lookup('cyrus', ALICE);
        if (status !== 'OK') faults.push(status);
        client.close();
      } catch (error) {
        faults.push(String(error));
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return faults;
  };
  return { load, faults: ask() };
}

/** The doubles of daemon(8) of this host: the first process of each has gone, and their children do not say so. */
function supervisors(root: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
        return environment.includes(`RC_CONF=${root}/`) && environment.includes('DAEMON_DOUBLE_SUPERVISOR=');
      } catch {
        return false;
      }
    });
}

function alive(pid: number | undefined): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid ?? 0)]);
  return /^[^Z\s]/.test(stdout.toString());
}

async function gone(pid: number | undefined): Promise<void> {
  await expect.poll(() => alive(pid), { timeout: 15_000, interval: 50 }).toBe(false);
}

function end(pid: number | undefined): void {
  if (pid !== undefined && pid !== process.pid && alive(pid)) process.kill(pid, 'SIGKILL');
}

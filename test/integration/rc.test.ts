// rc.d/cyrusmapd under our doubles of rc.subr(8) and daemon(8), by the two shells nearest to FreeBSD's sh.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from './cyrusmapd-process.js';
import { RcHost } from './rc-host.js';
import { lacks } from './tools.js';

const UNKNOWN_KEY = 'no_such_key = 1\n';

describe.skipIf(lacks('dash', 'busybox', 'ps')).each(['dash', 'busybox ash'])(
  'rc.d/cyrusmapd by %s',
  (shell) => {
    let host: RcHost;

    beforeEach(() => {
      host = new RcHost(shell);
    });
    afterEach(() => host.remove());

    async function answer(key: string): Promise<string> {
      return (await run('lookup', key, '--server', host.server)).stdout.trim();
    }

    test('starts a daemon that answers, and says so', async () => {
      const { status, stdout, stderr } = await host.start();
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'Starting cyrusmapd.\n', stderr: '' });
      expect(await answer('alice@example.jp')).toBe('OK alice@example.jp');

      const supervisor = host.pidIn(host.supervisorPidfile);
      expect(await host.service('status')).toMatchObject({
        status: 0,
        stdout: `cyrusmapd is running as pid ${supervisor}.\n`,
      });
      expect(processOf(host.pidIn(host.childPidfile))).toMatchObject({ parent: supervisor, user: host.user });
      expect(processOf(supervisor)).toMatchObject({
        user: host.user,
        title: `daemon: cyrusmapd[${supervisor}]`,
      });
    });

    test('makes folders that only its user can write', async () => {
      await host.start();
      const owner = Number(spawnSync('id', ['-u', host.user]).stdout);
      for (const [folder, mode] of [
        ['run/cyrusmapd', 0o755],
        ['run/cyrusmapd-events', 0o750],
        ['db/cyrusmapd', 0o750],
      ] as const) {
        const stat = statSync(`${host.root}/var/${folder}`);
        expect([stat.mode & 0o777, stat.uid]).toEqual([mode, owner]);
      }
      expect(statSync(host.logfile).mode & 0o777).toBe(0o640);
    });

    test('repairs a folder that others could write', async () => {
      await host.start();
      await host.service('stop');
      chmodSync(`${host.root}/var/run/cyrusmapd`, 0o777);
      await host.start();
      expect(statSync(`${host.root}/var/run/cyrusmapd`).mode & 0o777).toBe(0o755);
    });

    test('does not start a second time', async () => {
      await host.start();
      const before = host.pidIn(host.supervisorPidfile);
      const { status, stdout } = await host.service('start');
      expect({ status, stdout }).toEqual({
        status: 1,
        stdout: `cyrusmapd already running?  (pid=${before}).\n`,
      });
      expect(host.pidIn(host.supervisorPidfile)).toBe(before);
    });

    test('stops the supervisor and the daemon, and leaves no pid file and no socket behind', async () => {
      await host.start();
      const pids = [host.pidIn(host.supervisorPidfile), host.pidIn(host.childPidfile)];
      expect(await host.service('stop')).toMatchObject({ status: 0 });
      expect(pids.map(processOf)).toEqual([undefined, undefined]);
      expect(host.said('stopped')).toBe(1);
      expect([host.supervisorPidfile, host.childPidfile].filter(existsSync)).toEqual([]);
      expect(existsSync(host.server.slice('unix:'.length))).toBe(false);

      expect(await host.service('status')).toMatchObject({
        status: 1,
        stdout: 'cyrusmapd is not running.\n',
      });
      expect(await host.service('stop')).toMatchObject({ status: 1 });
    });

    test('reads its configuration again at reload, in the same process', async () => {
      await host.start();
      const child = host.pidIn(host.childPidfile);
      expect(await answer('bob@example.jp')).toBe('NOTFOUND Mailbox does not exist');

      host.writeList('alice@example.jp', 'bob@example.jp');
      expect(await host.service('reload')).toMatchObject({ status: 0, stdout: 'Reloading cyrusmapd.\n' });
      await host.until(() => host.said('reloaded') === 1);
      expect(await answer('bob@example.jp')).toBe('OK bob@example.jp');
      expect(host.pidIn(host.childPidfile)).toBe(child);
    });

    test('has nothing to reload where it does not run', async () => {
      expect(await host.service('reload')).toMatchObject({ status: 1 });
    });

    test('signals nobody where the pid file of the daemon names another process', async () => {
      await host.start();
      const child = host.pidIn(host.childPidfile);
      writeFileSync(host.childPidfile, String(process.pid));
      const hangups: NodeJS.Signals[] = [];
      const onHangup = (signal: NodeJS.Signals): void => void hangups.push(signal);
      process.on('SIGHUP', onHangup);
      const { status, stderr } = await host.service('reload');
      process.off('SIGHUP', onHangup);
      writeFileSync(host.childPidfile, String(child));
      expect({ status, hangups }).toEqual({ status: 0, hangups: [] });
      expect(stderr).toContain('is just being restarted');
    });

    test('takes no notice of a pid file that is left over from another process', async () => {
      await host.start();
      await host.service('stop');
      for (const file of [host.supervisorPidfile, host.childPidfile])
        writeFileSync(file, String(process.pid));
      handOver(host);
      expect(await host.service('status')).toMatchObject({
        status: 1,
        stdout: 'cyrusmapd is not running.\n',
      });
      expect(await host.start()).toMatchObject({ status: 0 });
      expect(await answer('alice@example.jp')).toBe('OK alice@example.jp');
    });

    test('does not start with a bad configuration, and says what is wrong with it', async () => {
      host.writeConfig(UNKNOWN_KEY);
      const { status, stderr } = await host.service('start');
      expect(status).toBe(1);
      expect(stderr).toContain(`${host.config}:1: no_such_key is not a key`);
      expect(stderr).toContain('is not usable');
      expect(existsSync(host.supervisorPidfile)).toBe(false);
    });

    test('does not start without a configuration', async () => {
      host.writeRcConf({ cyrusmapd_config: '/nonexistent.toml' });
      const { status, stderr } = await host.service('start');
      expect(status).toBe(1);
      expect(stderr).toContain('/nonexistent.toml is not readable.');
    });

    test.skipIf(userInfo().uid !== 0)(
      'does not start with a configuration that its user cannot read',
      async () => {
        chmodSync(host.config, 0o600);
        const { status, stderr } = await host.service('start');
        if (host.user === userInfo().username) expect(status).toBe(0);
        else
          expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('EACCES') });
      },
    );

    test.each(['restart', 'reload', 'configtest'])(
      'goes on where %s meets a bad configuration',
      async (command) => {
        await host.start();
        const child = host.pidIn(host.childPidfile);
        host.writeConfig(UNKNOWN_KEY);
        const { status, stderr } = await host.service(command);
        expect(status).toBe(1);
        expect(stderr).toContain('no_such_key is not a key');
        expect(host.pidIn(host.childPidfile)).toBe(child);
        expect(await answer('alice@example.jp')).toBe('OK alice@example.jp');
      },
    );

    test('says nothing about a good configuration', async () => {
      expect(await host.service('configtest')).toEqual({ status: 0, stdout: '', stderr: '' });
    });

    test('restarts', async () => {
      await host.start();
      const before = host.pidIn(host.supervisorPidfile);
      expect(await host.service('restart')).toMatchObject({ status: 0 });
      await host.until(() => host.said('listening') === 2);
      expect(host.pidIn(host.supervisorPidfile)).not.toBe(before);
      expect(await answer('alice@example.jp')).toBe('OK alice@example.jp');
    });

    test('is started again by its supervisor after a crash, and can be reloaded and stopped then', async () => {
      await host.start();
      const crashed = host.kill(host.childPidfile, 'SIGKILL');
      await host.until(() => host.said('listening') === 2);
      expect(host.pidIn(host.childPidfile)).not.toBe(crashed);
      expect(await answer('alice@example.jp')).toBe('OK alice@example.jp');
      expect(await host.service('reload')).toMatchObject({ status: 0 });
      await host.until(() => host.said('reloaded') === 1);
      expect(await host.service('stop')).toMatchObject({ status: 0 });
    });

    test('reloads one that has just been started again only once SIGHUP would not end it', async () => {
      await host.start();
      host.startSlowly();
      const crashed = host.kill(host.childPidfile, 'SIGKILL');
      await host.until(() => ![undefined, crashed].includes(host.pidIn(host.childPidfile)));
      const again = host.pidIn(host.childPidfile);
      expect(await host.service('reload')).toMatchObject({ status: 0 });
      await host.until(() => host.said('reloaded') === 1);
      expect(host.pidIn(host.childPidfile)).toBe(again);
    });

    test('writes to a new log after a rotation', async () => {
      await host.start();
      const rotated = `${host.logfile}.0`;
      renameSync(host.logfile, rotated);
      host.kill(host.supervisorPidfile, 'SIGHUP');
      await host.until(() => existsSync(host.logfile));
      await answer('nobody@example.jp');
      // The line of the lookup by which the start was seen may come to either.
      await host.until(() => host.wrote('nobody@example.jp'));
      expect(host.wrote('nobody@example.jp', rotated)).toBe(false);
    });

    test('gives its flags to the daemon, not to the supervisor', async () => {
      host.writeRcConf({ cyrusmapd_flags: '--log-level debug' });
      expect(await host.start()).toMatchObject({ status: 0 });
      await answer('alice@example.jp');
      await host.until(() => host.said('found') === 1);
    });

    test.each(['13', '14'])(
      'says of a daemon that cannot listen that it does not answer, and stops its restarts on FreeBSD %s',
      async (version) => {
        host.remove();
        host = new RcHost(shell, version);
        host.writeRcConf({ cyrusmapd_start_timeout: '2' });
        const taken = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
        await once(taken, 'listening');
        const { port } = taken.address() as AddressInfo;
        host.writeConfig('', `inet:${port}@127.0.0.1`);

        const started = await host.service('start');
        expect(started).toMatchObject({ status: 1, stderr: expect.stringContaining('does not answer') });
        const supervisor = host.pidIn(host.supervisorPidfile);
        expect(await host.service('status')).toMatchObject({
          status: 1,
          stdout: `cyrusmapd is running as pid ${supervisor}, but does not answer: see its log.\n`,
        });
        const begun = performance.now();
        expect(await host.service('stop')).toMatchObject({ status: 0 });
        // Not by chance, after many tries.
        expect(performance.now() - begun).toBeLessThan(10_000);
        expect(processOf(supervisor)).toBeUndefined();
        taken.close();
      },
    );

    test('kills what does not end in time, and says so', async () => {
      host.writeRcConf({ cyrusmapd_stop_timeout: '1' });
      await host.start();
      const pids = [host.pidIn(host.supervisorPidfile), host.kill(host.childPidfile, 'SIGSTOP')];
      const { status, stderr } = await host.service('stop');
      expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('is killed') });
      expect(pids.map(processOf)).toEqual([undefined, undefined]);
    });

    test.each([
      ['whose daemon(8) cannot reopen a file', '12.1', {}],
      ['where rc.conf says so', '13', { cyrusmapd_syslog: 'YES' }],
    ])('leaves the log to syslogd(8) %s', async (_, version, variables) => {
      host.remove();
      host = new RcHost(shell, version);
      host.writeRcConf(variables);
      expect(await host.service('start')).toMatchObject({ status: 0 });
      expect(await answer('alice@example.jp')).toBe('OK alice@example.jp');
      expect(host.said('listening')).toBe(0);
    });

    test('does nothing where it is not enabled', async () => {
      host.writeRcConf({ cyrusmapd_enable: 'NO' });
      const { status, stdout } = await host.service('start');
      expect(status).toBe(1);
      expect(stdout).toContain('Set cyrusmapd_enable to YES');
      expect(existsSync(host.supervisorPidfile)).toBe(false);
    });
  },
);

describe.skipIf(lacks('shellcheck'))('the shell scripts', () => {
  test.each(['rc.d/cyrusmapd', 'test/rc/rc.subr'])('%s has nothing that shellcheck warns of', (script) => {
    const path = new URL(`../../${script}`, import.meta.url).pathname;
    const { stdout, error } = spawnSync('shellcheck', ['--severity=style', path]);
    expect(error).toBeUndefined();
    expect(stdout.toString()).toBe('');
  });
});

/** Pid files belong to the service's user, as daemon(8) leaves them. */
function handOver(host: RcHost): void {
  const files = [host.supervisorPidfile, host.childPidfile];
  expect(spawnSync('chown', [host.user, ...files]).status).toBe(0);
}

function processOf(pid: number | undefined) {
  const { stdout } = spawnSync('ps', ['-ww', '-o', 'stat=,ppid=,user=,args=', '-p', String(pid ?? 0)]);
  const [state, parent, user, ...title] = stdout.toString().trim().split(/\s+/);
  return user === undefined || state?.startsWith('Z')
    ? undefined
    : { parent: Number(parent), user, title: title.join(' ') };
}

// docs/postfix-debian.md, pasted as it stands into a Debian host with systemd, Postfix and Cyrus: the package made here, the unit,
// the drop-in. Then what an administrator does with a service: reload, restart, upgrade, purge.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DebianHost } from '../containers/debian-host.js';
import { ImapAdmin } from '../containers/imap-admin.js';
import { SmtpClient, status } from '../containers/smtp.js';
import { apply, type Host } from '../mends/administrator.js';
import { PROVEN } from '../mends/proven.js';
import { GOOD_AGAIN, MAIN_CF_OF_BEFORE, MISTAKES } from './debian-host-mistakes.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = readFileSync(join(PROJECT, 'docs/postfix-debian.md'), 'utf8');
const SUITE = process.env['DEBIAN_HOST'] ?? 'bookworm';
const execute = promisify(execFile);

/** The blocks of a page, in their order. */
const blocksOf = (page: string): readonly string[] =>
  [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
const BLOCKS = blocksOf(PAGE);
const INSTALL = BLOCKS.findIndex((block) => block.startsWith('dpkg'));

type Found = { readonly check: string; readonly mend: string };

describe('a Debian host, set up by the page', () => {
  let host: DebianHost;
  let folder: string;
  let port: number;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'deb-'));
    const [, started] = await Promise.all([
      execute('deb/build', [folder], { cwd: PROJECT }),
      DebianHost.start(SUITE),
    ]);
    host = started;
    await execute('sh', ['-c', `cp ${folder}/*.deb ${folder}/cyrusmapd.deb`]);
    await host.copy(`${folder}/.`, '/root/');
    await host.run('rm cyrusmapd.deb');
    // Cyrus as packaged here lacks pop3, nntp and http, which its cyrus.conf starts all the same.
    await host.run(`sed -i -E 's/^(\\s*)(pop3|nntp|http)/\\1#\\2/' /etc/cyrus.conf`);
    await host.run('hostname mx.rig.test; printf secret | saslpasswd2 -p -c cyrus; chgrp sasl /etc/sasldb2');
    for (const block of BLOCKS.slice(0, INSTALL + 1)) await host.run(block);
    const admin = await ImapAdmin.login(await host.port(143), 'cyrus', 'secret');
    for (const name of ['postmaster', 'alice']) await admin.command(`CREATE user/${name}@example.jp`);
    for (const block of BLOCKS.slice(INSTALL + 1, -1)) await host.run(block);
    port = await host.port(25);
  });
  afterAll(async () => {
    await host?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const rcpt = async (...recipients: readonly string[]): Promise<string[]> => {
    const client = await SmtpClient.connect({ port });
    await client.ehlo();
    await client.command('MAIL FROM:<a@sender.test>');
    const replies: string[] = [];
    for (const recipient of recipients) replies.push(status(await client.command(`RCPT TO:<${recipient}>`)));
    await client.quit();
    return replies;
  };
  /** Postfix remembers for a while that the map could not be asked. */
  const eventually = async (recipient: string, wanted: string): Promise<void> =>
    expect.poll(async () => (await rcpt(recipient))[0], { timeout: 30_000 }).toBe(wanted);

  test('refuses who does not exist, and takes who does', async () => {
    expect(await rcpt('alice@example.jp', 'alice+lists@example.jp', 'nobody@example.jp')).toEqual([
      '250 2.1.5',
      '250 2.1.5',
      '550 5.1.1',
    ]);
  });

  test('prints what the page says at its end', async () => {
    const said = await host.run(`set +e\n${BLOCKS.at(-1)}`);
    expect(said).toBe('OK postmaster@example.jp\nNOTFOUND Mailbox does not exist');
  });

  test('knows its domains from the daemon, and relays for no other', async () => {
    expect(await rcpt('nobody@example.net', 'alice@example.org')).toEqual(['550 5.1.1', '454 4.7.1']);
  });

  test('delivers to Cyrus', async () => {
    await host.run(
      'printf "Subject: x\\n\\nx\\n" | sendmail -f a@sender.test alice@example.jp; postqueue -f',
    );
    const delivered = "grep -rlq 'Subject: x' /var/spool/cyrus/mail";
    await expect.poll(() => host.status(delivered), { timeout: 30_000 }).toBe(0);
  });

  test('runs as a user of its own, in a sandbox that systemd calls safe', async () => {
    expect(await host.run('stat -c %U "/proc/$(systemctl show -P MainPID cyrusmapd)"')).toBe('cyrusmapd');
    const verdict = await host.run('systemd-analyze security --no-pager cyrusmapd | tail -n 1');
    expect(verdict).toMatch(/: [0-2]\.\d OK/);
  });

  test('tells systemd that it is ready, and of each restart only then', async () => {
    expect(await host.run('systemctl show -P Type -P NotifyAccess -P StatusText cyrusmapd')).toContain(
      'socketmap',
    );
    await host.run('systemctl restart cyrusmapd');
    expect(
      await host.status(
        'cyrusmapd lookup alice@example.jp --server unix:/var/spool/postfix/cyrusmapd/socketmap',
      ),
    ).toBe(0);
    await eventually('alice@example.jp', '250 2.1.5');
  });

  test('refuses to reload a bad file, and says why, and goes on', async () => {
    await host.run('cp /etc/cyrusmapd.toml good.toml; echo nonsense = 1 >>/etc/cyrusmapd.toml');
    expect(await host.status('systemctl reload cyrusmapd')).not.toBe(0);
    expect(await host.run('journalctl --no-pager -u cyrusmapd')).toContain('nonsense is not a key');
    expect(await rcpt('alice@example.jp')).toEqual(['250 2.1.5']);
    await host.run('cat good.toml >/etc/cyrusmapd.toml; systemctl reload cyrusmapd');
  });

  test('is deferred by Postfix while it is stopped', async () => {
    await host.run('systemctl stop cyrusmapd');
    expect(await rcpt('alice@example.jp')).toEqual(['451 4.3.0']);
    await host.run('systemctl start cyrusmapd');
    await eventually('alice@example.jp', '250 2.1.5');
  });

  test.each([
    ['the copy that Cyrus made', 'db.backup'],
    ['what is on the disk', 'reconstruct'],
  ])('gets a lost list of mailboxes back from %s, as docs/troubleshooting.md says', async (_, words) => {
    const pages = blocksOf(readFileSync(join(PROJECT, 'docs/troubleshooting.md'), 'utf8'));
    const [block = 'false'] = pages.filter((each) => each.includes(words));
    // As Cyrus does it every 30 minutes.
    await host.run("su -s /bin/sh cyrus -c '/usr/lib/cyrus/bin/ctl_cyrusdb -c'");
    await host.run('systemctl stop cyrus-imapd; rm /var/lib/cyrus/mailboxes.db; systemctl start cyrus-imapd');
    await eventually('alice@example.jp', '451 4.3.0');
    await host.run(block);
    await eventually('nobody@example.jp', '550 5.1.1');
    await eventually('alice@example.jp', '250 2.1.5');
  });

  describe('doctor', () => {
    let administrator: Host;
    const findings = async (flags = ''): Promise<readonly Found[]> =>
      (
        JSON.parse(await host.run(`cyrusmapd doctor --json ${flags} || true`)) as {
          findings: readonly Found[];
        }
      ).findings;

    beforeAll(async () => {
      await host.run('mkdir doctor; cp -a /etc/postfix /etc/cyrusmapd.toml /etc/imapd.conf doctor/');
      administrator = {
        toml: '/etc/cyrusmapd.toml',
        read: (path) => host.run(`cat ${path}`),
        write: (path, text) => host.run(`cat >${path} <<'END'\n${text.trimEnd()}\nEND`),
        run: (command) => host.run(command),
      };
    });
    beforeEach(() => host.run(GOOD_AGAIN));
    afterAll(() => host.run(GOOD_AGAIN));

    test('is silent', async () => {
      expect(await findings()).toEqual([]);
    });

    test.each(MISTAKES)(
      'finds $check after: $plant, and mends it',
      async ({ check, plant, mend, flags, more = [] }) => {
        await host.run(`${plant}; ${MAIN_CF_OF_BEFORE}`);
        const found = await findings(flags);
        expect(found.map((each) => each.check)).toEqual([...more, check]);
        const said = found.at(-1)?.mend ?? '';
        if (mend === undefined) await apply(said, administrator);
        else await host.run(mend(said));
        await host.run(
          `${MAIN_CF_OF_BEFORE}; postfix check; systemctl reload postfix; systemctl reset-failed cyrusmapd || true; systemctl restart cyrusmapd`,
        );
        expect(await findings(flags)).toEqual([]);
        await eventually('alice@example.jp', '250 2.1.5');
        await eventually('nobody@example.jp', '550 5.1.1');
      },
    );

    test('has done each mend that is said to be proven here', () => {
      const done = new Set<string>(MISTAKES.map(({ check }) => check));
      expect([...done].sort()).toEqual([...PROVEN['system/debian-host']].sort());
    });
  });

  describe('at an upgrade of the package', () => {
    const main = (): Promise<string> => host.run('systemctl show -P MainPID cyrusmapd');
    const restarts = (): Promise<string> => host.run('systemctl show -P NRestarts cyrusmapd');
    const install = (): Promise<string> => host.run('dpkg --install next.deb');
    /** Lines of sed(1) for the program of another release. */
    const release = (version: string, program = ''): Promise<string> =>
      host.run(`rm -rf next; dpkg-deb -R cyrusmapd_*_all.deb next; cd next
        sed -i 's/^Version: .*/Version: ${version}/' DEBIAN/control
        sed -i 's/"version": "[^"]*"/"version": "${version}"/' usr/lib/cyrusmapd/package.json
        sed -i '${program}' usr/lib/cyrusmapd/dist/cyrusmapd.js
        cd ..; dpkg-deb -Zgzip -b next next.deb`);

    test(
      'is taken over from, unnoticed by Postfix, and watched over by systemd',
      { timeout: 120_000 },
      async () => {
        const folder = '/etc/systemd/system/cyrusmapd.service.d';
        await host.run(
          `printf '[Service]\nWatchdogSec=4s\n' >${folder}/watchdog.conf; systemctl daemon-reload`,
        );
        await host.run('systemctl restart cyrusmapd');
        await eventually('alice@example.jp', '250 2.1.5');
        const old = await main();
        await release('9.9.1');
        const session = await SmtpClient.connect({ port });
        await session.ehlo();
        await session.command('MAIL FROM:<a@sender.test>');
        const ask = async (name: string): Promise<string> =>
          status(await session.command(`RCPT TO:<${name}>`));
        expect(await ask('alice@example.jp')).toBe('250 2.1.5');

        let installing = true;
        const installed = install().finally(() => (installing = false));
        const heard = new Set<string>();
        while (installing) heard.add((await rcpt('alice@example.jp', 'nobody@example.jp')).join());
        await installed;
        expect([...heard]).toEqual(['250 2.1.5,550 5.1.1']);
        expect(await host.run('cyrusmapd version')).toContain('cyrusmapd 9.9.1,');
        const next = await main();
        expect([next === old, await restarts()]).toEqual([false, '0']);
        expect([await ask('alice@example.jp'), await ask('nobody@example.jp')]).toEqual([
          '250 2.1.5',
          '550 5.1.1',
        ]);
        await session.quit();

        // Postfix keeps its processes for a while, each with its connection. When they have gone the old one ends; two periods of
        // the watchdog pass: the service is what it was.
        await host.run('systemctl reload postfix');
        await expect.poll(() => host.status(`kill -0 ${old}`), { timeout: 60_000 }).not.toBe(0);
        await new Promise((resolve) => setTimeout(resolve, 9_000));
        expect([await main(), await restarts(), await host.status('systemctl is-active cyrusmapd')]).toEqual([
          next,
          '0',
          0,
        ]);
        await host.run(`kill -9 ${next}`);
        await expect.poll(restarts, { timeout: 20_000 }).toBe('1');
        await eventually('alice@example.jp', '250 2.1.5');
      },
    );

    test('goes on as it was where the new release does not come up at a reload', async () => {
      const old = await main();
      const program = '/usr/lib/cyrusmapd/dist/cyrusmapd.js';
      await host.run(`cp -p ${program} good.js
        sed '1a if (process.argv.includes("--takeover")) process.exit(3);' good.js >bad.js
        chmod 755 bad.js; mv bad.js ${program}`);
      expect(await host.status('systemctl reload cyrusmapd')).not.toBe(0);
      expect([await main(), await host.status('systemctl is-active cyrusmapd')]).toEqual([old, 0]);
      expect(await rcpt('alice@example.jp', 'nobody@example.jp')).toEqual(['250 2.1.5', '550 5.1.1']);
      await host.run(`mv good.js ${program}`);
    });

    test('is restarted where it is of a release before takeovers', async () => {
      await release('9.9.2', 's,\\(GET\\|POST\\) /takeover",\\1 /unheard",');
      // Stopped before: it could not say that it has taken over, which would be waited for.
      await host.run('systemctl stop cyrusmapd');
      await install();
      await host.run('systemctl start cyrusmapd');
      const old = await main();
      await release('9.9.3');
      await install();
      expect([(await main()) === old, await host.status('systemctl is-active cyrusmapd')]).toEqual([
        false,
        0,
      ]);
      expect(await host.run('cyrusmapd version')).toContain('cyrusmapd 9.9.3,');
      await eventually('alice@example.jp', '250 2.1.5');
    });
  });

  test('keeps its configuration over an upgrade, and goes with a purge', async () => {
    const before = await host.run('cat /etc/cyrusmapd.toml');
    await host.run('dpkg --install --force-confold cyrusmapd_*_all.deb');
    expect(await host.run('cat /etc/cyrusmapd.toml')).toBe(before);
    expect(await host.status('systemctl is-active cyrusmapd')).toBe(0);
    await host.run('dpkg --purge cyrusmapd');
    expect(await host.status('systemctl is-active cyrusmapd')).not.toBe(0);
    expect(
      await host.status('ls /usr/bin/cyrusmapd /usr/lib/cyrusmapd /etc/cyrusmapd.toml /var/lib/cyrusmapd'),
    ).not.toBe(0);
  });
});

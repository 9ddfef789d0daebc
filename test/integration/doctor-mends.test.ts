// Each mistake in our own configuration, and around our socket, is mended as doctor prints it: the daemon starts from the file
// that comes of it, and the finding is gone. Those of Cyrus, Sendmail and Postfix are proven on these themselves.
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { apply, type Host } from '../mends/administrator.js';
import { PROVEN } from '../mends/proven.js';
import { DoctorHost } from './doctor-host.js';

type Report = { readonly findings: readonly { readonly check: string; readonly mend: string }[] };
type Plant = (host: DoctorHost) => void;
type Mistake = readonly [check: string, what: string, plant: Plant, daemon?: 'stopped' | 'restarted'];

const PUSHED = 'event_notifier: external\nevent_groups: mailbox\nnotifysocket: dlist:';

const MISTAKES: readonly Mistake[] = [
  [
    'backchannel.canary',
    'no canary',
    (host) => host.edit('cyrusmapd.toml', 'canary = "postmaster@example.jp"', ''),
  ],
  ['backchannel.maxchild', 'few lmtpd', (host) => host.edit('cyrus.conf', 'maxchild=20', 'maxchild=2')],
  ['cyrus.refused', 'half a line', (host) => host.edit('cyrus.conf', '\n}', '\n  imap cmd="imapd\n}')],
  [
    'cyrus.smmapd',
    'smmapd on our socket',
    (host) => host.edit('cyrus.conf', '}', `  smmap cmd="smmapd" listen="${host.socket}"\n}`),
  ],
  [
    'imapd.defaultdomain',
    'a default domain that we do not know',
    (host) => pushed(host, '', 'defaultdomain: example.org'),
  ],
  [
    'imapd.servername',
    'another server',
    (host) => pushed(host, 'server_names = ["a.example.jp"]\n', 'servername: b.example.jp'),
  ],
  ['imapd.downcase', 'no folding in Cyrus', (host) => host.append('imapd.conf', 'lmtp_downcase_rcpt: 0')],
  [
    'imapd.eightbit',
    '8-bit local parts',
    (host) => {
      host.append('cyrusmapd.toml', '[lookup]\neight_bit = "reject"');
      host.append('imapd.conf', 'lmtp_strict_rfc2821: no');
    },
  ],
  [
    'imapd.overquota',
    'full mailboxes refused by Cyrus',
    (host) => host.append('imapd.conf', 'lmtp_over_quota_perm_failure: yes'),
  ],
  [
    'imapd.overquota',
    'full mailboxes refused by us',
    (host) => host.append('cyrusmapd.toml', '[lookup]\nover_quota = "reject"'),
  ],
  ['imapd.postuser', 'another postuser', (host) => host.append('imapd.conf', 'postuser: post')],
  [
    'imapd.virtdomains',
    'no virtual domains in Cyrus',
    (host) => host.edit('imapd.conf', 'virtdomains: userid', 'virtdomains: off'),
  ],
  [
    'proof.negative',
    'a "no" that nothing ends',
    (host) => host.append('cyrusmapd.toml', '[cache]\nnegative_ttl = "60s"'),
  ],
  [
    'proof.directory',
    'a list that cannot be held',
    (host) =>
      host.append(
        'cyrusmapd.toml',
        `[cyrus]\ndirectory = true\n[admin]\nlisten = "unix:${host.path('run/control')}"`,
      ),
    'restarted',
  ],
  [
    'socket.link',
    'a link in the place of the socket',
    ({ socket }) => {
      renameSync(socket, `${socket}.real`);
      symlinkSync(`${socket}.real`, socket);
    },
  ],
  ['socket.mode', 'a socket that its owner may not write to', ({ socket }) => chmodSync(socket, 0o440)],
  ['socket.silent', 'no daemon', () => undefined, 'stopped'],
];

const ROWS = MISTAKES.map(([check, what, plant, daemon]) => ({ check, what, plant, daemon }));

describe('a mend of doctor', () => {
  let host: DoctorHost;

  beforeAll(async () => {
    host = await DoctorHost.start();
    mkdirSync(host.path('run/events'), { recursive: true });
  });
  beforeEach(async () => {
    await host.stopDaemon();
    rmSync(`${host.socket}.real`, { force: true });
    host.mend();
    await host.startDaemon();
  });
  afterAll(() => host.stop());

  const findings = async () => (JSON.parse((await host.doctor('--json')).stdout) as Report).findings;

  function administrator(): Host {
    return {
      toml: host.path('cyrusmapd.toml'),
      read: (path) => readFileSync(path, 'utf8'),
      write: (path, text) => writeFileSync(path, text),
      run: async (command) => {
        if (!command.startsWith('service cyrusmapd ')) return void execFileSync('sh', ['-euc', command]);
        if (command.endsWith(' restart')) await host.stopDaemon();
        return host.startDaemon();
      },
    };
  }

  test.each(ROWS)('for $check: $what', async ({ check, plant, daemon }) => {
    plant(host);
    if (daemon !== undefined) await host.stopDaemon();
    if (daemon === 'restarted') await host.startDaemon();
    const [found, ...more] = await findings();
    expect([found?.check, ...more.map((each) => each.check)]).toEqual([check]);
    await apply(found?.mend ?? '', administrator());
    await host.stopDaemon();
    await host.startDaemon();
    expect(await findings()).toEqual([]);
  });

  test('was done for each finding that is said to be proven here', () => {
    const done = new Set(MISTAKES.map(([check]) => check));
    expect([...done].sort()).toEqual([...PROVEN['integration/doctor-mends']].sort());
  });
});

/** A daemon that listens for events, and a Cyrus that pushes them. */
function pushed(host: DoctorHost, keys: string, option: string): void {
  const socket = host.path('run/events/socket');
  host.append('cyrusmapd.toml', `[events]\nlisten = "unix:${socket}"\n${keys}`);
  host.append('imapd.conf', `${PUSHED}${socket}\n${option}`);
}

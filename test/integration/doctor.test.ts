// `cyrusmapd doctor` on a whole host with one mistake at a time, and on a good one.
import { chmodSync, symlinkSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DoctorHost } from './doctor-host.js';

type Report = {
  readonly findings: readonly { readonly check: string; readonly where: string; readonly what: string }[];
  readonly unseen: readonly { readonly what: string; readonly why: string }[];
};

type Mistake = readonly [check: string, what: string, plant: (host: DoctorHost) => void];

const MISTAKES: readonly Mistake[] = [
  ['sendmail.socketmap', 'Sendmail without SOCKETMAP', (host) => host.compileWithout('SOCKETMAP')],
  ['sendmail.tempfail', 'a map without -T', (host) => host.edit('sendmail.cf', '-a<OK> -T<TMPF>', '-a<OK>')],
  ['sendmail.optional', 'a map with -o', (host) => host.edit('sendmail.cf', 'socket', 'socket -o')],
  [
    'sendmail.timeout',
    'a map that waits less than we do',
    (host) => host.edit('sendmail.cf', 'socket', 'socket -d3'),
  ],
  [
    'sendmail.endpoint',
    'a map that asks elsewhere',
    (host) => host.edit('sendmail.cf', host.socket, '/var/imap/socket/smmapd'),
  ],
  [
    'domains.unrouted',
    'a virtual domain that is not routed',
    (host) => host.append('virtdomains', 'example.org'),
  ],
  [
    'domains.unaccepted',
    'a route for no virtual domain',
    (host) => host.edit('virtdomains', 'example.net\n', ''),
  ],
  [
    'domains.colon',
    'a route without its colon',
    (host) =>
      host.edit('mailertable', 'example.net\tmrs_cyrus_mailertable:', 'example.net\tmrs_cyrus_mailertable'),
  ],
  ['domains.relay', 'access with RELAY', (host) => host.append('access', 'example.jp\tRELAY')],
  [
    'domains.postmaster',
    'a domain without postmaster',
    (host) => host.removeMailbox('postmaster@example.net'),
  ],
  ['domains.outdated', 'a table that was not built again', (host) => host.outdate('mailertable')],
  ['socket.folder', 'a folder that its group can write', (host) => chmodSync(host.path('run'), 0o775)],
  [
    'cyrus.smmapd',
    'smmapd left on our socket',
    (host) => host.edit('cyrus.conf', '}', `  smmap cmd="smmapd" listen="${host.socket}"\n}`),
  ],
  [
    'backchannel.maxchild',
    'a Cyrus with few lmtpd',
    (host) => host.edit('cyrus.conf', 'maxchild=20', 'maxchild=2'),
  ],
  [
    'backchannel.canary',
    'no canary',
    (host) => host.edit('cyrusmapd.toml', 'canary = "postmaster@example.jp"', ''),
  ],
  [
    'fleet.down',
    'a Valkey that is away',
    (host) => host.append('cyrusmapd.toml', '[fleet]\nurl = "valkey://127.0.0.1:1"\npublish = "cyrus"'),
  ],
  ['imapd.catchall', 'a catch-all', (host) => host.append('imapd.conf', 'lmtp_catchall_mailbox: all')],
  [
    'imapd.autocreate',
    'autocreate',
    (host) => host.append('imapd.conf', 'autocreate_post: 1\nautocreate_quota: 0'),
  ],
  ['imapd.downcase', 'no folding in Cyrus', (host) => host.append('imapd.conf', 'lmtp_downcase_rcpt: 0')],
  [
    'imapd.virtdomains',
    'no virtual domains in Cyrus',
    (host) => host.edit('imapd.conf', 'virtdomains: userid', 'virtdomains: off'),
  ],
  ['imapd.separator', 'unixhierarchysep off', (host) => host.append('imapd.conf', 'unixhierarchysep: no')],
  [
    'imapd.overquota',
    'permanent refusal of full mailboxes',
    (host) => host.append('imapd.conf', 'lmtp_over_quota_perm_failure: yes'),
  ],
  ['imapd.strict', 'lmtp_strict_quota', (host) => host.append('imapd.conf', 'lmtp_strict_quota: yes')],
  ['sasldb.readers', 'a sasldb without reader slots', (host) => host.takeReaders(126)],
  ['sasldb.size', 'a sasldb that is full', (host) => host.fillSasldb(250)],
];

describe('cyrusmapd doctor', () => {
  let host: DoctorHost;

  beforeAll(async () => {
    host = await DoctorHost.start();
  });
  beforeEach(() => {
    host.mend();
    chmodSync(host.path('run'), 0o755);
  });
  afterAll(() => host.stop());

  async function report(...args: string[]): Promise<Report> {
    return JSON.parse((await host.doctor('--json', ...args)).stdout) as Report;
  }

  test('is silent on a good host', async () => {
    expect(await host.doctor()).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await report()).toEqual({ findings: [], unseen: [] });
  });

  test.each(MISTAKES)('finds %s: %s', async (check, _what, plant) => {
    plant(host);
    const { status, stdout } = await host.doctor('--json');
    const { findings, unseen } = JSON.parse(stdout) as Report;
    expect(findings.map((each) => each.check)).toEqual([check]);
    expect(unseen).toEqual([]);
    expect(status).toBe(1);
  });

  test('says what is wrong, why it matters, and the line that mends it', async () => {
    host.append('virtdomains', 'example.org');
    const [virtdomains, mailertable] = [host.path('virtdomains'), host.path('mailertable')];
    expect(await host.doctor()).toEqual({
      status: 1,
      stderr: '',
      stdout: `${virtdomains}: error: example.org is in ${virtdomains} but not in ${mailertable} [domains.unrouted]
  why:  its mail is relayed for anybody, without asking whether the mailbox exists
  mend: to ${mailertable} add: example.org\tmrs_cyrus_mailertable:; then makemap hash ${mailertable} < ${mailertable}
`,
    });
  });

  test('names the process that holds the reader slots', async () => {
    host.takeReaders(126);
    const [found] = (await report()).findings;
    expect(found?.what).toMatch(new RegExp(`^126 of 126 .* pid ${process.pid} \\(.+\\) 126 times$`));
  });

  test('says which listener nobody answers on, and which back-channel', async () => {
    host.edit('cyrusmapd.toml', `unix:${host.socket}`, `unix:${host.path('nobody')}`);
    host.edit('sendmail.cf', host.socket, host.path('nobody'));
    host.edit('cyrusmapd.toml', host.lmtp, `unix:${host.path('no-lmtpd')}`);
    const { findings, unseen } = await report();
    expect(findings.map(({ check, where }) => [check, where])).toEqual([
      ['socket.silent', `unix:${host.path('nobody')}`],
      ['backchannel.down', `unix:${host.path('no-lmtpd')}`],
    ]);
    expect(unseen.map(({ what }) => what)).toEqual(['postmaster@example.jp', 'postmaster@example.net']);
  });

  test('does not follow a link to the socket, as Sendmail does not', async () => {
    symlinkSync(host.socket, host.path('link'));
    host.edit('cyrusmapd.toml', host.socket, host.path('link'));
    host.edit('sendmail.cf', host.socket, host.path('link'));
    expect((await report()).findings.map(({ check }) => check)).toEqual(['socket.link']);
  });

  test('tells what it could not look at, and judges the rest', async () => {
    host.edit('sendmail.cf', `Kaccess hash -o -T<TMPF> ${host.path('access')}`, `Kaccess hash ${host.root}`);
    const { status, stdout, stderr } = await host.doctor('--sendmail', '/nonexistent');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toContain(`not looked at: ${host.root}: EISDIR`);
    expect(stderr).toContain(
      "not looked at: Sendmail's compile-time options: /nonexistent did not tell them",
    );
  });

  test('needs a configuration that can be used', async () => {
    host.append('cyrusmapd.toml', 'no_such_key = 1');
    const { status, stderr } = await host.doctor();
    expect(status).toBe(78);
    expect(stderr).toContain('no_such_key is not a key');
  });
});

// A host with nothing wrong, as the files that an administrator has, and a picture of it. A test plants its mistake
// in one of them.
import { toConfig } from '../../../src/config/convert.js';
import { readSettings, type TableOfFile } from '../../../src/config/read.js';
import { parseCyrusConf } from '../../../src/cyrus/conf/cyrus-conf.js';
import { imapdConfOf, type ImapdConf } from '../../../src/cyrus/conf/imapd-conf.js';
import { readSettings as readLines } from '../../../src/cyrus/conf/settings.js';
import { examine } from '../../../src/doctor/examine.js';
import type { Finding } from '../../../src/doctor/finding.js';
import type { Picture, Sasldb, SendmailPicture, SocketPath } from '../../../src/doctor/picture.js';
import { parseSendmailCf } from '../../../src/doctor/sendmail-cf.js';
import { parseVerified } from '../../../src/doctor/sendmail-verify.js';
import { parseClassFile, parseTable } from '../../../src/doctor/sendmail-tables.js';
import { DELIVERABLE } from '../../../src/validation/verdict.js';

export const SOCKET = '/var/run/cyrusmapd/socketmap';

export const SENDMAIL_CF = `Cwlocalhost mx.example.org
F{VirtHost}-o /etc/mail/virtdomains
CR$={VirtHost}
Kaccess hash -o -T<TMPF> /etc/mail/access
Kmailertable hash /etc/mail/mailertable
Kvirtuser hash -o /etc/mail/virtusertable
Kcyrus socket -a<OK> -T<TMPF> local:${SOCKET}
O DontBlameSendmail=safe
O AuthMechanisms=SCRAM-SHA-256 PLAIN
Mlocal,		P=/usr/libexec/mail.local
Mcyrusv2d,	P=[IPC], F=lsDFMnqXz1m,
	A=FILE /var/imap/socket/lmtp
`;

export const IMAPD_CONF = `# of a mail host
configdirectory: /var/imap
virtdomains: userid
unixhierarchysep: yes
lmtp_downcase_rcpt: yes
`;

export const CYRUS_CONF = `SERVICES {
  imap     cmd="imapd" listen="imap" prefork=0
  lmtpunix cmd="lmtpd" listen="/var/imap/socket/lmtp" prefork=1 maxchild=20
  # smmap  cmd="smmapd" listen="${SOCKET}"
}
EVENTS {
  checkpoint cmd="ctl_cyrusdb -c" period=30
}
`;

export const SETTINGS = {
  socketmap: {},
  lookup: {},
  backchannel: {
    cyrus: { type: 'lmtp', endpoint: 'unix:/var/imap/socket/lmtp', canary: 'postmaster@example.jp' },
  },
};

/** Of root. */
export function folder(path: string, mode: number): SocketPath['folders'][number] {
  return { path, mode, uid: 0, gid: 0 };
}

export const GOOD_SOCKET: SocketPath = {
  path: SOCKET,
  file: 'socket',
  mode: 0o140660,
  uid: 0,
  gid: 0,
  folders: ['/', '/var', '/var/run', '/var/run/cyrusmapd'].map((path) => folder(path, 0o40755)),
};

export const GOOD_SAID = {
  ...parseVerified(
    'postmaster@example.jp... deliverable: mailer cyrusv2d, host dummy, user postmaster@example.jp\n' +
      'nobody@example.jp... User unknown\n',
    ['postmaster@example.jp', 'nobody@example.jp'],
  ),
  somebody: 'postmaster@example.jp',
  nobody: 'nobody@example.jp',
};

export const GOOD_SASLDB: Sasldb = {
  path: '/usr/local/etc/sasldb2',
  data: { mapBytes: 1_048_576, usedBytes: 40_960 },
  readers: { max: 126, holders: [100, 100, 101] },
  processes: new Map([
    [100, 'imapd: imap'],
    [101, 'sendmail: accepting connections'],
  ]),
};

export type Host = {
  readonly cf: string;
  readonly virtdomains: string;
  readonly mailertable: string;
  readonly access: string;
  readonly virtusertable: string;
  readonly imapd: string;
  readonly cyrus: string;
  readonly settings: TableOfFile;
  readonly sendmail: Partial<SendmailPicture>;
  readonly picture: Partial<Picture>;
};

const GOOD: Host = {
  cf: SENDMAIL_CF,
  virtdomains: '# one a line\nexample.jp\nexample.net\n',
  mailertable: 'example.jp\tmrs_cyrus_mailertable:\nexample.net\tmrs_cyrus_mailertable:\n',
  access: 'Connect:192.0.2.1\tRELAY\nspam.example\tREJECT\n',
  virtusertable: '',
  imapd: IMAPD_CONF,
  cyrus: CYRUS_CONF,
  settings: SETTINGS,
  sendmail: {},
  picture: {},
};

export function pictureOf(changes: Partial<Host>): Picture {
  const host = { ...GOOD, ...changes };
  const config = toConfig(readSettings(host.settings).values, '/usr/local/etc/cyrusmapd.toml', undefined);
  const table = (name: string, text: string) => ({
    path: `/etc/mail/${name}`,
    type: 'hash',
    entries: parseTable(text),
    built: 'current' as const,
  });
  return {
    config,
    sendmail: {
      cf: parseSendmailCf('/etc/mail/sendmail.cf', host.cf),
      program: '/usr/local/sbin/sendmail',
      missingClassFiles: [],
      mailerConf: [{ path: '/etc/mail/mailer.conf', line: 3, program: '/usr/local/sbin/sendmail' }],
      compiled: new Set(['SASLv2', 'SOCKETMAP', 'STARTTLS']),
      virtualDomains: parseClassFile(host.virtdomains),
      virtualDomainFile: '/etc/mail/virtdomains',
      localDomains: ['localhost', 'mx.example.org'],
      relayDomains: [],
      mailertable: table('mailertable', host.mailertable),
      access: table('access', host.access),
      virtusertable: table('virtusertable', host.virtusertable),
      ...host.sendmail,
    },
    imapdConf: imapdConf(host.imapd),
    cyrusConf: parseCyrusConf('/usr/local/etc/cyrus.conf', host.cyrus),
    sendmailSaid: GOOD_SAID,
    postfix: undefined,
    saslConf: {
      path: '/usr/local/lib/sasl2/Sendmail.conf',
      passwordCheck: { value: 'auxprop saslauthd', line: 1 },
    },
    sockets: [GOOD_SOCKET],
    sasldb: GOOD_SASLDB,
    listeners: config.socketmap.listen.map((endpoint) => ({ endpoint, error: undefined })),
    backchannels: config.backchannels.map((backchannel) => ({
      backchannel,
      error: undefined,
      canary: backchannel.type === 'lmtp' && backchannel.canaries.length > 0 ? DELIVERABLE : undefined,
      creation: undefined,
    })),
    postmasters: new Map([
      ['example.jp', DELIVERABLE],
      ['example.net', DELIVERABLE],
    ]),
    running: undefined,
    fleet: undefined,
    unseen: [],
    ...host.picture,
  };
}

export function findingsOf(changes: Partial<Host>): readonly Finding[] {
  return examine(pictureOf(changes));
}

export const IMAPD_PATH = '/usr/local/etc/imapd.conf';

/** As lmtpd reads it that runs as lmtpunix. */
export function imapdConf(text: string): ImapdConf {
  const lines = readLines(IMAPD_PATH, () => text);
  return imapdConfOf(IMAPD_PATH, lines, 'lmtpunix', []);
}

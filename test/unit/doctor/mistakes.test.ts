// Each mistake alone on a good host: doctor names it, and nothing else. Then what looks like one and is none.
import { describe, expect, test } from 'vitest';
import type { Standing } from '../../../src/doctor/ask-daemon.js';
import type { FleetAnswer } from '../../../src/doctor/ask-fleet.js';
import type { BackchannelAnswer, SocketPath } from '../../../src/doctor/picture.js';
import { deferred, OVERQUOTA, UNKNOWN } from '../../../src/validation/verdict.js';
import { parseVerified } from '../../../src/doctor/sendmail-verify.js';
import {
  CYRUS_CONF,
  findingsOf,
  folder,
  GOOD_SAID,
  GOOD_SASLDB,
  GOOD_SOCKET,
  IMAPD_CONF,
  pictureOf,
  SENDMAIL_CF,
  SETTINGS,
  SOCKET,
  type Host,
} from './good-host.js';

type Row = readonly [check: string, what: string, host: Partial<Host>];

const LMTP = SETTINGS.backchannel.cyrus;
const GROUP = folder('/var/run/cyrusmapd', 0o40775);
const WORLD = folder('/var/run', 0o41777);
const WITH_EVENTS = { ...SETTINGS, events: { listen: 'unix:/var/run/cyrusmapd/events' } };
const PUSHED = `event_notifier: external\nevent_groups: mailbox\nnotifysocket: dlist:/var/run/cyrusmapd/events`;
const FLEET_SEEN = { kind: 'seen', denied: [], excess: [], streams: [] } as const;
const AUTOCREATE = 'autocreate_post: yes\nautocreate_quota: 0';

const MISTAKES: readonly Row[] = [
  ['sendmail.socketmap', 'Sendmail without SOCKETMAP', { sendmail: { compiled: new Set(['MILTER']) } }],
  ['sendmail.map', 'no map of ours', cf(/^Kcyrus.*\n/m, '')],
  ['sendmail.endpoint', "the map of smmapd's socket", cf(SOCKET, '/var/imap/socket/smmapd')],
  ['sendmail.endpoint', 'a map with no endpoint at all', cf(`local:${SOCKET}`, 'nothing')],
  ['sendmail.endpoint', 'a TCP map on another port', tcp('inet:7861@127.0.0.1', 'inet:7860@127.0.0.1')],
  ['sendmail.tempfail', 'a map without -T', cf('Kcyrus socket -a<OK> -T<TMPF>', 'Kcyrus socket -a<OK>')],
  ['sendmail.tempfail', 'a map with another -T', cf('-a<OK> -T<TMPF>', '-a<OK> -T<LATER>')],
  ['sendmail.optional', 'a map with -o', cf('Kcyrus socket', 'Kcyrus socket -o')],
  ['sendmail.nodefer', 'a map with -t', cf('Kcyrus socket', 'Kcyrus socket -t')],
  ['sendmail.timeout', 'a -d of our deadline', cf('Kcyrus socket', 'Kcyrus socket -d5')],
  [
    'sendmail.timeout',
    'a -d below our deadline',
    { ...lookup({ deadline: '25s' }), ...cf('Kcyrus socket', 'Kcyrus socket -d20s') },
  ],
  [
    'domains.unrouted',
    'a virtual domain without a line in mailertable',
    { virtdomains: 'example.jp\nexample.net\nexample.org\n' },
  ],
  [
    'domains.unrouted',
    'no mailertable',
    { sendmail: { mailertable: undefined, virtualDomains: ['example.jp'] } },
  ],
  ['domains.unaccepted', 'a line in mailertable for no virtual domain', { virtdomains: 'example.jp\n' }],
  [
    'domains.colon',
    'a line in mailertable without its colon',
    { mailertable: 'example.jp mrs_cyrus_mailertable\nexample.net cyrusv2d:\n' },
  ],
  ['domains.relay', 'RELAY for a virtual domain', { access: 'example.jp RELAY\n' }],
  ['domains.relay', 'RELAY with a tag', { access: 'To:example.net\trelay\n' }],
  ['domains.relay', 'RELAY for the parent of a virtual domain', { access: 'jp RELAY\n' }],
  [
    'domains.postmaster',
    'a domain without postmaster',
    { picture: { postmasters: new Map([['example.net', UNKNOWN]]) } },
  ],
  ['domains.outdated', 'a table that was not built again', built('outdated')],
  ['domains.outdated', 'a table that was never built', built('missing')],
  ['socket.folder', 'a folder that its group can write', sockets({ folders: [GROUP] })],
  ['socket.folder', 'a folder that everybody can write', sockets({ folders: [WORLD] })],
  ['socket.link', 'a link in the place of the socket', sockets({ file: 'link' })],
  ['socket.link', 'a file in the place of the socket', sockets({ file: 'other' })],
  ['socket.mode', 'a socket that its owner cannot write', sockets({ mode: 0o140440 })],
  [
    'socket.silent',
    'no daemon',
    { picture: { listeners: [{ endpoint: { kind: 'unix', path: SOCKET }, error: 'ENOENT' }] } },
  ],
  ['mupdate.down', 'the master of a murder away', murder({ error: 'the mupdate master cannot be asked' })],
  [
    'mupdate.slave',
    'a slave instead of the master',
    murder({
      error: 'the mupdate server is a slave of mupdate://m.example.jp: only a master can be believed',
    }),
  ],
  ['mupdate.unnamed', 'a server of the murder that is not named', murder({ strangers: ['b3.example.jp'] })],
  ['backchannel.down', 'Cyrus away', answer({ error: 'ECONNREFUSED' })],
  [
    'backchannel.canary',
    'no canary',
    { settings: { ...SETTINGS, backchannel: { cyrus: { ...LMTP, canary: undefined } } } },
  ],
  ['backchannel.canary', 'a canary that does not exist', answer({ canary: UNKNOWN })],
  [
    'backchannel.canary',
    'a canary that Cyrus cannot tell of',
    answer({ canary: deferred('System I/O error') }),
  ],
  ['backchannel.catchall', 'a Cyrus that takes mail for everybody', answer({ creation: 'catch-all' })],
  [
    'backchannel.autocreate',
    'a Cyrus that makes mailboxes',
    answer({ creation: 'autocreate', canary: deferred('x') }),
  ],
  [
    'imapd.catchall',
    'a catch-all that shows twice',
    { ...answer({ creation: 'catch-all' }), ...imapd('lmtp_catchall_mailbox: all') },
  ],
  [
    'backchannel.maxchild',
    'most of lmtpd for us',
    { cyrus: CYRUS_CONF.replace('maxchild=20', 'maxchild=3') },
  ],
  ['backchannel.maxchild', 'all of lmtpd for us', { cyrus: CYRUS_CONF.replace('maxchild=20', 'maxchild=2') }],
  ['cyrus.smmapd', 'smmapd on our socket', { cyrus: CYRUS_CONF.replace('# smmap', 'smmap') }],
  ['sendmail.nomailer', 'no mailer for Cyrus', cf(/^Mcyrusv2d.*\n.*\n/m, '')],
  ['sendmail.mailertwice', 'a mailer that is defined twice', cf(/$/, 'Mcyrusv2d, P=[IPC]\n')],
  ['sendmail.mechanisms', 'quotes in the mechanisms', cf('SCRAM-SHA-256 PLAIN', "'SCRAM-SHA-256 PLAIN'")],
  [
    'sendmail.classfile',
    'a class file that is not there',
    { sendmail: { missingClassFiles: [{ name: 'w', path: '/etc/mail/local-host-names', line: 128 }] } },
  ],
  [
    'sendmail.wrapper',
    'dma in the place of Sendmail',
    { sendmail: { mailerConf: [{ path: '/etc/mail/mailer.conf', line: 3, program: '/usr/libexec/dma' }] } },
  ],
  [
    'sendmail.astray',
    'a mailbox whose mail goes elsewhere',
    said({ somebody: 'deliverable: mailer esmtp, host example.jp., user x' }),
  ],
  ['sendmail.astray', 'a mailbox that Sendmail refuses', said({ somebody: 'User unknown' })],
  [
    'sendmail.accepts',
    'a port older than March 2021',
    said({ nobody: 'deliverable: mailer esmtp, host example.jp., user x' }),
  ],
  [
    'sendmail.broken',
    'a Sendmail that does not start',
    { picture: { sendmailSaid: { verified: new Map(), broken: 'line 5: x', somebody: 'a', nobody: 'b' } } },
  ],
  [
    'sasl.saslauthd',
    'saslauthd, and accounts in sasldb',
    { picture: { saslConf: { path: '/S', passwordCheck: { value: 'saslauthd', line: 2 } } } },
  ],
  ['imapd.refused', 'an option that is set twice', imapd('a: 1\na: 2')],
  ['imapd.refused', 'a switch in capitals', imapd('lmtp_strict_quota: Yes')],
  ['imapd.refused', 'a line without a colon', imapd('hello')],
  ['imapd.refused', 'no configdirectory', { imapd: IMAPD_CONF.replace(/^configdirectory.*\n/m, '') }],
  ['cyrus.refused', 'an open quote', { cyrus: CYRUS_CONF.replace('cmd="imapd"', 'cmd="imapd') }],
  ['imapd.quotaevents', 'quota events', imapd('event_notifier: external\nevent_groups: mailbox quota')],
  ['proof.negative', 'a "no" that nothing ends', cache({ negative_ttl: '60s' })],
  ['proof.clock', 'a clock that was caught', running({ standing: 'off', reason: 'it stood still' })],
  ['proof.clock', 'a clock that may not look', running({ standing: 'limited', reason: 'no right' })],
  ['proof.deferring', 'a list that is missing', running({ standing: 'deferring', reason: 'it is missing' })],
  ['proof.directory', 'a directory that is off', heldList({ standing: 'off', reason: 'lmtpd says no' })],
  ['proof.directory', 'a directory that was not opened', heldList(undefined)],
  ['fleet.clear', 'a Valkey elsewhere, in clear', fleet(FLEET_SEEN, { url: 'valkey://valkey.example.jp' })],
  ['fleet.down', 'no Valkey', fleet({ kind: 'away', error: 'ECONNREFUSED' })],
  ['fleet.login', 'a password that Valkey refuses', fleet({ kind: 'refused', error: 'WRONGPASS' })],
  ['fleet.file', 'a password file that others can read', fleet({ kind: 'unread', error: 'mode 0644' })],
  [
    'fleet.denied',
    'a right that is missing',
    fleet({ ...FLEET_SEEN, denied: ['XREAD cyrusmapd:{a}:stream'] }),
  ],
  ['fleet.excess', 'rights that nobody needs', fleet({ ...FLEET_SEEN, excess: ['DBSIZE'] })],
  ['fleet.negative', 'a "no" that is remembered where it is followed', remembering('10s')],
  ['fleet.silent', 'no publisher', fleet(published('silent'))],
  ['fleet.twice', 'two publishers', fleet(published('contested'))],
  ['imapd.fuzzy', 'a fuzzy match', imapd('lmtp_fuzzy_mailbox_match: 1')],
  ['imapd.eightbit', '8-bit local parts', imapd('lmtp_strict_rfc2821: no')],
  ['imapd.domaincase', 'capitals in defaultdomain', imapd('defaultdomain: RIG.test')],
  ['imapd.autocreateusers', 'autocreate for some', imapd(`${AUTOCREATE}\nautocreate_users: bob`)],
  ['imapd.frontend', 'a frontend of a murder', imapd('mupdate_server: m.example.jp')],
  [
    'cyrus.replica',
    'a replica',
    { cyrus: CYRUS_CONF.replace('# smmap', 'sync cmd="sync_server" listen="csync"\n # x') },
  ],
  ['imapd.virtdomains', 'virtdomains off, behind blanks', imapd('virtdomains: \\\n  off')],
  ['imapd.postuser', "a postuser of lmtpd's own", imapd('postuser: a\nlmtpunix_postuser: b')],
  ['imapd.catchall', 'a catch-all', imapd('lmtp_catchall_mailbox: all')],
  ['imapd.autocreate', 'autocreate at delivery', imapd(AUTOCREATE)],
  ['imapd.downcase', 'Cyrus folds nothing', imapd('lmtp_downcase_rcpt: no')],
  ['imapd.downcase', 'we fold nothing', lookup({ downcase: false })],
  ['imapd.virtdomains', 'virtdomains off', imapd('virtdomains: off')],
  [
    'imapd.virtdomains',
    'virtdomains not set',
    { imapd: 'configdirectory: /var/imap\nunixhierarchysep: yes\n' },
  ],
  ['imapd.virtdomains', 'virtual domains unknown to us', lookup({ virtual_domains: false })],
  ['imapd.separator', 'unixhierarchysep off', imapd('unixhierarchysep: no')],
  ['imapd.postuser', 'another postuser', imapd('postuser: post')],
  ['imapd.overquota', 'full mailboxes refused by Cyrus alone', imapd('lmtp_over_quota_perm_failure: 1')],
  ['imapd.overquota', 'full mailboxes refused by us alone', lookup({ over_quota: 'reject' })],
  [
    'imapd.overquota',
    'full mailboxes of one domain refused by us alone',
    { settings: { ...SETTINGS, domain: { 'example.jp': { over_quota: 'reject' } } } },
  ],
  ['imapd.strict', 'lmtp_strict_quota', imapd('lmtp_strict_quota: yes')],
  ['imapd.events', 'events that nobody pushes', { settings: WITH_EVENTS }],
  [
    'imapd.events',
    'events to another socket',
    { settings: WITH_EVENTS, ...imapd(PUSHED.replace('/events', '/other')) },
  ],
  [
    'imapd.defaultdomain',
    'a default domain unknown to us',
    { settings: WITH_EVENTS, ...imapd(`${PUSHED}\ndefaultdomain: example.org`) },
  ],
  [
    'imapd.servername',
    'events of a server that is not expected',
    {
      settings: { ...SETTINGS, events: { ...WITH_EVENTS.events, server_names: ['b1.example.jp'] } },
      ...imapd(`${PUSHED}\nservername: b2.example.jp`),
    },
  ],
  ['sasldb.readers', 'most reader slots taken', readers(101)],
  ['sasldb.readers', 'all reader slots taken', readers(126)],
  [
    'sasldb.size',
    'a sasldb that is nearly full',
    { picture: { sasldb: { ...GOOD_SASLDB, data: { mapBytes: 1_000_000, usedBytes: 800_000 } } } },
  ],
];

/** What must stay silent although it resembles a mistake. */
const HARMLESS: readonly (readonly [what: string, host: Partial<Host>])[] = [
  ['a -d above our deadline', cf('Kcyrus socket', 'Kcyrus socket -d1m')],
  ['a map without the word local:', cf('local:', '')],
  ['a map with an empty type', cf('local:', ':')],
  ['a TCP map by another name of loopback', tcp('inet:7860@localhost', 'inet:7860@127.0.0.1')],
  ['two maps of ours', cf(/$/, `Kother socket -a<OK> -T<TMPF> unix:${SOCKET}\n`)],
  ['-o on another map', cf(/$/, 'Kother hash -o /etc/mail/other\n')],
  ['a line that is continued', cf('-a<OK> -T<TMPF> local', '-a<OK>\n\t-T<TMPF>\n\tlocal')],
  ['a Sendmail that could not be asked', { sendmail: { compiled: undefined } }],
  [
    'a virtual domain that is served by virtusertable',
    { virtdomains: 'example.jp\nexample.net\nother.test\n', virtusertable: '@other.test\tsomebody\n' },
  ],
  ['a virtual domain that is local too', { virtdomains: 'example.jp\nexample.net\nmx.example.org\n' }],
  [
    'a subdomain by a line for all of them',
    {
      virtdomains: 'example.jp\nexample.net\na.example.net\n',
      mailertable: 'example.jp mrs_cyrus_mailertable:\n.example.net cyrusv2d:\nexample.net cyrusv2d:\n',
    },
  ],
  [
    'a line in mailertable for another host',
    { mailertable: 'example.jp cyrusv2d:\nexample.net cyrusv2d:\nother.test smtp:[192.0.2.7]\n' },
  ],
  [
    'a domain that is relayed for',
    { virtdomains: 'example.jp\n', sendmail: { relayDomains: ['example.net'] } },
  ],
  ['RELAY for another domain', { access: 'example.com RELAY\nnet.example RELAY\n' }],
  ['RELAY for clients', { access: 'Connect:example.jp RELAY\n' }],
  ['a postmaster who is over quota', { picture: { postmasters: new Map([['example.jp', OVERQUOTA]]) } }],
  ['a sticky folder that is trusted', { ...sockets({ folders: [WORLD] }), ...blame('TrustStickyBit') }],
  [
    "a group's folder that is trusted",
    { ...sockets({ folders: [GROUP] }), ...blame('GroupWritableDirPathSafe') },
  ],
  ['no socket file, as far as the path goes', sockets({ file: 'missing', mode: 0 })],
  [
    'an unsafe path where there is no Sendmail',
    { picture: { sendmail: undefined, sockets: [{ ...GOOD_SOCKET, folders: [WORLD] }] } },
  ],
  [
    'smmapd on another socket',
    { cyrus: CYRUS_CONF.replace('# smmap', 'smmap').replace(SOCKET, '/var/imap/socket/smmapd') },
  ],
  ['lmtpd without a limit', { cyrus: CYRUS_CONF.replace(' maxchild=20', '') }],
  ['another service that is full', { cyrus: CYRUS_CONF.replace('prefork=0', 'maxchild=1') }],
  ['no cyrus.conf', { picture: { cyrusConf: undefined } }],
  ['no imapd.conf', { picture: { imapdConf: undefined } }],
  ['no sasldb', { picture: { sasldb: undefined } }],
  ['autocreate without its quota', imapd('autocreate_post: yes')],
  [
    'autocreate that is accepted',
    {
      ...imapd(AUTOCREATE),
      settings: { ...SETTINGS, backchannel: { cyrus: { ...LMTP, autocreate: 'accept' } } },
    },
  ],
  ['virtdomains by another word', imapd('virtdomains: on')],
  [
    'full mailboxes accepted',
    { ...lookup({ over_quota: 'ok' }), ...imapd('lmtp_over_quota_perm_failure: yes') },
  ],
  [
    'full mailboxes refused by both',
    { ...lookup({ over_quota: 'reject' }), ...imapd('lmtp_over_quota_perm_failure: yes') },
  ],
  ['the same postuser', { ...lookup({ post_user: 'post' }), ...imapd('postuser: post') }],
  ['events that are pushed', { settings: WITH_EVENTS, ...imapd(PUSHED) }],
  ['a default domain, without events', imapd('defaultdomain: example.org')],
  ['three quarters of the reader slots', readers(100)],
  [
    'a Sendmail that could not ask us',
    said({ somebody: 'deliverable: mailer *error*, host 4.3.0, user "451 later"' }),
  ],
  ['a Sendmail that was not asked', { picture: { sendmailSaid: undefined } }],
  [
    'no accounts in sasldb',
    {
      picture: {
        sasldb: undefined,
        saslConf: { path: '/S', passwordCheck: { value: 'saslauthd', line: 2 } },
      },
    },
  ],
  ['an option behind blanks', { imapd: IMAPD_CONF.replace('virtdomains', '   virtdomains') }],
  ['an option of another service', imapd('imap_postuser: b')],
  ["lmtpd's own option in the place of another", imapd('virtdomains: off\nlmtpunix_virtdomains: userid')],
  ['quota events that nobody is told', imapd('event_groups: mailbox quota')],
  [
    'capitals in a defaultdomain that nothing uses',
    { ...lookup({ virtual_domains: false }), ...imapd('virtdomains: no\ndefaultdomain: X') },
  ],
  ['a backend of a murder', imapd('mupdate_server: m\nproxyservers: cyrus')],
  ['all of a murder in one', imapd('mupdate_server: m\nmupdate_config: unified')],
  [
    'a primary that runs sync_server too',
    {
      ...imapd('sync_host: other'),
      cyrus: CYRUS_CONF.replace('# smmap', 'sync cmd="sync_server" listen="csync"\n # x'),
    },
  ],
  ['a "no" that is not remembered', cache({ negative_ttl: '0s' })],
  [
    'a "no" that events end',
    {
      ...imapd(PUSHED),
      settings: { ...WITH_EVENTS, cache: { negative_ttl: '60s' } },
    },
  ],
  ['a fleet that is well', fleet(published('heard'))],
  ['a Valkey on this machine, in clear', fleet(published('heard'), { url: 'valkey://localhost' })],
  ['a "no" that is not remembered where it is followed', remembering('0s')],
  ['a clock that vouches', running({ standing: 'vouching', reason: undefined })],
  ['a clock that was asked nothing yet', running({ standing: 'limited', reason: 'not looked at yet' })],
  ['a directory that is being loaded', heldList({ standing: 'loading', reason: 'not loaded yet' })],
  [
    '8-bit local parts that are deferred',
    { ...lookup({ eight_bit: 'temp' }), ...imapd('lmtp_strict_rfc2821: no') },
  ],
];

describe('doctor', () => {
  test('is silent on a good host', () => {
    expect(findingsOf({})).toEqual([]);
  });

  test.each(MISTAKES)('finds %s: %s', (check, _what, host) => {
    const found = findingsOf(host);
    expect(found.map((each) => each.check)).toEqual([check]);
    expect(found[0]).toMatchObject({ where: /./, what: /./, why: /./, mend: /./ });
  });

  test.each(HARMLESS)('is silent on %s', (_what, host) => {
    expect(findingsOf(host)).toEqual([]);
  });

  test('tells what is not yet an error from what is', () => {
    const severities = (host: Partial<Host>) => findingsOf(host).map(({ severity }) => severity);
    expect(severities(readers(101))).toEqual(['warning']);
    expect(severities(readers(126))).toEqual(['error']);
    expect(severities({ cyrus: CYRUS_CONF.replace('maxchild=20', 'maxchild=3') })).toEqual(['warning']);
    expect(severities({ cyrus: CYRUS_CONF.replace('maxchild=20', 'maxchild=2') })).toEqual(['error']);
  });

  test('names the file and the line', () => {
    const [found] = findingsOf(cf('Kcyrus socket', 'Kcyrus socket -o'));
    expect(found?.where).toBe('/etc/mail/sendmail.cf:7');
    expect(findingsOf({ access: 'spam.example REJECT\nexample.jp RELAY\n' })[0]?.where).toBe(
      '/etc/mail/access:2',
    );
    expect(findingsOf(imapd('virtdomains: off'))[0]?.where).toBe('/usr/local/etc/imapd.conf:5');
  });

  test('gives the line that mends it', () => {
    expect(findingsOf(cf('Kcyrus socket -a<OK> -T<TMPF>', 'Kcyrus socket -o -m'))[0]?.mend).toContain(
      `Kcyrus socket -m -a<OK> -T<TMPF> local:${SOCKET}`,
    );
    expect(findingsOf({ virtdomains: 'example.jp\nexample.net\nexample.org\n' })[0]?.mend).toBe(
      'to /etc/mail/mailertable add: example.org\tmrs_cyrus_mailertable:; then makemap hash /etc/mail/mailertable < /etc/mail/mailertable',
    );
    expect(findingsOf(sockets({ folders: [GROUP] }))[0]?.mend).toBe('chmod g-w /var/run/cyrusmapd');
  });

  test('names who holds the reader slots, those with most first', () => {
    const holders = [
      ...Array<number>(90).fill(100),
      ...Array<number>(20).fill(7),
      ...Array<number>(16).fill(101),
    ];
    const [found] = findingsOf({ picture: { sasldb: { ...GOOD_SASLDB, readers: { max: 126, holders } } } });
    expect(found?.what).toBe(
      '126 of 126 reader slots are taken, by pid 100 (imapd: imap) 90 times, pid 7 (ended) 20 times, ' +
        'pid 101 (sendmail: accepting connections) 16 times',
    );
  });

  test('finds them all at once', () => {
    const checks = findingsOf({
      ...cf('Kcyrus socket -a<OK> -T<TMPF>', 'Kcyrus socket -o -d3'),
      virtdomains: 'example.jp\nexample.org\n',
      access: 'example.jp RELAY\n',
      imapd: 'configdirectory: /var/imap\nunixhierarchysep: no\nlmtp_catchall_mailbox: all\n',
    }).map(({ check }) => check);
    expect(checks).toEqual([
      'sendmail.tempfail',
      'sendmail.optional',
      'sendmail.timeout',
      'domains.unrouted',
      'domains.unaccepted',
      'domains.relay',
      'imapd.catchall',
      'imapd.virtdomains',
      'imapd.separator',
    ]);
  });
});

function said(answers: { somebody?: string; nobody?: string }): Partial<Host> {
  const { somebody, nobody } = GOOD_SAID;
  const output = [
    `${somebody}... ${answers.somebody ?? `deliverable: mailer cyrusv2d, host dummy, user ${somebody}`}`,
    `${nobody}... ${answers.nobody ?? 'User unknown'}`,
  ].join('\n');
  return { picture: { sendmailSaid: { ...parseVerified(output, [somebody, nobody]), somebody, nobody } } };
}

function cf(from: string | RegExp, to: string): Partial<Host> {
  return { cf: SENDMAIL_CF.replace(from, to) };
}

function blame(option: string): Partial<Host> {
  return cf('DontBlameSendmail=safe', `DontBlameSendmail=${option}`);
}

function tcp(asked: string, listen: string): Partial<Host> {
  return { ...cf(`local:${SOCKET}`, asked), settings: { ...SETTINGS, socketmap: { listen: [listen] } } };
}

function imapd(lines: string): Partial<Host> {
  // In the place of lines with the same name, for Cyrus takes none twice.
  const names = lines.split('\n').map((line) => line.slice(0, line.indexOf(':') + 1));
  const kept = IMAPD_CONF.split('\n').filter(
    (line) => !names.some((name) => name !== '' && line.startsWith(name)),
  );
  return { imapd: `${kept.join('\n')}${lines}\n` };
}

function lookup(settings: object): Partial<Host> {
  return { settings: { ...SETTINGS, lookup: settings } };
}

function cache(settings: object): Partial<Host> {
  return { settings: { ...SETTINGS, cache: settings } };
}

function running(clock: Standing): Partial<Host> {
  return { picture: { running: { clock, directory: undefined } } };
}

function fleet(answer: FleetAnswer, keys: object = {}): Partial<Host> {
  const table = { url: 'valkeys://valkey.example.jp', publish: 'a', ...keys };
  return { settings: { ...SETTINGS, fleet: table }, picture: { fleet: answer } };
}

function remembering(ttl: string): Partial<Host> {
  const cyrus = { ...SETTINGS.backchannel.cyrus, stream: 'a' };
  const fleet = { url: 'valkeys://valkey.example.jp' };
  const heard = { ...FLEET_SEEN, streams: [{ name: 'a', role: 'follower', standing: 'heard' }] } as const;
  return {
    settings: { ...SETTINGS, backchannel: { cyrus }, fleet, cache: { negative_ttl: ttl } },
    picture: { fleet: heard },
  };
}

function published(standing: 'heard' | 'silent' | 'contested'): FleetAnswer {
  return { ...FLEET_SEEN, streams: [{ name: 'a', role: 'publisher', standing }] };
}

/** Where it is wanted. */
function heldList(directory: Standing | undefined): Partial<Host> {
  const clock = { standing: 'vouching', reason: undefined };
  return {
    settings: { ...SETTINGS, cyrus: { directory: true } },
    picture: { running: { clock, directory } },
  };
}

function sockets(changes: Partial<SocketPath>): Partial<Host> {
  return { picture: { sockets: [{ ...GOOD_SOCKET, ...changes }] } };
}

function answer(changes: Partial<BackchannelAnswer>): Partial<Host> {
  const { backchannels } = pictureOf({});
  return { picture: { backchannels: backchannels.map((each) => ({ ...each, ...changes })) } };
}

/** Of a second back-channel, the master of a murder. */
function murder(changes: Partial<BackchannelAnswer>): Partial<Host> {
  const settings = {
    ...SETTINGS,
    backchannel: {
      ...SETTINGS.backchannel,
      murder: {
        type: 'mupdate',
        endpoint: 'inet:3905@m.example.jp',
        user: 'mupdate',
        password_file: '/etc/password',
        servers: { 'b1.example.jp': 'cyrus' },
      },
    },
    domains: { '*': 'cyrus' },
  };
  const { backchannels } = pictureOf({ settings });
  const changed = backchannels.map((each) =>
    each.backchannel.type === 'mupdate' ? { ...each, ...changes } : each,
  );
  return { settings, picture: { backchannels: changed } };
}

function built(state: 'missing' | 'outdated'): Partial<Host> {
  const access = pictureOf({}).sendmail?.access;
  return access === undefined ? {} : { sendmail: { access: { ...access, built: state } } };
}

function readers(taken: number): Partial<Host> {
  const holders = Array<number>(taken).fill(100);
  return { picture: { sasldb: { ...GOOD_SASLDB, readers: { max: 126, holders } } } };
}

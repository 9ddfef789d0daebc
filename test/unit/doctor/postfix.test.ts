// Each mistake of a Postfix alone: doctor names it, and nothing else; and its good host.
import { describe, expect, test } from 'vitest';
import { askPostfix, type PostfixPicture } from '../../../src/doctor/ask-postfix.js';
import { checkPostfix } from '../../../src/doctor/check-postfix.js';
import { parseServices, socketMapsOf } from '../../../src/doctor/postfix-conf.js';
import type { Said } from '../../../src/doctor/run-program.js';
import type { SocketPath } from '../../../src/doctor/picture.js';
import type { TableOfFile } from '../../../src/config/read.js';
import { GOOD_SOCKET, pictureOf, SETTINGS } from './good-host.js';

const MAIN = {
  config_directory: '/etc/postfix',
  mydestination: 'mx.mail.test',
  queue_directory: '/var/spool/postfix',
  smtpd_reject_unlisted_recipient: 'yes',
  virtual_mailbox_domains: 'example.jp, example.net',
  virtual_mailbox_maps: 'socketmap:unix:cyrusmapd/socketmap:cyrus',
  virtual_transport: 'lmtp:unix:/run/cyrus/socket/lmtp',
};
const MASTER = `smtp       inet  n       -       y       -       -       smtpd
pickup     unix  n       -       y       60      1       pickup
lmtp       unix  -       -       n       -       -       lmtp
`;
const LISTEN = 'unix:/var/spool/postfix/cyrusmapd/socketmap';
/** Of the daemon's user, and of Postfix' group. */
const SHARED: SocketPath = {
  ...GOOD_SOCKET,
  path: LISTEN.slice('unix:'.length),
  uid: 50,
  gid: 110,
};

type Change = {
  readonly main?: Readonly<Record<string, string>>;
  readonly master?: string;
  readonly types?: string;
  readonly listen?: string;
  readonly answer?: Partial<Said>;
  readonly socket?: Partial<SocketPath>;
  /** More of our configuration. */
  readonly ours?: TableOfFile;
  /** What id(1) says of Postfix' user. */
  readonly id?: Partial<Said>;
};

async function findings({
  main,
  master = MASTER,
  types = 'hash socketmap',
  listen = LISTEN,
  answer,
  socket,
  id = {},
  ours = {},
}: Change) {
  const run = (program: string, args: readonly string[]): Promise<Said> => {
    if (program === 'postmap') return Promise.resolve({ status: 1, output: '', errors: '', ...answer });
    if (program === 'id') {
      const output = args[0] === '-u' ? '105\n' : '110 8\n';
      return Promise.resolve({ status: 0, output, errors: '', ...id });
    }
    const settings = Object.entries({ ...MAIN, ...main }).map(([name, value]) => `${name} = ${value}`);
    const outputs = new Map([
      ['-x', settings.join('\n')],
      ['-M', master],
    ]);
    return Promise.resolve({ status: 0, output: outputs.get(args[0] ?? '') ?? types, errors: '' });
  };
  const postfix: PostfixPicture | undefined = await askPostfix(run, []);
  const picture = pictureOf({ settings: { ...SETTINGS, socketmap: { listen: [listen] }, ...ours } });
  return checkPostfix({ ...picture, postfix, sockets: [{ ...SHARED, ...socket }] });
}

describe('doctor, of Postfix,', () => {
  test('is silent on a good host', async () => {
    expect(await findings({})).toEqual([]);
  });

  test.each<[string, string, Change]>([
    ['postfix.map', 'no map of ours', { main: { virtual_mailbox_maps: 'hash:/etc/postfix/mailboxes' } }],
    ['postfix.type', 'a Postfix without socketmap', { types: 'hash btree' }],
    [
      'postfix.proxy',
      'a map behind proxy:',
      { main: { virtual_mailbox_maps: `proxy:${MAIN.virtual_mailbox_maps}` } },
    ],
    ['postfix.endpoint', 'a path outside the chroot', { listen: 'unix:/run/cyrusmapd/socketmap' }],
    [
      'postfix.endpoint',
      'another path',
      { main: { virtual_mailbox_maps: 'socketmap:unix:other/socket:cyrus' } },
    ],
    ['postfix.class', 'a domain in two classes', { main: { mydestination: 'mx.mail.test, example.jp' } }],
    ['postfix.class', 'a domain that is relayed too', { main: { relay_domains: 'Example.NET' } }],
    ['postfix.transport', 'mail into files', { main: { virtual_transport: 'virtual' } }],
    [
      'postfix.lmtpchroot',
      'lmtp in the chroot',
      {
        master: MASTER.replace(
          '-       n       -       -       lmtp',
          '-       y       -       -       lmtp',
        ),
      },
    ],
    ['postfix.unlisted', 'unlisted recipients accepted', { main: { smtpd_reject_unlisted_recipient: 'no' } }],
    [
      'postfix.silent',
      'a socket that may not be used',
      { answer: { errors: 'postmap: fatal: Permission denied\n' } },
    ],
    [
      'postfix.silent',
      'a map over TCP where nobody listens',
      {
        main: { virtual_mailbox_maps: 'socketmap:inet:localhost:7:cyrus' },
        answer: { errors: 'postmap: fatal: Connection refused\n' },
      },
    ],
    [
      'postfix.map',
      'a map of ours for domains alone',
      { main: { virtual_mailbox_domains: MAIN.virtual_mailbox_maps, virtual_mailbox_maps: 'static:x' } },
    ],
    [
      'postfix.class',
      'a domain that we tell, in two classes',
      {
        main: { mydestination: 'example.jp', virtual_mailbox_domains: MAIN.virtual_mailbox_maps },
        ours: { domains: { 'example.jp': 'cyrus' } },
      },
    ],
    ['postfix.group', 'a socket of another group', { socket: { gid: 50 } }],
    ['postfix.group', 'a socket that its group may not write to', { socket: { mode: 0o140640 } }],
    ['postfix.group', 'a socket that its owner may not write to', { socket: { uid: 105, mode: 0o140066 } }],
    [
      'postfix.folder',
      'a folder that Postfix may not search',
      { socket: { folders: [{ path: '/run/c', mode: 0o40750, uid: 50, gid: 50 }] } },
    ],
  ])('finds %s: %s', async (check, _what, change) => {
    expect((await findings(change)).map((each) => each.check)).toEqual([check]);
  });

  test.each<[string, Change]>([
    [
      'no chroot, and the path as it is',
      {
        listen: 'unix:/run/s',
        master: MASTER.replace(' y       -       -       smtpd', ' n       -       -       smtpd'),
        main: { virtual_mailbox_maps: 'socketmap:unix:/run/s:cyrus' },
      },
    ],
    [
      'an absolute path below the chroot',
      { main: { virtual_mailbox_maps: 'socketmap:unix:/cyrusmapd/socketmap:cyrus' } },
    ],
    ['a map over TCP', { main: { virtual_mailbox_maps: 'socketmap:inet:localhost:7860:cyrus' } }],
    [
      'a daemon that defers',
      {
        answer: {
          errors: 'postmap: warning: socketmap:unix:/x:cyrus socketmap server temporary error: no\n',
        },
      },
    ],
    [
      'a policy service in the place of a map',
      {
        main: {
          virtual_mailbox_maps: '',
          smtpd_recipient_restrictions:
            'reject_unauth_destination, check_policy_service unix:cyrusmapd/policy',
        },
        ours: { policy: { listen: ['unix:/p'] }, domains: { 'example.jp': 'cyrus' } },
      },
    ],
    ['a socket for everybody', { socket: { gid: 50, mode: 0o140666 } }],
    [
      'a folder of one of its groups',
      { socket: { folders: [{ path: '/run/c', mode: 0o40750, uid: 50, gid: 8 }] } },
    ],
    ['a socket that is not there', { socket: { file: 'missing', gid: 0 } }],
    ['a user who is not known', { socket: { gid: 50 }, id: { status: 1 } }],
    ['a Postfix that runs as root', { socket: { gid: 50 }, id: { output: '0\n' } }],
    ['domains from a map', { main: { mydestination: 'hash:/x', virtual_mailbox_domains: 'hash:/x' } }],
    [
      'no map, and nobody on this machine to ask',
      { listen: 'inet:7860@127.0.0.1', main: { virtual_mailbox_maps: '' } },
    ],
  ])('is silent about %s', async (_what, change) => {
    expect(await findings(change)).toEqual([]);
  });

  test('gives the whole parameter anew, with other words of it kept', async () => {
    const maps = 'hash:/a, proxy:socketmap:unix:cyrusmapd/socketmap:cyrus';
    const [found] = await findings({ main: { virtual_mailbox_maps: maps } });
    expect(found?.mend).toBe(
      "postconf -e 'virtual_mailbox_maps = hash:/a, socketmap:unix:cyrusmapd/socketmap:cyrus'",
    );
  });

  test('reads master.cf and socket maps', () => {
    expect(parseServices(MASTER)[0]).toEqual({ name: 'smtp', type: 'inet', chroot: true, command: 'smtpd' });
    const settings = new Map([['x', 'reject, socketmap:inet:h:1:m']]);
    expect(socketMapsOf({ settings, services: [], mapTypes: new Set() })).toEqual([
      { text: 'socketmap:inet:h:1:m', parameter: 'x', proxied: false, path: undefined },
    ]);
  });

  test('has nothing to say where there is none', async () => {
    expect(await askPostfix(() => Promise.resolve(undefined), [])).toBeUndefined();
  });
});

// Each mistake of a Postfix alone: doctor names it, and nothing else; and its good host.
import { describe, expect, it } from 'vitest';
import { askPostfix, type PostfixPicture } from '../../../src/doctor/ask-postfix.js';
import { checkPostfix } from '../../../src/doctor/check-postfix.js';
import { parseServices, socketMapsOf } from '../../../src/doctor/postfix-conf.js';
import type { Said } from '../../../src/doctor/run-program.js';
import { pictureOf, SETTINGS } from './good-host.js';

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

type Change = {
  readonly main?: Readonly<Record<string, string>>;
  readonly master?: string;
  readonly types?: string;
  readonly listen?: string;
  readonly answer?: Partial<Said>;
};

async function findings({
  main,
  master = MASTER,
  types = 'hash socketmap',
  listen = LISTEN,
  answer,
}: Change) {
  const run = (program: string, args: readonly string[]): Promise<Said> => {
    if (program === 'postmap') return Promise.resolve({ status: 1, output: '', errors: '', ...answer });
    const settings = Object.entries({ ...MAIN, ...main }).map(([name, value]) => `${name} = ${value}`);
    const outputs = new Map([
      ['-x', settings.join('\n')],
      ['-M', master],
    ]);
    return Promise.resolve({ status: 0, output: outputs.get(args[0] ?? '') ?? types, errors: '' });
  };
  const postfix: PostfixPicture | undefined = await askPostfix(run, []);
  const picture = pictureOf({ settings: { ...SETTINGS, socketmap: { listen: [listen] } } });
  return checkPostfix({ ...picture, postfix });
}

describe('doctor, of Postfix,', () => {
  it('is silent on a good host', async () => {
    expect(await findings({})).toEqual([]);
  });

  it.each<[string, string, Change]>([
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
  ])('finds %s: %s', async (check, _what, change) => {
    expect((await findings(change)).map((each) => each.check)).toEqual([check]);
  });

  it.each<[string, Change]>([
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
    ['domains from a map', { main: { mydestination: 'hash:/x', virtual_mailbox_domains: 'hash:/x' } }],
    [
      'no map, and nobody on this machine to ask',
      { listen: 'inet:7860@127.0.0.1', main: { virtual_mailbox_maps: '' } },
    ],
  ])('is silent about %s', async (_what, change) => {
    expect(await findings(change)).toEqual([]);
  });

  it('gives the whole parameter anew, with other words of it kept', async () => {
    const maps = 'hash:/a, proxy:socketmap:unix:cyrusmapd/socketmap:cyrus';
    const [found] = await findings({ main: { virtual_mailbox_maps: maps } });
    expect(found?.mend).toBe(
      "postconf -e 'virtual_mailbox_maps = hash:/a, socketmap:unix:cyrusmapd/socketmap:cyrus'",
    );
  });

  it('reads master.cf and socket maps', () => {
    expect(parseServices(MASTER)[0]).toEqual({ name: 'smtp', type: 'inet', chroot: true, command: 'smtpd' });
    const settings = new Map([['x', 'reject, socketmap:inet:h:1:m']]);
    expect(socketMapsOf({ settings, services: [], mapTypes: new Set() })).toEqual([
      { text: 'socketmap:inet:h:1:m', parameter: 'x', proxied: false, path: undefined },
    ]);
  });

  it('has nothing to say where there is none', async () => {
    expect(await askPostfix(() => Promise.resolve(undefined), [])).toBeUndefined();
  });
});

import { describe, expect, test } from 'vitest';
import { lmtpServices, parseCyrusConf } from '../../../../src/cyrus/conf/cyrus-conf.js';

const services = (lines: string) => parseCyrusConf('/c', `SERVICES {\n${lines}\n}\n`).services;
const refusals = (lines: string) => parseCyrusConf('/c', `SERVICES {\n${lines}\n}\n`).refusals;

describe('cyrus.conf', () => {
  test('has the services of its section, and nothing of the others', () => {
    const text = `# SERVICES {
START { # first
  recover cmd="ctl_cyrusdb -r"
}
 services {
  imap     cmd="imapd" listen="imap" prefork=0
  # smmap  cmd="smmapd" listen="/s"
  lmtpunix cmd="/usr/lib/cyrus/bin/lmtpd -a -C /etc/lmtpd.conf" listen="/var/imap/socket/lmtp" maxchild=20 # x
}
EVENTS {
  tidy cmd="lmtpd"
}
`;
    expect(parseCyrusConf('/c', text)).toEqual({
      path: '/c',
      refusals: [],
      services: [
        {
          name: 'imap',
          command: 'imapd',
          program: 'imapd',
          imapdConf: undefined,
          listen: 'imap',
          maxChildren: undefined,
          line: 6,
        },
        {
          name: 'lmtpunix',
          command: '/usr/lib/cyrus/bin/lmtpd -a -C /etc/lmtpd.conf',
          program: 'lmtpd',
          imapdConf: '/etc/lmtpd.conf',
          listen: '/var/imap/socket/lmtp',
          maxChildren: 20,
          line: 8,
        },
      ],
    });
  });

  test('names those that run lmtpd', () => {
    const text =
      'a cmd="lmtpd -a" listen=2003\nb cmd="/x/lmtpd" listen="/l"\nc cmd="lmtpd2" listen=1\nd cmd="imapd" listen=2';
    const conf = parseCyrusConf('/c', `SERVICES {\n${text}\n}`);
    expect(lmtpServices(conf).map(({ name, listen }) => [name, listen])).toEqual([
      ['a', '2003'],
      ['b', '/l'],
    ]);
  });

  test.each([
    ['x cmd=lmtpd listen=/l', { command: 'lmtpd', listen: '/l' }],
    ['x\tcmd="lmtpd"listen="/l"', { command: 'lmtpd', listen: '/l' }],
    ['x cmd="lmtpd" cmd="imapd"', { command: 'lmtpd' }],
    ['x CMD="lmtpd"', { command: '' }],
    ['x cmd="lmtpd -C/etc/other"', { imapdConf: '/etc/other' }],
    ['x cmd="lmtpd" maxchild=-1', { maxChildren: undefined }],
    ['x cmd="lmtpd" maxchild=5x', { maxChildren: 5 }],
    ['x cmd="lmtpd" maxchild=many', { maxChildren: undefined }],
    ['x', { command: '', listen: '' }],
  ])('reads %j', (line, service) => {
    expect(services(line)).toEqual([expect.objectContaining(service)]);
    expect(refusals(line)).toEqual([]);
  });

  test.each([
    'x-y cmd="lmtpd"',
    'x cmd="lmtpd',
    'x cmd = "lmtpd"',
    'x lmtpd',
    'x cmd="lmtpd" }',
    `x ${'a=1 '.repeat(65)}`,
  ])('knows that master refuses %j', (line) => {
    expect(services(line)).toEqual([]);
    expect(refusals(line)).toEqual([{ where: { path: '/c', line: 2 }, what: expect.any(String) }]);
  });

  test('takes a brace on a line of its own for no section, as master does', () => {
    expect(parseCyrusConf('/c', 'SERVICES\n{\nx cmd="lmtpd" listen="/l"\n}\n').services).toEqual([]);
  });

  test('takes both where the section stands twice', () => {
    const section = 'SERVICES {\nx cmd="lmtpd" listen="/l"\n}\n';
    expect(parseCyrusConf('/c', section + section).services).toHaveLength(2);
  });
});

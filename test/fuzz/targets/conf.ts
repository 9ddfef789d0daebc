// Any imapd.conf, cyrus.conf or sendmail.cf is read to its end or refused with a ConfigError, and every line that is told of
// is one that the file has; a file that includes itself is read once.
import { expect } from 'vitest';
import { parseCyrusConf } from '../../../src/cyrus/conf/cyrus-conf.js';
import { imapdConfOf } from '../../../src/cyrus/conf/imapd-conf.js';
import { readSettings } from '../../../src/cyrus/conf/settings.js';
import { parseCompiled, parseSendmailCf } from '../../../src/doctor/sendmail-cf.js';
import { ConfigError } from '../../../src/errors.js';
import type { Target } from '../engine.js';

export const imapdConf: Target = {
  name: 'imapd.conf',
  seeds: [
    'configdirectory: /var/lib/cyrus\nadmins: cyrus\nvirtdomains: userid\nlmtp_downcase_rcpt: 1\n',
    '@include: /etc/imapd.conf\nlmtp_postuser: bb\nmupdate_server: m\\\n  x\n',
    'SERVICES {\n  lmtp cmd="lmtpd -a" listen="127.0.0.1:lmtp" prefork=0 maxchild=20\n}\nEVENTS {\n}\n',
    'quotawarn: 90\nautocreate_quota: -1\nevent_groups: mailbox quota\nnotifysocket: dlist:/run/x\n',
  ],
  dictionary: [
    ':',
    '\\\n',
    '@include: ',
    '#',
    '\n',
    '\t',
    '"',
    '{',
    '}',
    '=',
    'SERVICES',
    'START',
    'yes',
    'off',
    'lmtp_',
    'virtdomains',
    'defaultdomain',
    'cmd=',
    'listen=',
  ],
  run(input) {
    const text = input.toString('latin1');
    const count = text.split('\n').length;
    try {
      const lines = readSettings('/etc/imapd.conf', () => text);
      for (const { where } of lines) expect(where.line <= count).toBe(true);
      imapdConfOf('/etc/imapd.conf', lines, 'lmtp', []);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
    try {
      parseCyrusConf('/etc/cyrus.conf', text);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
  },
};

export const sendmailCf: Target = {
  name: 'sendmail.cf',
  seeds: [
    'Kcyrus socket -a<OK> -T<TMPF> local:/run/s\nC{VirtHost}example.jp a.b\nF{VirtHost}-o /etc/mail/v\nO DontBlameSendmail=safe\nMcyrusv2,\tP=[IPC],\n\tA=FILE /x\n',
    'Version 8.17.1\n Compiled with: DNSMAP SOCKETMAP\n\t\tTLS\n',
    'Cwlocalhost\nFw/etc/mail/local\nDjx\nO AuthMechanisms=PLAIN\n',
  ],
  dictionary: [
    'K',
    'C',
    'F',
    'M',
    'O ',
    'socket',
    '-a',
    '-T',
    '-d',
    '{',
    '}',
    '\n',
    '\n\t',
    ',',
    'P=',
    'Compiled with:',
    'DontBlameSendmail=',
    '%',
  ],
  run(input) {
    const text = input.toString('latin1');
    const count = text.split('\n').length;
    const { maps, mailers } = parseSendmailCf('/etc/mail/sendmail.cf', text);
    for (const { line } of maps.values()) expect(line >= 1 && line <= count).toBe(true);
    for (const lines of mailers.values())
      expect(lines.every((line) => line >= 1 && line <= count)).toBe(true);
    parseCompiled(text);
  },
};

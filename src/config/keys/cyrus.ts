// The keys of [cyrus]: the Cyrus on this machine, and what its own configuration tells. Descriptions; no I/O.
import { key, type Keys, type Table } from '../key.js';
import { flag, text } from '../kinds.js';

const KEYS = {
  imapd_conf: key(
    text((value) => value === '' || value.startsWith('/'), 'an absolute path or empty'),
    {
      unset: '/usr/local/etc/imapd.conf or /etc/imapd.conf, where lmtpd is asked on a UNIX socket',
      example: '/etc/imapd.conf',
      since: '0.1.0',
      text: 'The imapd.conf(5) of the Cyrus on this machine. From it come the place of its list of mailboxes, and what is not set here: `downcase`, `post_user`, `virtual_domains` and `default_domain` of [lookup], and, where no back-channel is named, the socket of lmtpd, with the help of cyrus.conf(5) beside it. Looked at once a second: a change is taken as SIGHUP is. Empty: it is not read.',
    },
  ),
  clock: key(flag(), {
    default: true,
    since: '0.1.0',
    text: "Whether an answer is believed only while Cyrus' list of mailboxes, mailboxes.db, stands as it stood when it was given. The file is looked at for each request; it need not be readable, but its folder must be open to the daemon (group mail on Debian).",
  }),
  directory: key(flag(), {
    default: false,
    since: '0.1.0',
    text: "Whether Cyrus' list of mailboxes is held in memory, some 100 bytes for each, and answers by itself for plain names while the clock vouches for it: who is listed is accepted at once, who is not is refused. Its answers are held against lmtpd now and then, and one that lmtpd contradicts ends it until the next start. The file has to be readable: run as Cyrus' user, or give the daemon's one a default ACL.",
  }),
} satisfies Keys;

export const CYRUS = {
  title: 'The Cyrus on this machine',
  text: 'The Cyrus on this machine. Where its imapd.conf(5) is found, [socketmap] is a whole configuration.',
  keys: KEYS,
} satisfies Table<Keys>;

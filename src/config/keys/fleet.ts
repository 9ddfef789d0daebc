// The keys of [fleet]: how daemons on several machines tell each other what changed. Descriptions; no I/O.
import { key, type Keys, type Kind, type Table } from '../key.js';
import { absolutePath, duration, flag, hostName, integer, text } from '../kinds.js';
import { showValue } from '../problems.js';

/** Where Valkey is. */
export type ValkeyUrl = { readonly tls: boolean; readonly host: string; readonly port: number };

const STREAM = /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/;
const URL_ALLOWED = 'valkeys://HOST:PORT, with TLS, or valkey://HOST:PORT';
const PORT = 6379;

/** The name of a stream: one for each Cyrus. */
export function streamName(): Kind<string> {
  return text((value) => STREAM.test(value), 'a name: letters, digits, - and _, at most 32');
}

function valkeyUrl(): Kind<ValkeyUrl> {
  return {
    suffix: '',
    allowed: URL_ALLOWED,
    read: (written, report) => {
      const pattern =
        /^(?:valkey|redis)(s?):\/\/([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?\/?$/;
      const [, secure, host, port] = (typeof written === 'string' && pattern.exec(written)) || [];
      const number = port === undefined ? PORT : Number(port);
      if (host !== undefined && number >= 1 && number <= 65_535)
        return { tls: secure === 's', host: host.replace(/^\[(.*)\]$/, '$1'), port: number };
      // What may be a password is not shown.
      const shown = String(written).includes('@') ? 'has an @' : `is ${showValue(written)}`;
      report(`${shown}: must be ${URL_ALLOWED}`);
      return undefined;
    },
  };
}

const KEYS = {
  url: key(valkeyUrl(), {
    unset: 'no daemon tells another one',
    example: 'valkeys://valkey.example.jp:6379',
    since: '0.1.0',
    text: 'Where Valkey is, or Redis 6.2 or later. No user and password in here: they would stand in logs.',
  }),
  user: key(
    text((value) => /^[^\0\s]{1,255}$/.test(value), 'a user of Valkey'),
    {
      unset: 'that of who has only a password, `default`',
      example: 'cyrusmapd',
      since: '0.1.0',
      text: 'Who logs in: a user of its ACL, with the rights that docs/several-machines.md has.',
    },
  ),
  password_file: key(absolutePath(), {
    unset: 'nobody logs in',
    example: '/usr/local/etc/cyrusmapd/valkey-password',
    since: '0.1.0',
    text: 'Its first line is the password. The file must be closed to others, as with mode 0600 or 0640. It is read at the start, at `SIGHUP`, and where it changed and has stood still for a second; another password is used at the next connection.',
  }),
  ca_file: key(absolutePath(), {
    unset: 'the authorities that Node knows',
    example: '/usr/local/etc/cyrusmapd/ca.pem',
    since: '0.1.0',
    text: 'With `valkeys`: the certificates, in PEM, of whom is trusted. Read again as `password_file` is.',
  }),
  server_name: key(hostName(), {
    unset: 'the host of `url`',
    example: 'valkey.example.jp',
    since: '0.1.0',
    text: 'With `valkeys`: which the certificate must be for.',
  }),
  client_cert: key(absolutePath(), {
    unset: 'no certificate of our own',
    example: '/usr/local/etc/cyrusmapd/cert.pem',
    since: '0.1.0',
    text: 'With `valkeys`: our own certificate, in PEM. Read again as `password_file` is, together with its key.',
  }),
  client_key: key(absolutePath(), {
    unset: 'no certificate of our own',
    example: '/usr/local/etc/cyrusmapd/key.pem',
    since: '0.1.0',
    text: 'Its key, without passphrase; the file must be closed to others.',
  }),
  publish: key(streamName(), {
    unset: 'nothing is published',
    example: 'cyrus',
    since: '0.1.0',
    text: 'On the machine of Cyrus: the name of the stream into which its changes go, by its events and by the watch on its mailbox list. One daemon only for each name. Whoever follows has `stream` at a back-channel.',
  }),
  lease: key(duration('300ms', '10s'), {
    default: '1s',
    since: '0.1.0',
    text: "With `publish`: so long may a follower believe without hearing of us, and so long at most does Cyrus' administrator wait for a follower that is gone.",
  }),
  exact: key(flag(), {
    default: true,
    since: '0.1.0',
    text: 'With `publish`: whether Cyrus\' administrator waits until all followers have forgotten what changed. If not, no follower remembers a "no", and a "yes" may be older for the time that a change takes to cross.',
  }),
  max_entries: key(integer(1_000, 10_000_000, 'entries'), {
    default: 100_000,
    since: '0.1.0',
    text: 'With `publish`: so long is the stream kept, about. Who was away for longer forgets all.',
  }),
} satisfies Keys;

export const FLEET = {
  title: 'Changes that cross machines',
  text: 'Changes of Cyrus that daemons on other machines hear of, over Valkey: then they believe what they remember for as long as one beside Cyrus. See docs/several-machines.md.',
  keys: KEYS,
} satisfies Table<Keys>;

// The keys of [socketmap]: what the mail server sees. Descriptions; no I/O.
import { key, type Keys, type Table } from '../key.js';
import { duration, endpoint, integer, list, network } from '../kinds.js';
import { socketFile } from './socket-file.js';

const KEYS = {
  listen: key(list(endpoint(), 'endpoints', 1), {
    default: ['unix:/var/run/cyrusmapd/socketmap'],
    since: '0.1.0',
    text: 'Where it listens. The folder of a UNIX socket must not be writable by group or others, and no part of its path may be a symbolic link: Sendmail refuses such a socket. A left-over socket file is replaced, a live one never.',
  }),
  allow: key(list(network(), 'networks'), {
    default: [],
    since: '0.1.0',
    text: 'Who may ask over TCP, such as `192.0.2.0/24` or `2001:db8::/32`. A listener that can be reached from another machine needs it, since whoever may ask learns which mailboxes exist.',
  }),
  ...socketFile({
    of: 'UNIX socket',
    group: 'smmsp',
    notes: {
      owner: ' Only root can give it away.',
      mode: ' Sendmail connects as root; Postfix needs to be in the group.',
    },
  }),
  max_connections: key(integer(1, 100_000, 'connections'), {
    default: 4096,
    since: '0.1.0',
    text: 'Connections at once. Sendmail opens one for each SMTP session, so stay above its `MaxDaemonChildren`. 256 more may linger, see `linger_timeout`.',
  }),
  max_waiting: key(integer(1, 10_000, 'requests'), {
    default: 100,
    since: '0.1.0',
    text: 'Requests of one connection that wait for an answer; then it is read no further.',
  }),
  max_request_bytes: key(integer(512, 100_000, 'bytes'), {
    default: 10_000,
    since: '0.1.0',
    text: 'The longest request. Sendmail sends 264 bytes at most, Postfix 10000.',
  }),
  idle_timeout: key(duration('10s', '7d'), {
    default: '2h',
    since: '0.1.0',
    text: 'A connection that asks nothing for so long is ended. Keep it long: Sendmail keeps its connection for a whole SMTP session, and its next lookup on one that was ended is answered with 451.',
  }),
  request_timeout: key(duration('1s', '60s'), {
    default: '10s',
    since: '0.1.0',
    text: 'From the first byte of a request to its last.',
  }),
  write_timeout: key(duration('1s', '30s'), {
    default: '10s',
    since: '0.1.0',
    text: 'A reply that the mail server does not take for so long closes the connection.',
  }),
  linger_timeout: key(duration('1s', '7d'), {
    default: '1h',
    since: '0.1.0',
    text: 'For the mail server to close a connection that the daemon has ended; what it still sends is dropped. Sendmail sees the end with its next lookup: that is answered with 451, and it connects anew. It cannot write to a connection that is closed, and defers whatever else is asked in that SMTP session: so the default is the silence that it allows in a session, `Timeout.command`. Those that linger take no room from others: the oldest is closed for a new one.',
  }),
  backlog: key(integer(1, 65_535, 'connections'), {
    default: 1024,
    since: '0.1.0',
    text: 'Connections that the kernel keeps waiting to be accepted, see listen(2).',
  }),
  shutdown_grace: key(duration('0s', '5m'), {
    default: '10s',
    since: '0.1.0',
    text: 'What is in flight when it is stopped may still be answered for so long. It ends earlier when nothing is owed, whoever else is connected: until it is started anew, nobody is answered.',
  }),
  takeover_grace: key(duration('0s', '1d'), {
    default: '15m',
    since: '0.1.0',
    text: 'After a takeover (`cyrusmapd serve --takeover`) the old process serves those who were connected until they go, for so long at most; then it ends as at a stop. Sendmail keeps a connection as long as an SMTP session lasts.',
  }),
} satisfies Keys;

export const SOCKETMAP = {
  title: "The mail server's side",
  text: 'What the mail server sees. Taken at the start only, not at a reload.',
  keys: KEYS,
} satisfies Table<Keys>;

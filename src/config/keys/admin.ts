// The keys of [admin]: who operates the daemon, and how it is watched. Descriptions; no I/O.
import { key, type Keys, type Table } from '../key.js';
import { absolutePath, account, endpoint, fileMode, integer, list, network, unixEndpoint } from '../kinds.js';

const KEYS = {
  listen: key(unixEndpoint(), {
    unset: '`unix:/var/run/cyrusmapd/control` where that folder exists, else none',
    example: 'unix:/var/run/cyrusmapd/control',
    since: '0.1.0',
    text: 'The control socket, for `cyrusmapd stats`, `explain`, `flush`, `dump`, `tail`, `reload`, `version` and `page`. Whoever may open it may do all of that: keep it out of the reach of mail servers.',
  }),
  socket_group: key(account(), {
    unset: 'the group of the process',
    example: 'wheel',
    since: '0.1.0',
    text: "The group of the control socket's file.",
  }),
  socket_mode: key(fileMode(), {
    default: '0660',
    since: '0.1.0',
    text: "The mode of the control socket's file.",
  }),
  http: key(endpoint(), {
    unset: 'no metrics over TCP',
    example: 'inet:9841@127.0.0.1',
    since: '0.1.0',
    text: 'Where metrics for Prometheus, `/healthz`, `/readyz` and the page are served. Nothing there changes anything or names an address.',
  }),
  allow: key(list(network(), 'networks'), {
    default: [],
    since: '0.1.0',
    text: 'Who may ask `http`. One that can be reached from another machine needs it.',
  }),
  sasldb: key(absolutePath(), {
    unset: '`/usr/local/etc/sasldb2` or `/etc/sasldb2`',
    example: '/usr/local/etc/sasldb2',
    since: '0.1.0',
    text: 'The password file of Cyrus and Sendmail, of which the metrics count the reader slots where it is in LMDB. The daemon must be able to read its `-lock` file.',
  }),
  decisions: key(integer(100, 1_000_000, 'decisions'), {
    default: 10_000,
    since: '0.1.0',
    text: 'So many of the last refused and deferred recipients are kept with their reasons, and as many of the accepted ones, for `explain` and `tail`. Each takes about 200 bytes.',
  }),
  harvest: key(integer(1, 1_000_000, 'unknown recipients a second'), {
    default: 5,
    since: '0.1.0',
    text: 'From so many unknown recipients a second, over ten seconds, and five times what is usual, the log tells of a dictionary attack.',
  }),
} satisfies Keys;

export const ADMIN = {
  title: 'Control socket, metrics and the page',
  text: 'How the running daemon is operated and watched.',
  keys: KEYS,
} satisfies Table<Keys>;

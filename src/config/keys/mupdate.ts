// The keys of a back-channel of type "mupdate": the master of a murder, and the servers that it lists. Descriptions; no I/O.
import { key, type Key, type Keys, type Kind, type Table } from '../key.js';
import { choice, duration, endpoint, integer, list, tableOf } from '../kinds.js';
import { ACCOUNT, LOGIN } from './login.js';

/** Of one murder. Each is asked about each name that the master does not list. */
const SERVERS_MAX = 64;

const SERVER = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$/;

const { password_file, authorization_id, plain_anywhere, login_backoff } = LOGIN;

/** Those that need no TLS. */
const MECHANISMS = ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'CRAM-MD5', 'PLAIN'] as const;

/** @param backchannelName the kind of a back-channel's name; @param also the key of that name, which each type has */
export function mupdateTable<Also extends Key<readonly string[] | undefined>>(
  backchannelName: Kind<string>,
  also: Also,
) {
  return {
    title: 'The mupdate master of a murder',
    text: 'The mupdate master of a murder tells which server has a mailbox, so that only that one is asked. It is read, never written to. A mailbox is unknown only where the master, asked after the question, does not list it, and every server has just denied it, each with its own canary. While the master is away, whom a server has is `OK`, and all others are `TEMP`.',
    keys: {
      endpoint: key(endpoint(), {
        required: true,
        example: 'inet:3905@mupdate.example.jp',
        since: '0.1.0',
        text: 'Where the master listens: never a frontend, whose list may be old without a word. STARTTLS is not used, since it can end the master: go through a tunnel, or over a network of your own.',
      }),
      servers: key(tableOf({ name: SERVER, value: backchannelName, many: 'servers', max: SERVERS_MAX }), {
        required: true,
        example: { 'b1.example.jp': 'b1', 'b2.example.jp': 'b2' },
        since: '0.1.0',
        text: 'Each server of the murder by its `servername` in imapd.conf(5), and the back-channel by which it is asked, of type "lmtp" or "imap". All of them: while the master lists one that is missing here, its mailboxes are `TEMP`, and nobody is refused.',
      }),
      user: key(ACCOUNT, {
        required: true,
        example: 'mupdate',
        since: '0.1.0',
        text: 'Who logs in: one of `admins` of the mupdate server. Such an account may also write to the list of the murder, so keep its password as that of an administrator.',
      }),
      password_file,
      authorization_id,
      mechanisms: key(list(choice(...MECHANISMS), 'login mechanisms', 1), {
        default: MECHANISMS,
        since: '0.1.0',
        text: 'The first one that the server offers is taken.',
      }),
      plain_anywhere,
      login_backoff,
      heartbeat: key(duration('100ms', '60s'), {
        default: '1s',
        since: '0.1.0',
        text: 'Between two NOOPs. Each brings what has changed, which else comes up to 5 seconds later, and shows that the master is there.',
      }),
      max_mailboxes: key(integer(1_000, 10_000_000, 'users'), {
        default: 2_000_000,
        since: '0.1.0',
        text: 'Users that the list may hold, some 55 bytes each; with more it is not taken.',
      }),
      list_timeout: key(duration('10s', '6h'), {
        default: '15m',
        since: '0.1.0',
        text: 'For the whole list, after each connection. One that takes longer is given up, and asked for anew.',
      }),
      connect_timeout: key(duration('100ms', '25s'), {
        default: '2s',
        since: '0.1.0',
        text: 'For the connection and the greeting.',
      }),
      reply_timeout: key(duration('100ms', '60s'), {
        default: '10s',
        since: '0.1.0',
        text: 'For each NOOP, for each step of the login, and for a silence within the list. A refused login takes 3 seconds.',
      }),
      backoff_min: key(duration('100ms', '60s'), {
        default: '1s',
        since: '0.1.0',
        text: 'Where the master was lost or not reached, it is tried again after so long. Doubled with each further failure.',
      }),
      backoff_max: key(duration('100ms', '5m'), {
        default: '10s',
        since: '0.1.0',
        text: 'The longest such pause.',
      }),
      also,
    },
  } satisfies Table<Keys>;
}

// The keys of [backchannel.NAME], by its type: where Cyrus is asked. Descriptions; no I/O.
import { key, type Keys, type Kind, type Table } from '../key.js';
import {
  absolutePath,
  choice,
  domainName,
  duration,
  endpoint,
  flag,
  integer,
  list,
  mailbox,
  oneOrMore,
  text,
} from '../kinds.js';
import { streamName } from './fleet.js';
import { LOGIN, TLS } from './login.js';
import { mupdateTable } from './mupdate.js';

/** The name of a back-channel, which its table and [domains] use. */
export const BACKCHANNEL_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/;

export function backchannelName(): Kind<string> {
  return text((value) => BACKCHANNEL_NAME.test(value), 'the name of a back-channel');
}

/** Each is asked with every batch that has an unknown name. */
const CANARIES_MAX = 16;

const CANARY = key(oneOrMore(mailbox(), 'addresses', CANARIES_MAX), {
  unset:
    'the mailbox that was confirmed last is taken, and until there is one unknown mailboxes are deferred',
  example: 'postmaster@example.jp',
  since: '0.1.0',
  text: 'A mailbox that always exists. It is asked about after each mailbox that Cyrus denies; only where it is confirmed is the denial believed, since a Cyrus that has lost its mailboxes.db denies everybody. Where several servers are behind the back-channel, as with a frontend of a murder, an array with a mailbox of each: all of them must exist.',
});

/** How questions wait, and how long Cyrus may take. */
const PATIENCE = {
  max_waiting: key(integer(100, 100_000, 'questions'), {
    default: 10_000,
    since: '0.1.0',
    text: 'Questions that wait for a connection; further ones are `TEMP`.',
  }),
  connect_timeout: key(duration('100ms', '25s'), {
    default: '2s',
    since: '0.1.0',
    text: 'For the connection and the greeting. A Cyrus with all its `maxchild` processes busy accepts and stays silent.',
  }),
  reply_timeout: key(duration('100ms', '60s'), {
    default: '10s',
    since: '0.1.0',
    text: 'For the answers to one batch, and for each step of a login. imapd takes 3 seconds to refuse one.',
  }),
  backoff_min: key(duration('100ms', '60s'), {
    default: '1s',
    since: '0.1.0',
    text: 'After a failed connect or a timeout Cyrus is left alone for so long, and questions are `TEMP` at once. Doubled with each further failure.',
  }),
  backoff_max: key(duration('100ms', '5m'), {
    default: '10s',
    since: '0.1.0',
    text: 'The longest such pause.',
  }),
} satisfies Keys;

const SECOND = key(
  text((value) => BACKCHANNEL_NAME.test(value), 'the name of another back-channel'),
  {
    unset: 'nobody is',
    example: 'names',
    since: '0.1.0',
    text: 'Asked where this one cannot be.',
  },
);

const ALSO = key(list(backchannelName(), 'names of lists', 1), {
  unset: 'nobody is',
  example: ['aliases'],
  since: '0.1.0',
  text: 'Back-channels of type "list" with names that are no mailboxes of this Cyrus, such as aliases: whom one of them has is `OK` by that, whatever Cyrus says. Nobody is refused by a list; while one of them is empty, what Cyrus denies is `TEMP`.',
});

const REPLICA = key(flag(), {
  default: false,
  since: '0.1.0',
  text: 'Whether it is a replica, which is behind by the lag of its replication: it may say that a mailbox exists or is over its quota, and what it lacks is `TEMP`.',
});

const STREAM = key(streamName(), {
  unset: 'nobody tells of its changes, but its events or its mailbox list on this machine',
  example: 'cyrus',
  since: '0.1.0',
  text: 'The stream of `[fleet]` by which the daemon beside this Cyrus tells of its changes: what `publish` says there.',
});

const LMTP_KEYS = {
  endpoint: key(endpoint(), {
    required: true,
    example: 'unix:/run/cyrus/socket/lmtp',
    since: '0.1.0',
    text: 'Where lmtpd listens, a line of cyrus.conf(5): a UNIX socket, or TCP where it is started with `-a`.',
  }),
  canary: CANARY,
  ...LOGIN,
  ...TLS,
  connections: key(integer(1, 16, 'connections', 'each takes one of the maxchild processes of lmtpd'), {
    default: 2,
    since: '0.1.0',
    text: 'Connections at once.',
  }),
  batch: key(integer(1, 128, 'recipients'), {
    default: 128,
    since: '0.1.0',
    text: 'Recipients in one LMTP transaction.',
  }),
  idle_timeout: key(duration('1s', '300s', 'lmtpd closes at 360s'), {
    default: '60s',
    since: '0.1.0',
    text: 'An unused connection is closed.',
  }),
  ...PATIENCE,
  unproven_timeout: key(duration('10ms', '5s'), {
    default: '250ms',
    since: '0.1.0',
    text: 'A yes waits for the last reply of its transaction, which proves that no reply was added or lost. lmtpd may hang on another mailbox of that transaction: after so long (longer only where Cyrus usually takes longer for as many recipients) the recipient is asked about once more, alone.',
  }),
  strict_quota: key(flag(), {
    default: false,
    since: '0.1.0',
    text: 'As `lmtp_strict_quota` in imapd.conf(5), which says it by itself where lmtpd is asked on a UNIX socket and that file is read: with it a message must fit into what is left, so that the policy service asks lmtpd about each message of which it knows the size.',
  }),
  autocreate: key(choice('defer', 'accept'), {
    default: 'defer',
    since: '0.1.0',
    text: 'With `autocreate_post` of imapd.conf(5) a RCPT makes the mailbox. Where that is found, nobody is asked there ("defer"), or everybody all the same ("accept").',
  }),
  second: SECOND,
  also: ALSO,
  replica: REPLICA,
  stream: STREAM,
} satisfies Keys;

const LMTP = {
  title: 'Cyrus over LMTP',
  text: 'A Cyrus that is asked over LMTP, as if mail were to be delivered; nothing is.',
  keys: LMTP_KEYS,
} satisfies Table<Keys>;

const IMAP_KEYS = {
  endpoint: key(endpoint(), {
    required: true,
    example: 'inet:143@mail.example.jp',
    since: '0.1.0',
    text: 'Where imapd listens.',
  }),
  canary: CANARY,
  ...LOGIN,
  ...TLS,
  strict_quota: key(flag(), {
    default: false,
    since: '0.1.0',
    text: 'As `lmtp_strict_quota` in imapd.conf(5): with it a mailbox just at its limit of storage or messages is over quota, and so it is, for the policy service, with a message larger than what is left.',
  }),
  connections: key(integer(1, 4, 'connections', 'each login takes a reader of sasldb'), {
    default: 1,
    since: '0.1.0',
    text: 'Connections at once. One more lists all mailboxes.',
  }),
  batch: key(integer(1, 128, 'recipients'), {
    default: 128,
    since: '0.1.0',
    text: 'Recipients in one write.',
  }),
  idle_timeout: key(duration('1s', '29m', 'imapd closes at 30m or later'), {
    default: '25m',
    since: '0.1.0',
    text: 'An unused connection is closed. Long: few logins.',
  }),
  ...PATIENCE,
  list_timeout: key(duration('10s', '6h'), {
    default: '15m',
    since: '0.1.0',
    text: 'For the list of all mailboxes, from its first command to its last answer. One that takes longer is given up, and what was known before stays.',
  }),
  second: SECOND,
  also: ALSO,
  replica: REPLICA,
  stream: STREAM,
} satisfies Keys;

const IMAP = {
  title: 'Cyrus over IMAP',
  text: 'A Cyrus that is asked over IMAP, as an administrator, who reads only: nothing is ever changed. Few connections that live long: each login takes a reader of the LMDB of sasldb, of which there are 126.',
  keys: IMAP_KEYS,
} satisfies Table<Keys>;

const LIST_KEYS = {
  file: key(absolutePath(), {
    required: true,
    example: '/usr/local/etc/cyrusmapd/mailboxes',
    since: '0.1.0',
    text: 'The list, 64 MiB at most. Read again at `SIGHUP`, and by itself where it changed and has stood still for a second; one that lost more than a tenth of its names, or a whole domain, is believed after a minute.',
  }),
  format: key(choice('mailboxes', 'aliases', 'virtusertable', 'virtual'), {
    default: 'mailboxes',
    since: '0.1.0',
    text: 'How it is written. "mailboxes": one a line, or `@example.jp` for all of that domain; `#` begins a comment at the beginning of a line or after a blank. "aliases" and "virtusertable" are files of Sendmail as they are given to newaliases(1) and makemap(8), "virtual" one of Postfix as it is given to postmap(1): their left-hand sides, read and looked up as those programs do, but for what virtusertable has as `error:`.',
  }),
  domains: key(list(domainName(), 'domains', 1), {
    unset: 'in lookup.default_domain',
    example: ['example.jp'],
    since: '0.1.0',
    text: 'The domains in which an entry without a domain is meant, such as the aliases of Sendmail in its own domains.',
  }),
  also: ALSO,
} satisfies Keys;

const LIST = {
  title: 'A list',
  text: 'A text file: instead of Cyrus, for tests and for mailboxes that are elsewhere; or beside it, by `also`, for names that are no mailboxes.',
  keys: LIST_KEYS,
} satisfies Table<Keys>;

const MUPDATE = mupdateTable(backchannelName(), ALSO);

/** By its `type`. */
export const BACKCHANNELS = { lmtp: LMTP, imap: IMAP, list: LIST, mupdate: MUPDATE };

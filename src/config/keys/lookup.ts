// The keys of [lookup], what becomes of a key of a request, and of [map.NAME], the same for one map. Descriptions; no I/O.
import { key, type Keys, type Table } from '../key.js';
import { absolutePath, choice, duration, flag, list, mailbox, text } from '../kinds.js';

export const OVER_QUOTA = choice('temp', 'ok', 'reject');
export const REFUSED = choice('reject', 'temp');
const DETAIL = choice('inbox', 'folder');

const LOOKUP_KEYS = {
  deadline: key(duration('100ms', '25s', 'Sendmail gives up at 30s'), {
    default: '5s',
    since: '0.1.0',
    text: "From the last byte of a request to its reply. When it passes, the answer is `TEMP`. Must be below the `-d` of Sendmail's map, where that is set.",
  }),
  over_quota: key(OVER_QUOTA, {
    default: 'temp',
    since: '0.1.0',
    text: 'What is answered for a mailbox over its quota: `TEMP` (451), `OK` (250, Cyrus decides when it delivers) or `NOTFOUND` (550).',
  }),
  refused: key(REFUSED, {
    default: 'reject',
    since: '0.1.0',
    text: 'What is answered for a shared mailbox that the sender may not post to (550 5.7.1 of lmtpd).',
  }),
  detail: key(DETAIL, {
    default: 'inbox',
    since: '0.1.0',
    text: 'What a `+detail` means. With "inbox" any is taken with its user, as lmtpd does; with "folder" that folder must exist, as for smmapd, and every back-channel must be of type "imap".',
  }),
  eight_bit: key(choice('reject', 'temp', 'ask'), {
    default: 'reject',
    since: '0.1.0',
    text: 'What is answered for a local part with 8-bit bytes where lmtpd does not offer SMTPUTF8 and can only refuse it. With "ask" lmtpd is asked: with `lmtp_strict_rfc2821: no` in imapd.conf(5) it delivers them, each byte taken for an X, and where that is read "ask" is the default. Over IMAP, and with "temp", they are deferred.',
  }),
  downcase: key(flag(), {
    default: true,
    since: '0.1.0',
    text: 'Whether local part and domain are folded to lower case. Must be as `lmtp_downcase_rcpt` in imapd.conf(5).',
  }),
  post_user: key(
    text((value) => /^[!#-'*\-./0-9=?A-Z^-~]{0,64}$/.test(value), 'a local part or empty'),
    {
      default: '',
      since: '0.1.0',
      text: '`postuser` of imapd.conf(5), whose `+detail` names a shared mailbox.',
    },
  ),
  virtual_domains: key(flag(), {
    default: true,
    since: '0.1.0',
    text: 'Whether `virtdomains` of imapd.conf(5) is userid or on. With false all domains share the mailboxes.',
  }),
  default_domain: key(
    text((value) => /^[A-Za-z0-9.-]{1,253}$/.test(value), 'a domain'),
    {
      unset:
        'an event about a mailbox without domain makes cyrusmapd forget everything it knows, and over imap each name without domain is `TEMP`, since to an administrator whose login has a domain it is one of that',
      example: 'mail.example.jp',
      since: '0.1.0',
      text: '`defaultdomain` of imapd.conf(5): its mailboxes have no domain.',
    },
  ),
  always_accept: key(list(mailbox(), 'addresses'), {
    default: [],
    since: '0.1.0',
    text: 'Answered `OK` without asking Cyrus; one without a domain, such as `postmaster`, in every domain.',
  }),
  always_accept_file: key(absolutePath(), {
    unset: 'none',
    example: '/usr/local/etc/cyrusmapd-accept',
    since: '0.1.0',
    text: 'More of them, such as aliases that are no mailboxes: one address a line, `#` begins a comment, 1 MiB at most. Read again when it changes, once it stands still. An empty file is refused, and the former addresses stay in force.',
  }),
  domains_complete: key(flag(), {
    default: false,
    since: '0.1.0',
    text: 'Whether [domains] names every domain there is, so that others are `NOTFOUND`; else they are `TEMP`.',
  }),
} satisfies Keys;

export const LOOKUP = {
  title: 'How a key is judged',
  text: 'What becomes of a key.',
  keys: LOOKUP_KEYS,
} satisfies Table<Keys>;

const MAP_KEYS = {
  keys: key(choice('recipients', 'domains'), {
    default: 'recipients',
    since: '0.1.0',
    text: 'What its keys are. "domains" is for `virtual_mailbox_domains` of Postfix: OK for a domain that [domains] has, NOTFOUND for any other. Nobody is asked.',
  }),
  over_quota: key(OVER_QUOTA, {
    unset: 'as under [lookup]',
    example: 'ok',
    since: '0.1.0',
    text: 'For a mailbox over its quota.',
  }),
  refused: key(REFUSED, {
    unset: 'as under [lookup]',
    example: 'temp',
    since: '0.1.0',
    text: 'For a shared mailbox that the sender may not post to.',
  }),
  detail: key(DETAIL, {
    unset: 'as under [lookup]',
    example: 'inbox',
    since: '0.1.0',
    text: 'What a `+detail` means.',
  }),
  queue_id: key(flag(), {
    unset: 'as under [map.cyrus], or false',
    example: true,
    since: '0.1.0',
    text: "Whether the queue's id and a space stand before the address in each key, as FEATURE(`cyrusmap') with `queue_id' sends them in its map cyrusid. The id is taken off, and stands in the log as queueId.",
  }),
} satisfies Keys;

export const MAP = {
  title: 'Maps',
  text: 'A map by its name, the first word of a request, with answers of its own. What it does not set, [map.cyrus] does, and what that does not, [lookup]. A map without a table takes [map.cyrus].',
  keys: MAP_KEYS,
} satisfies Table<Keys>;

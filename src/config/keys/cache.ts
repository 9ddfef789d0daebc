// The keys of [cache]: how long an answer is believed. Descriptions; no I/O.
import { key, type Keys, type Table } from '../key.js';
import { absolutePath, duration, integer } from '../kinds.js';

const KEYS = {
  known_ttl: key(duration('1s', '1h'), {
    default: '60s',
    since: '0.1.0',
    text: 'A mailbox that Cyrus confirmed.',
  }),
  negative_ttl: key(duration('0s', '300s', 'a mailbox may be created the next moment'), {
    unset:
      '10s where something on this machine would tell of the end of that, as events do; elsewhere it is not remembered, and Cyrus is asked each time',
    example: '10s',
    since: '0.1.0',
    text: 'A mailbox that Cyrus denied. Where a `stream` tells of changes, only while its lease holds.',
  }),
  over_quota_ttl: key(duration('1s', '300s'), {
    default: '30s',
    since: '0.1.0',
    text: 'A mailbox over its quota.',
  }),
  serve_stale: key(duration('0s', '7d'), {
    default: '24h',
    since: '0.1.0',
    text: 'A mailbox that Cyrus confirmed no longer ago than this is still answered `OK` while Cyrus cannot be asked.',
  }),
  max_known: key(integer(100, 10_000_000, 'mailboxes'), {
    default: 100_000,
    since: '0.1.0',
    text: 'Confirmed mailboxes that are kept. Should be above the number of mailboxes where they are listed over imap: a list pushes nobody out. Taken at the start only.',
  }),
  max_negative: key(integer(100, 1_000_000, 'mailboxes'), {
    default: 20_000,
    since: '0.1.0',
    text: 'Denied mailboxes that are kept, apart from the confirmed ones: a flood of guessed names pushes none of those out. Taken at the start only.',
  }),
  snapshot_interval: key(duration('10s', '1d'), {
    default: '15m',
    since: '0.1.0',
    text: 'How often all mailboxes of the served domains are listed anew, with an imap back-channel. With events an existing mailbox is believed for two of these, or for one where no imap back-channel lists it.',
  }),
  state_file: key(absolutePath(), {
    unset: 'they are not kept',
    example: '/var/db/cyrusmapd/known',
    since: '0.1.0',
    text: 'Where the known mailboxes are kept over a restart.',
  }),
  state_interval: key(duration('10s', '1d'), {
    default: '5m',
    since: '0.1.0',
    text: 'How often they are saved there; a clean stop saves them too.',
  }),
} satisfies Keys;

export const CACHE = {
  title: 'How long an answer is believed',
  text: 'What is believed without asking again. What was deferred is never cached.',
  keys: KEYS,
} satisfies Table<Keys>;

// The keys of [shadow]: another socketmap, asked beside ours. Descriptions; no I/O.
import { key, type Keys, type Table } from '../key.js';
import { duration, endpoint, flag, integer } from '../kinds.js';

const KEYS = {
  endpoint: key(endpoint(), {
    unset: 'nobody is asked beside it',
    example: 'unix:/var/imap/socket/smmapd',
    since: '0.1.0',
    text: 'Where the other one listens: smmapd, or a cyrusmapd with another configuration. What a mail server asks is asked there too, after it was answered, and where the two differ that is counted and logged (`shadow-differs`).',
  }),
  only: key(flag(), {
    default: false,
    since: '0.1.0',
    text: 'The other way round: what the other one says is answered, and ours is asked beside it. Its `PERM` and its silence become `TEMP`. A `NOTFOUND` of it is a 550, as it is without cyrusmapd.',
  }),
  connections: key(integer(1, 64, 'connections'), {
    default: 4,
    since: '0.1.0',
    text: 'Connections to the other one, each with one question at a time. smmapd has a process for each.',
  }),
  max_waiting: key(integer(1, 100_000, 'questions'), {
    default: 1000,
    since: '0.1.0',
    text: 'Questions that wait for the other one. What comes beyond is not compared; with `only` it is answered `TEMP`.',
  }),
  timeout: key(duration('100ms', '25s'), {
    default: '5s',
    since: '0.1.0',
    text: 'For the other one to accept a connection, and for each answer.',
  }),
} satisfies Keys;

export const SHADOW = {
  title: 'Another socketmap beside it',
  text: 'For the change from another socketmap: see what would differ, for as long as you like, before it does. Taken at the start only, not at a reload.',
  keys: KEYS,
} satisfies Table<Keys>;

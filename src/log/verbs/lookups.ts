// What the log tells of what was answered. No I/O of its own.
import { verb } from '../verb.js';

const FIELDS = ['map', 'key', 'verdict', 'source', 'ms'] as const;

/** Fields that tell on what an answer rests, where it is not a yes. */
const EVIDENCE = [
  'connection',
  'queueId',
  'ageMs',
  'reason',
  'backchannel',
  'session',
  'code',
  'enhanced',
  'said',
  'witness',
  'witnessSaid',
  'rule',
  'messageBytes',
] as const;

export const found = verb('found', {
  levels: ['debug', 'info'],
  prose: 'The mailbox exists.',
  fields: FIELDS,
  optional: EVIDENCE,
});

export const notfound = verb('notfound', {
  levels: ['info', 'debug'],
  prose: 'There is no such mailbox.',
  fields: FIELDS,
  optional: EVIDENCE,
});

export const overquota = verb('overquota', {
  levels: ['info', 'debug'],
  prose:
    'The mailbox is over its quota, or has no room for a message of messageBytes: over_quota says what is answered.',
  fields: FIELDS,
  optional: EVIDENCE,
});

export const refused = verb('refused', {
  levels: ['info', 'debug'],
  prose: 'The mailbox takes no mail from strangers: refused says what is answered.',
  fields: FIELDS,
  optional: EVIDENCE,
});

export const deferred = verb('deferred', {
  levels: ['info', 'debug'],
  prose: 'Nobody could say whether the mailbox exists: the sender tries again.',
  fields: FIELDS,
  optional: EVIDENCE,
});

export const stale = verb('stale', {
  levels: ['debug', 'info'],
  prose: 'Cyrus cannot be asked; the mailbox existed when it last could.',
  fields: FIELDS,
  optional: EVIDENCE,
});

export const unlogged = verb('unlogged', {
  levels: ['info'],
  prose: 'More lookups were refused or deferred in this second than may have a line each.',
  fields: ['counts'],
});

// What the log tells of the clock: what of Cyrus' mailbox list vouches for what we remember. No I/O of its own.
import { verb } from '../verb.js';

export const clockVouches = verb('clock-vouches', {
  levels: ['info'],
  prose: 'The mailbox list of Cyrus is looked at: what is remembered is believed while it has not changed.',
  fields: ['path'],
});

export const clockLimited = verb('clock-limited', {
  levels: ['warn'],
  prose:
    'The mailbox list of Cyrus can be looked at, but proves nothing now: answers are believed for a short time only.',
  fields: ['path'],
  optional: ['reason'],
});

export const clockDeferring = verb('clock-deferring', {
  levels: ['error'],
  prose: 'The mailbox list of Cyrus is not as it must be: unknown mailboxes are deferred.',
  fields: ['path'],
  optional: ['reason'],
});

export const clockOff = verb('clock-off', {
  levels: ['error'],
  prose: 'The mailbox list of Cyrus cannot be looked at: answers are believed for a short time only.',
  fields: ['path'],
  optional: ['reason'],
});

export const clockNamesOff = verb('clock-names-off', {
  levels: ['error'],
  prose:
    'A change was not among the names read from the mailbox list: names are no longer read, and each change concerns all.',
  fields: ['path'],
});

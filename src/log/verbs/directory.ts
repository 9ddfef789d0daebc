// What the log tells of the directory, the list of mailboxes that is held in memory. No I/O of its own.
import { verb } from '../verb.js';

export const directoryReady = verb('directory-ready', {
  levels: ['info'],
  prose: 'The mailbox list of Cyrus is held in memory: who is in it need not be asked about.',
  fields: ['mailboxes', 'ms'],
});

export const directoryWaiting = verb('directory-waiting', {
  levels: ['warn'],
  prose: 'The mailbox list of Cyrus cannot be read now: it is tried again, and Cyrus is asked meanwhile.',
  fields: ['reason'],
});

export const directoryReload = verb('directory-reload', {
  levels: ['warn'],
  prose: 'The mailbox list of Cyrus has changed in a way that cannot be followed: it is read anew.',
  fields: ['reason'],
});

export const directoryShrunk = verb('directory-shrunk', {
  levels: ['error'],
  prose: 'The mailbox list of Cyrus has lost mailboxes that nobody deleted: unknown ones are deferred.',
  fields: ['mailboxes', 'missing'],
});

export const directoryWhole = verb('directory-whole', {
  levels: ['info'],
  prose:
    'The mailbox list of Cyrus holds as many mailboxes as before it lost some: unknown ones are refused.',
  fields: ['mailboxes'],
});

export const directoryOff = verb('directory-off', {
  levels: ['error'],
  prose: 'The mailbox list of Cyrus does not answer any more until the next start: lmtpd is asked instead.',
  fields: ['reason'],
});

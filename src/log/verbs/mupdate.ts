// What the log tells of a subscription to the mupdate master of a murder. No I/O of its own.
import { verb } from '../verb.js';

export const mupdateReady = verb('mupdate-ready', {
  levels: ['info'],
  prose: 'The list of the mupdate master is complete: each mailbox is asked about where it is.',
  fields: ['backchannel', 'mailboxes', 'ms'],
});

export const mupdateDown = verb('mupdate-down', {
  levels: ['error', 'debug'],
  prose:
    'The mupdate master cannot be asked: every server is asked about each mailbox, and nobody is refused.',
  fields: ['backchannel', 'error', 'pauseMs'],
});

export const mupdateServer = verb('mupdate-server', {
  levels: ['error'],
  prose:
    'The murder has a server that the configuration does not name: its mailboxes are deferred, and nobody is refused.',
  fields: ['backchannel', 'server'],
});

// What the log tells of a takeover: a new process takes the sockets, the old one serves its connections to their end. No I/O
// of its own.
import { verb } from '../verb.js';

export const takeover = verb('takeover', {
  levels: ['info'],
  prose: 'The sockets have passed from one process to another: this line is in the log of both.',
  fields: ['role', 'pid', 'connections'],
});

export const takeoverComplete = verb('takeover-complete', {
  levels: ['info'],
  prose: 'The new process has all that the old one knew, and nothing goes to the old one any more.',
  fields: ['pid'],
  optional: ['mailboxes'],
});

export const takeoverUndone = verb('takeover-undone', {
  levels: ['warn'],
  prose: 'The new process ended before the takeover was complete: the old one has its sockets again.',
  fields: ['pid'],
});

export const takeoverRefused = verb('takeover-refused', {
  levels: ['error'],
  prose: 'The takeover is not possible, or was refused: the running daemon goes on as it was.',
  fields: ['pid', 'reason'],
});

export const retired = verb('retired', {
  levels: ['info'],
  prose:
    'All who were connected before the takeover have gone, or socketmap.takeover_grace is over: the old process ends.',
  fields: ['connections'],
});

export const stopDeferred = verb('stop-deferred', {
  levels: ['info'],
  prose: 'A signal told the old process to stop, which its takeover has done already; a second one ends it.',
  fields: ['signal', 'connections'],
});

export const noHttp = verb('no-http', {
  levels: ['error'],
  prose: 'HTTP for metrics cannot be opened after the takeover; lookups are answered.',
  fields: ['error'],
});

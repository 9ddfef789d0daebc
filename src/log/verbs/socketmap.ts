// What the log tells of listeners and connections of mail servers. No I/O of its own.
import { verb } from '../verb.js';

export const listening = verb('listening', {
  levels: ['info'],
  prose: 'A listener is open.',
  fields: ['endpoint'],
});

export const renewed = verb('renewed', {
  levels: ['warn'],
  prose:
    "The kernel's queue of TCP connections overflowed. The listener is opened anew, so that nobody who has waited for longer than the kernel shows is answered too late.",
  fields: ['endpoint'],
});

export const notRenewed = verb('not-renewed', {
  levels: ['error'],
  prose:
    'A TCP listener that was closed to be opened anew cannot be opened: it is tried every second, and nobody is served there meanwhile.',
  fields: ['endpoint', 'error'],
});

export const draining = verb('draining', {
  levels: ['info'],
  prose: 'The listeners are closed; what was asked is still answered.',
  fields: ['connections'],
});

export const closed = verb('closed', {
  levels: ['info', 'debug', 'warn', 'error'],
  prose: 'A connection was closed by us.',
  fields: ['reason', 'endpoint'],
  optional: ['peer', 'error', 'more'],
});

export const stalled = verb('stalled', {
  levels: ['warn'],
  prose:
    'The process stood still so long that its answers would come too late: its connections were closed unanswered.',
  fields: ['stalledMs', 'connections'],
});

export const fewFiles = verb('few-files', {
  levels: ['warn'],
  prose:
    'The process may open so few files that fewer connections than socketmap.max_connections will be served.',
  fields: ['openFiles', 'maxConnections', 'connections'],
});

export const overloaded = verb('overloaded', {
  levels: ['warn'],
  prose: 'Requests, or mail servers that connect, have waited for more than a second to be served.',
  fields: ['waiting', 'waitedMs', 'acceptMs', 'connections'],
});

export const overloadOver = verb('overload-over', {
  levels: ['info'],
  prose: 'For ten seconds nobody had to wait for long: the overload is over.',
  fields: ['waiting', 'waitedMs', 'acceptMs', 'connections'],
});

// What the log tells of the daemon's own life: start, reload, stop, and what ended it. No I/O of its own.
import { verb } from '../verb.js';

export const starting = verb('starting', {
  levels: ['info'],
  prose: 'The daemon starts.',
  fields: ['version', 'node', 'config', 'pid'],
});

export const notStarted = verb('not-started', {
  levels: ['fatal'],
  prose: 'The daemon could not start, and ends.',
  fields: ['reason'],
});

export const reloaded = verb('reloaded', {
  levels: ['info'],
  prose: 'The configuration was read again, and is in force.',
  fields: ['config', 'changed', 'needRestart'],
});

export const reloadRefused = verb('reload-refused', {
  levels: ['error'],
  prose: 'The configuration was read again and cannot be used: the old one stays in force.',
  fields: ['reason'],
});

export const stats = verb('stats', {
  levels: ['info'],
  prose: 'Counters since the start, and how full everything is now.',
  fields: ['version', 'node', 'config'],
});

export const stopping = verb('stopping', {
  levels: ['info'],
  prose: 'A signal asked the daemon to stop.',
  fields: ['signal'],
});

export const stopped = verb('stopped', {
  levels: ['info'],
  prose: 'The daemon has stopped: everything asked was answered, or the grace is over.',
});

export const fault = verb('fault', {
  levels: ['fatal'],
  prose: 'The program has a fault that nobody caught: it ends, since nobody knows what it still does.',
  fields: ['reason'],
  optional: ['stack'],
});

export const restored = verb('restored', {
  levels: ['info'],
  prose: 'The known mailboxes of before the start were read back.',
  fields: ['file', 'mailboxes'],
});

export const notRestored = verb('not-restored', {
  levels: ['warn'],
  prose: 'The file of the known mailboxes cannot be used, and is ignored.',
  fields: ['file', 'reason'],
});

export const saved = verb('saved', {
  levels: ['debug'],
  prose: 'The known mailboxes were saved.',
  fields: ['file', 'mailboxes'],
});

export const notSaved = verb('not-saved', {
  levels: ['error'],
  prose: 'The known mailboxes could not be saved: a restart begins with what was saved before.',
  fields: ['file', 'error'],
});

export const cyrusDiffers = verb('cyrus-differs', {
  levels: ['warn'],
  prose:
    'The configuration and the imapd.conf of this machine do not agree, or that file cannot be used. The configuration counts.',
  fields: ['file', 'reason'],
});

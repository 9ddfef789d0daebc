// What the log tells of who operates and watches the daemon, and of attacks. No I/O of its own.
import { verb } from '../verb.js';

export const adminListening = verb('admin-listening', {
  levels: ['info'],
  prose: 'The control socket, or HTTP for metrics, is open.',
  fields: ['endpoint'],
});

export const noControl = verb('no-control', {
  levels: ['warn'],
  prose: 'The control socket cannot be opened at its usual place, and none is configured: so there is none.',
  fields: ['error'],
});

export const harvestBegun = verb('harvest-begun', {
  levels: ['warn'],
  prose:
    'Unknown recipients come faster than usual: somebody tries names, of this domain or, without one, of all.',
  fields: ['perSecond', 'usual'],
  optional: ['domain'],
});

export const harvestEnded = verb('harvest-ended', {
  levels: ['warn'],
  prose: 'Unknown recipients come no faster than usual any more.',
  fields: ['seconds', 'unknown', 'asked'],
  optional: ['domain'],
});

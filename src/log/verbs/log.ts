// What the log tells of itself. No I/O of its own.
import { verb } from '../verb.js';

export const logResumed = verb('log-resumed', {
  levels: ['warn'],
  prose: 'Lines can be written again; some were lost.',
  fields: ['dropped'],
});

export const logLimited = verb('log-limited', {
  levels: ['warn'],
  prose: 'More would have been logged in a second than log.max_bytes_per_second.',
  fields: ['dropped'],
});

// What the log tells of itself. No I/O of its own.
import { verb } from '../verb.js';

export const logResumed = verb('log-resumed', {
  levels: ['warn'],
  prose: 'Lines can be written again; some were lost.',
  fields: ['dropped'],
});

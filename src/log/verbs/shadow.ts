// What the log tells of the other socketmap that is asked beside ours. No I/O of its own.
import { verb } from '../verb.js';

export const shadowDiffers = verb('shadow-differs', {
  levels: ['info'],
  prose: 'The other socketmap answered in another way.',
  fields: ['map', 'key', 'ours', 'other', 'kind', 'agrees'],
});

export const shadowDown = verb('shadow-down', {
  levels: ['warn'],
  prose: 'The other socketmap cannot be asked.',
  fields: ['endpoint', 'error'],
});

export const shadowUp = verb('shadow-up', {
  levels: ['info'],
  prose: 'The other socketmap can be asked again.',
  fields: ['endpoint'],
});

// What the log tells of the events that Cyrus pushes. No I/O of its own.
import { verb } from '../verb.js';

export const listeningForEvents = verb('listening-for-events', {
  levels: ['info'],
  prose: 'The socket for the events of Cyrus is open.',
  fields: ['endpoint'],
});

export const cyrusEvent = verb('cyrus-event', {
  levels: ['debug'],
  prose: 'Cyrus told of an event.',
  fields: ['name', 'kind'],
  optional: ['names', 'reason'],
});

export const eventGap = verb('event-gap', {
  levels: ['warn'],
  prose: 'An event may be lost: everything known is forgotten.',
  fields: ['reason', 'gaps'],
});

export const eventStranger = verb('event-stranger', {
  levels: ['error'],
  prose: 'A server that is not expected pushes events: at each of them everything known is forgotten.',
  fields: ['server', 'expected'],
});

export const notificationDropped = verb('notification-dropped', {
  levels: ['warn'],
  prose: 'A notification for another program could not be handed on.',
  fields: ['endpoint', 'error'],
});

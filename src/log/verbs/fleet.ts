// What the log tells of changes that are told to other machines over Valkey, and from there. No I/O of its own.
import { verb } from '../verb.js';

export const fleetTrouble = verb('fleet-trouble', {
  levels: ['warn'],
  prose:
    'Changes do not cross: a follower believes nothing that it remembers, a publisher answers no followers, until this is over.',
  fields: ['stream', 'role', 'reason'],
});

export const fleetWell = verb('fleet-well', {
  levels: ['info'],
  prose: 'Changes cross again.',
  fields: ['stream', 'role'],
});

export const fleetForgotten = verb('fleet-forgotten', {
  levels: ['info'],
  prose: 'What is remembered of this Cyrus is asked about anew, since changes may have been missed.',
  fields: ['stream', 'reason'],
});

export const fleetStreamLost = verb('fleet-stream-lost', {
  levels: ['warn'],
  prose: 'Valkey has lost what we kept there; it is made anew, and all followers forget what they know.',
  fields: ['stream'],
});

export const fleetTwoPublishers = verb('fleet-two-publishers', {
  levels: ['error'],
  prose: 'Another daemon publishes the same stream: no follower believes anything until one of the two ends.',
  fields: ['stream'],
});

export const fleetFollowersLost = verb('fleet-followers-lost', {
  levels: ['warn'],
  prose:
    'Followers did not acknowledge a change within their leases, which are over; Cyrus was held up for so long.',
  fields: ['stream', 'followers'],
});

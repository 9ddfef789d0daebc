// What the log tells of the connections to Cyrus, and of what vouches for a denial. No I/O of its own.
import { verb } from '../verb.js';

export const backendUp = verb('backend-up', {
  levels: ['info'],
  prose: 'Cyrus answers again.',
  fields: ['backchannel'],
});

export const backendDown = verb('backend-down', {
  levels: ['error', 'debug'],
  prose: 'Cyrus cannot be asked: what is not known is deferred.',
  fields: ['backchannel', 'error', 'pauseMs'],
});

export const sessionRefused = verb('session-refused', {
  levels: ['debug'],
  prose: 'One more connection to Cyrus failed, while others work.',
  fields: ['backchannel', 'error', 'pauseMs'],
});

export const botched = verb('botched', {
  levels: ['debug'],
  prose: 'A connection to Cyrus broke off or is out of step, and was closed.',
  fields: ['backchannel', 'error', 'questions'],
});

export const creationClean = verb('creation-clean', {
  levels: ['info'],
  prose:
    'lmtpd does not take or create everything any more: it is asked again, and unknown mailboxes are refused.',
  fields: ['backchannel', 'domain', 'reply'],
});

export const catchAll = verb('catch-all', {
  levels: ['warn'],
  prose: 'lmtpd takes mail for everybody, so everybody is answered OK.',
  fields: ['backchannel', 'domain', 'reply'],
});

export const autocreate = verb('autocreate', {
  levels: ['error'],
  prose: 'lmtpd may create what it is asked about, so it is not asked.',
  fields: ['backchannel', 'domain', 'reply'],
});

export const witnessMissing = verb('witness-missing', {
  levels: ['error'],
  prose: 'Unknown mailboxes are deferred until a mailbox is confirmed or the canary is configured.',
  fields: ['backchannel', 'key'],
});

export const witnessFailed = verb('witness-failed', {
  levels: ['error'],
  prose: 'Unknown mailboxes are deferred: Cyrus denies one that must exist, and may have lost its mailboxes.',
  fields: ['backchannel', 'witness', 'verdict'],
});

export const witnessRecovered = verb('witness-recovered', {
  levels: ['info'],
  prose: 'The mailbox that must exist is there again: unknown mailboxes are refused.',
  fields: ['backchannel', 'witness'],
});

export const listed = verb('listed', {
  levels: ['info'],
  prose: 'All mailboxes were listed.',
  fields: ['backchannel', 'mailboxes', 'ms'],
});

export const listedInPart = verb('listed-in-part', {
  levels: ['warn'],
  prose: 'There was no room for some mailboxes of the list: cache.max_known is below their number.',
  fields: ['backchannel', 'skipped'],
});

export const notListed = verb('not-listed', {
  levels: ['error', 'debug'],
  prose: 'The mailboxes could not be listed: what is known stays known.',
  fields: ['backchannel', 'error'],
});

export const listShrunk = verb('list-shrunk', {
  levels: ['error'],
  prose:
    'The list lost more than a tenth of its names: the former names stay until it has stood so for a minute.',
  fields: ['backchannel', 'file', 'mailboxes', 'missing'],
});

export const listTaken = verb('list-taken', {
  levels: ['info'],
  prose:
    'The list changed and stands still, or lost many names and has stood so for a minute: it is believed.',
  fields: ['backchannel', 'file', 'mailboxes'],
});

export const listRefused = verb('list-refused', {
  levels: ['error'],
  prose: 'The list changed, and cannot be read: the former names stay.',
  fields: ['backchannel', 'file', 'reason'],
});

export const mailboxesVanished = verb('mailboxes-vanished', {
  levels: ['error'],
  prose:
    'Mailboxes that were known are unknown together, and nothing told of it: they are deferred, Cyrus may have lost them.',
  fields: ['backchannel', 'mailboxes'],
});

export const mailboxesBack = verb('mailboxes-back', {
  levels: ['info'],
  prose:
    'Mailboxes that had vanished are there again, or were only few: unknown mailboxes are refused again.',
  fields: ['backchannel'],
});

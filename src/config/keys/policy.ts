// The keys of [policy]: a policy service for Postfix. Descriptions; no I/O.
import { key, type Keys, type Table } from '../key.js';
import { endpoint, integer, list, network, text } from '../kinds.js';
import { socketFile } from './socket-file.js';

/** The actions of access(5) that are allowed: they leave the decision to others, accept, defer or refuse. */
const ANY = /^(?:DUNNO|OK|(?:REJECT|DEFER|DEFER_IF_PERMIT|DEFER_IF_REJECT|[45]\d\d)(?: [ -~]{1,200})?)$/;
const NEVER_FOR_GOOD = /^(?:DUNNO|(?:DEFER|DEFER_IF_PERMIT|DEFER_IF_REJECT|4\d\d)(?: [ -~]{1,200})?)$/;

/** Any of these actions, with a text of the operator's own where it takes one. */
export const anyAction = () =>
  text(
    (value) => ANY.test(value),
    '`DUNNO`, `OK`, or `REJECT`, `DEFER`, `DEFER_IF_PERMIT`, `4NN` or `5NN` and a text',
  );

/** Actions that refuse nobody for good. */
export const deferringAction = () =>
  text(
    (value) => NEVER_FOR_GOOD.test(value),
    '`DUNNO`, or `DEFER`, `DEFER_IF_PERMIT` or `4NN` and a text: nobody is refused for what is not known',
  );

/** Actions that let the recipient pass. */
export const passingAction = () => text((value) => value === 'DUNNO' || value === 'OK', '`DUNNO` or `OK`');

const KEYS = {
  listen: key(list(endpoint(), 'endpoints'), {
    default: [],
    since: '0.1.0',
    text: 'Where it listens for `check_policy_service` of Postfix; nowhere by default. It needs [domains], without `*`: about other domains it has no opinion.',
  }),
  allow: key(list(network(), 'networks'), {
    default: [],
    since: '0.1.0',
    text: 'Who may ask over TCP. A listener that can be reached from another machine needs it.',
  }),
  ...socketFile({ of: 'UNIX socket', group: 'postfix', notes: { owner: ' Only root can give it away.' } }),
  max_connections: key(integer(1, 100_000, 'connections'), {
    default: 1024,
    since: '0.1.0',
    text: "Connections at once. Each process of Postfix' smtpd has one.",
  }),
  max_request_bytes: key(integer(2048, 65_536, 'bytes'), {
    default: 16_384,
    since: '0.1.0',
    text: 'The longest request, all of its attributes together. The other limits are those of [socketmap].',
  }),
  deliverable: key(passingAction(), {
    default: 'DUNNO',
    since: '0.1.0',
    text: 'For a mailbox that Cyrus takes mail for. With `OK` Postfix looks at no restriction behind it.',
  }),
  unknown: key(anyAction(), {
    default: '550 5.1.1 User unknown',
    since: '0.1.0',
    text: 'For a mailbox that does not exist.',
  }),
  over_quota: key(anyAction(), {
    default: '452 4.2.2 Mailbox full',
    since: '0.1.0',
    text: 'For a mailbox over its quota.',
  }),
  refused: key(anyAction(), {
    default: '550 5.7.1 Not permitted to post there',
    since: '0.1.0',
    text: 'For a shared mailbox that the sender may not post to.',
  }),
  deferred: key(deferringAction(), {
    default: '451 4.3.0 Mailbox cannot be verified now, try again later',
    since: '0.1.0',
    text: 'For what is not known now.',
  }),
} satisfies Keys;

export const POLICY = {
  title: 'A policy service for Postfix',
  text: 'By which the sender hears the true reason, which a socketmap cannot say. Listeners, sockets and limits are taken at the start, the answers at a reload too.',
  keys: KEYS,
} satisfies Table<Keys>;

// The keys of [domain."example.jp"]: answers of its own for the recipients of a domain. Descriptions; no I/O.
import { key, type Keys, type Table } from '../key.js';
import { OVER_QUOTA, REFUSED } from './lookup.js';
import { anyAction, deferringAction, passingAction } from './policy.js';

const UNSET = 'as the map has it';
const UNSET_POLICY = 'as under [policy]';

const KEYS = {
  over_quota: key(OVER_QUOTA, {
    unset: UNSET,
    example: 'reject',
    since: '0.1.0',
    text: 'For a mailbox over its quota, as under [lookup].',
  }),
  refused: key(REFUSED, {
    unset: UNSET,
    example: 'temp',
    since: '0.1.0',
    text: 'For a shared mailbox that the sender may not post to.',
  }),
  policy_deliverable: key(passingAction(), {
    unset: UNSET_POLICY,
    example: 'OK',
    since: '0.1.0',
    text: 'What the policy service answers for a mailbox that Cyrus takes mail for.',
  }),
  policy_unknown: key(anyAction(), {
    unset: UNSET_POLICY,
    example: '550 5.1.1 No such person at Example',
    since: '0.1.0',
    text: 'The same for a mailbox that does not exist.',
  }),
  policy_over_quota: key(anyAction(), {
    unset: UNSET_POLICY,
    example: '552 5.2.2 Mailbox full',
    since: '0.1.0',
    text: 'The same for a mailbox over its quota.',
  }),
  policy_refused: key(anyAction(), {
    unset: UNSET_POLICY,
    example: '550 5.7.1 Members only',
    since: '0.1.0',
    text: 'The same for a shared mailbox that the sender may not post to.',
  }),
  policy_deferred: key(deferringAction(), {
    unset: UNSET_POLICY,
    example: '451 4.3.0 Try again later',
    since: '0.1.0',
    text: 'The same for what is not known now.',
  }),
} satisfies Keys;

export const DOMAIN = {
  title: 'Answers for one domain',
  text: 'What is answered for recipients of this domain, whatever map they are asked through. `"*.example.jp"` is its subdomains; the most specific table counts, and what that does not set is as elsewhere. It must be a domain that [domains] serves. A key without a domain is of lookup.default_domain.',
  keys: KEYS,
} satisfies Table<Keys>;

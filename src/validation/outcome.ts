// What a lookup ends with: the verdict, and how we came to it. Frequent outcomes are made once and used again. No I/O.
import { UNLISTED } from './listing.js';
import { DeadlineError, DownError, messageOf } from '../errors.js';
import type { Impossible } from './recipient.js';
import {
  addEvidence,
  DELIVERABLE,
  deferred,
  OVERQUOTA,
  REFUSED,
  UNKNOWN,
  type Source,
  type Verdict,
} from './verdict.js';

/** A verdict and how we came to it. */
export type Outcome = { readonly verdict: Verdict; readonly source: Source };

const KNOWN_DELIVERABLE: Outcome = Object.freeze({ verdict: DELIVERABLE, source: 'known' });
const KNOWN_OVERQUOTA: Outcome = Object.freeze({ verdict: OVERQUOTA, source: 'known' });
const KNOWN_UNKNOWN: Outcome = Object.freeze({ verdict: UNKNOWN, source: 'negative' });
const KNOWN_UNLISTED: Outcome = Object.freeze({ verdict: UNLISTED, source: 'directory' });
const KNOWN_REFUSED: Outcome = Object.freeze({ verdict: REFUSED, source: 'negative' });
export const RULE_ACCEPTS: Outcome = Object.freeze({ verdict: DELIVERABLE, source: 'rule' });
/** The mailbox was known before, and Cyrus cannot be asked now. */
export const STALE: Outcome = Object.freeze({ verdict: DELIVERABLE, source: 'stale' });
const FOREIGN = byRule(UNKNOWN, 'the domain is none of ours', 'routing');
const UNSERVED = byRule(
  deferred('no back-channel serves the domain'),
  'no back-channel serves the domain',
  'routing',
);
const IMPOSSIBLE: { readonly [reason in Impossible]: Outcome } = {
  'empty part': byRule(UNKNOWN, 'empty part'),
  '8-bit character': byRule(UNKNOWN, '8-bit character'),
  'control character': byRule(UNKNOWN, 'control character'),
  space: byRule(UNKNOWN, 'space'),
  'special character': byRule(UNKNOWN, 'special character'),
  'domain character': byRule(UNKNOWN, 'domain character'),
  'two @': byRule(UNKNOWN, 'two @'),
  'too long': byRule(UNKNOWN, 'too long'),
};

/** What the cache believes, as an outcome. Every hit passes here, so it makes no new object for the frequent verdicts. */
export function believedOutcome(verdict: Verdict): Outcome {
  switch (verdict.kind) {
    case 'deliverable':
      return KNOWN_DELIVERABLE;
    case 'overquota':
      return KNOWN_OVERQUOTA;
    case 'unknown':
      return verdict === UNLISTED ? KNOWN_UNLISTED : KNOWN_UNKNOWN;
    case 'refused':
      return KNOWN_REFUSED;
    case 'deferred':
      return { verdict, source: 'negative' };
  }
}

/**
 * Turns a failure into a verdict, which is always `deferred`.
 * @param backchannel the name of the back-channel that should have been asked
 */
export function failedOutcome(error: unknown, backchannel: string): Outcome {
  return { verdict: addEvidence(deferred(messageOf(error)), { backchannel }), source: sourceOf(error) };
}

function sourceOf(error: unknown): Source {
  if (error instanceof DownError) return 'down';
  return error instanceof DeadlineError ? 'deadline' : 'probe';
}

/** @param backchannel the name of the back-channel that was asked, where it is known */
export function tooLate(backchannel: string | undefined): Outcome {
  const verdict = deferred('Cyrus did not answer in time');
  return {
    verdict: backchannel === undefined ? verdict : addEvidence(verdict, { backchannel }),
    source: 'deadline',
  };
}

/** The outcome for a key that lmtpd can only refuse. */
export function unknownByRule(reason: Impossible): Outcome {
  return IMPOSSIBLE[reason];
}

export function routedOutcome(nobody: 'unserved' | 'foreign'): Outcome {
  return nobody === 'foreign' ? FOREIGN : UNSERVED;
}

/** @param what cannot be asked about @param rule why not, for the evidence */
export function deferredByRule(what: string, rule: string): Outcome {
  return byRule(deferred(`${what} cannot be asked about`), rule);
}

function byRule(verdict: Verdict, rule: string, source: Source = 'rule'): Outcome {
  return Object.freeze({ verdict: addEvidence(verdict, { rule }), source });
}

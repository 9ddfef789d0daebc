// What a lookup ends with: the verdict, and how we came to it. The frequent ones are made once. No I/O.
import { DeadlineError, messageOf } from '../errors.js';
import { DELIVERABLE, deferred, OVERQUOTA, REFUSED, UNKNOWN, type Source, type Verdict } from './verdict.js';

/** A verdict and how we came to it. */
export type Outcome = { readonly verdict: Verdict; readonly source: Source };

const KNOWN_DELIVERABLE: Outcome = Object.freeze({ verdict: DELIVERABLE, source: 'known' });
const KNOWN_OVERQUOTA: Outcome = Object.freeze({ verdict: OVERQUOTA, source: 'known' });
const KNOWN_UNKNOWN: Outcome = Object.freeze({ verdict: UNKNOWN, source: 'negative' });
const KNOWN_REFUSED: Outcome = Object.freeze({ verdict: REFUSED, source: 'negative' });
export const RULE_ACCEPTS: Outcome = Object.freeze({ verdict: DELIVERABLE, source: 'rule' });
export const RULE_UNKNOWN: Outcome = Object.freeze({ verdict: UNKNOWN, source: 'rule' });
/** Known, while Cyrus cannot be asked. */
export const STALE: Outcome = Object.freeze({ verdict: DELIVERABLE, source: 'stale' });
const FOREIGN: Outcome = Object.freeze({ verdict: UNKNOWN, source: 'routing' });
const UNSERVED: Outcome = Object.freeze({
  verdict: deferred('no back-channel serves the domain'),
  source: 'routing',
});
export const TOO_LATE: Outcome = Object.freeze({
  verdict: deferred('Cyrus did not answer in time'),
  source: 'deadline',
});

/** What the cache believes, as an outcome; without an object for each, since every hit passes here. */
export function believedOutcome(verdict: Verdict): Outcome {
  switch (verdict.kind) {
    case 'deliverable':
      return KNOWN_DELIVERABLE;
    case 'overquota':
      return KNOWN_OVERQUOTA;
    case 'unknown':
      return KNOWN_UNKNOWN;
    case 'refused':
      return KNOWN_REFUSED;
    case 'deferred':
      return { verdict, source: 'negative' };
  }
}

/** A failure becomes a verdict here, and never another than deferred. */
export function failedOutcome(error: unknown): Outcome {
  const source = error instanceof DeadlineError ? 'deadline' : 'probe';
  return { verdict: deferred(messageOf(error)), source };
}

export function routedOutcome(nobody: 'unserved' | 'foreign'): Outcome {
  return nobody === 'foreign' ? FOREIGN : UNSERVED;
}

export function deferredByRule(what: string): Outcome {
  return { verdict: deferred(`${what} cannot be asked about`), source: 'rule' };
}

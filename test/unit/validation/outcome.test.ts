import { describe, expect, test } from 'vitest';
import { DeadlineError, DownError, ProtocolError, UnavailableError } from '../../../src/errors.js';
import { UNLISTED } from '../../../src/validation/listing.js';
import {
  believedOutcome,
  deferredByRule,
  failedOutcome,
  routedOutcome,
  tooLate,
  unknownByRule,
} from '../../../src/validation/outcome.js';
import { DELIVERABLE, deferred, OVERQUOTA, REFUSED, UNKNOWN } from '../../../src/validation/verdict.js';

describe('what is believed', () => {
  test.each([
    [DELIVERABLE, 'known'],
    [OVERQUOTA, 'known'],
    [UNKNOWN, 'negative'],
    [UNLISTED, 'directory'],
    [REFUSED, 'negative'],
    [deferred('later'), 'negative'],
  ])('%j is itself, from %s', (verdict, source) => {
    expect(believedOutcome(verdict)).toEqual({ verdict, source });
  });

  test.each([DELIVERABLE, OVERQUOTA, UNKNOWN, UNLISTED, REFUSED])('%j costs no new object', (verdict) => {
    expect(believedOutcome(verdict)).toBe(believedOutcome(verdict));
  });
});

describe('a failure', () => {
  test.each([
    [new DownError('backing off'), 'down'],
    [new DeadlineError('too late'), 'deadline'],
    [new UnavailableError('closed'), 'probe'],
    [new ProtocolError('550 without a command'), 'probe'],
    [new Error('unknown mailbox'), 'probe'],
    ['what is no error', 'probe'],
  ])('is deferred, whatever was thrown: %s', (error, source) => {
    expect(failedOutcome(error, 'cyrus')).toMatchObject({
      verdict: { kind: 'deferred', evidence: { backchannel: 'cyrus' } },
      source,
    });
  });

  test('tells what failed', () => {
    expect(failedOutcome(new UnavailableError('closed'), 'cyrus').verdict).toMatchObject({
      reason: 'closed',
    });
  });
});

describe('the deadline', () => {
  test('defers, with who was asked where that is known', () => {
    expect(tooLate('cyrus')).toMatchObject({
      verdict: { kind: 'deferred', evidence: { backchannel: 'cyrus' } },
      source: 'deadline',
    });
    expect(tooLate(undefined)).toMatchObject({ verdict: { kind: 'deferred' }, source: 'deadline' });
    expect(tooLate(undefined).verdict).not.toHaveProperty('evidence');
  });
});

describe('a rule', () => {
  test.each([
    'empty part',
    '8-bit character',
    'control character',
    'space',
    'special character',
    'domain character',
    'two @',
    'too long',
  ] as const)('makes a key with %s unknown, and says why', (rule) => {
    expect(unknownByRule(rule)).toEqual({ verdict: { kind: 'unknown', evidence: { rule } }, source: 'rule' });
  });

  test('defers what cannot be asked about, and says why', () => {
    expect(deferredByRule('a folder', 'it sees none')).toEqual({
      verdict: {
        kind: 'deferred',
        reason: 'a folder cannot be asked about',
        evidence: { rule: 'it sees none' },
      },
      source: 'rule',
    });
  });

  test('defers a domain that nobody serves; one that is none of ours is unknown', () => {
    expect(routedOutcome('unserved')).toMatchObject({ verdict: { kind: 'deferred' }, source: 'routing' });
    expect(routedOutcome('foreign')).toMatchObject({ verdict: { kind: 'unknown' }, source: 'routing' });
  });
});

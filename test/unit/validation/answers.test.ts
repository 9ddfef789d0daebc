// What several servers answer to one question: whose answer counts, and when nobody's does.
import { describe, expect, test } from 'vitest';
import { UnavailableError } from '../../../src/errors.js';
import { judgeAll, type Answer } from '../../../src/validation/answers.js';
import {
  addEvidence,
  deferred,
  DELIVERABLE,
  OVERQUOTA,
  REFUSED,
  UNKNOWN,
  type Verdict,
} from '../../../src/validation/verdict.js';
import { HandProbe } from '../../fakes/hand-probe.js';

const all = new HandProbe('all');
const AWAY = new UnavailableError('away');

function answers(...said: readonly (Verdict | Error)[]): Answer[] {
  return said.map((each, i) => {
    const by = new HandProbe(`b${i + 1}`);
    return each instanceof Error ? { by, error: each } : { by, verdict: each };
  });
}

/** What is found, and by whom. */
function judged(...said: readonly (Verdict | Error)[]): string {
  const { verdict, by } = judgeAll(answers(...said), all);
  return `${verdict.kind} ${by.name}`;
}

describe('of several servers', () => {
  test('the one that takes mail for the mailbox counts, before one that says over quota', () => {
    expect(judged(UNKNOWN, DELIVERABLE)).toBe('deliverable b2');
    expect(judged(OVERQUOTA, DELIVERABLE)).toBe('deliverable b2');
    expect(judged(UNKNOWN, OVERQUOTA)).toBe('overquota b2');
  });

  test('the one that has the mailbox counts, though another cannot be asked', () => {
    expect(judged(AWAY, DELIVERABLE)).toBe('deliverable b2');
    expect(judged(AWAY, OVERQUOTA)).toBe('overquota b2');
  });

  test('none has denied the mailbox where one cannot be asked', () => {
    expect(() => judged(UNKNOWN, AWAY)).toThrow(AWAY);
    expect(() => judged(AWAY, UNKNOWN)).toThrow(AWAY);
  });

  test('a doubt of one is the doubt of all, and counts more than a refusal', () => {
    expect(judged(UNKNOWN, deferred('busy'))).toBe('deferred all');
    expect(judged(REFUSED, deferred('busy'))).toBe('deferred all');
  });

  test('a refusal of one is no denial of all', () => {
    expect(judged(UNKNOWN, REFUSED)).toBe('refused all');
    expect(judged(REFUSED, UNKNOWN)).toBe('refused all');
  });

  test('the denials of all are one, with the names of all', () => {
    const denial = (backchannel: string): Verdict => addEvidence(UNKNOWN, { backchannel });
    expect(judgeAll(answers(denial('one'), denial('two')), all)).toEqual({
      verdict: { kind: 'unknown', evidence: { backchannel: 'one, two' } },
      by: all,
    });
  });
});

import { describe, expect, test } from 'vitest';
import { decisionLine, matches, readable } from '../../../src/daemon/decision-line.js';
import type { Decision } from '../../../src/daemon/decision-ring.js';
import { flatEvidence } from '../../../src/daemon/flat-evidence.js';
import {
  addEvidence,
  deferred,
  DELIVERABLE,
  UNKNOWN,
  type Verdict,
} from '../../../src/validation/verdict.js';

const WALL = Date.UTC(2026, 10, 28);

function decision(verdict: Verdict, more: Partial<Decision> = {}): Decision {
  return {
    at: 1_500,
    map: 'cyrus',
    key: 'Alice@Example.jp',
    connection: 7,
    status: verdict.kind === 'deliverable' ? 'OK' : 'NOTFOUND',
    outcome: { verdict, source: 'probe' },
    ms: 1.23456,
    ageMs: undefined,
    queueId: undefined,
    ...more,
  };
}

describe('a decision in words', () => {
  test('has when, what was asked and answered, why and by whom', () => {
    expect(decisionLine(decision(DELIVERABLE), WALL)).toStrictEqual({
      time: '2026-11-28T00:00:01.500Z',
      map: 'cyrus',
      key: 'Alice@Example.jp',
      reply: 'OK',
      source: 'probe',
      ms: 1.235,
      connection: 7,
      verdict: 'deliverable',
    });
  });

  test('has what Cyrus said where it is no yes, how old that is, and the id of the queue', () => {
    const evidence = { backchannel: 'cyrus', said: { code: '550', enhanced: '5.1.1', text: 'User unknown' } };
    const denied = decision(addEvidence(UNKNOWN, evidence), { ageMs: 2.6, queueId: 'qid' });
    expect(decisionLine(denied, WALL)).toMatchObject({
      verdict: 'unknown',
      backchannel: 'cyrus',
      code: '550',
      enhanced: '5.1.1',
      said: 'User unknown',
      ageMs: 3,
      queueId: 'qid',
    });
    expect(decisionLine(denied, WALL)).not.toHaveProperty('reason');
    expect(decisionLine(decision(deferred('Cyrus is away')), WALL)).toMatchObject({
      verdict: 'deferred',
      reason: 'Cyrus is away',
    });
  });

  test('names no connection where it is not known', () => {
    expect(decisionLine(decision(DELIVERABLE, { connection: 0 }), WALL)).not.toHaveProperty('connection');
  });

  test('shows bytes as the UTF-8 that they are, or else as they are', () => {
    expect(readable(Buffer.from('müller@example.jp').toString('latin1'))).toBe('müller@example.jp');
    expect(readable('m\xfcller@example.jp')).toBe('m\xfcller@example.jp');
    const line = decisionLine(decision(DELIVERABLE, { key: Buffer.from('é').toString('latin1') }), WALL);
    expect(line.key).toBe('é');
  });
});

describe('who looks for decisions', () => {
  const denied = decision(UNKNOWN);

  test.each([
    [{}, true],
    [{ verdict: 'unknown' }, true],
    [{ verdict: 'notfound' }, true],
    [{ verdict: 'NotFound' }, true],
    [{ verdict: 'deferred' }, false],
    [{ domain: 'example.jp' }, true],
    [{ domain: 'EXAMPLE.JP' }, true],
    [{ domain: 'ample.jp' }, false],
    [{ domain: 'example.net' }, false],
    [{ verdict: 'unknown', domain: 'example.net' }, false],
    [{ verdict: 'deferred', domain: 'example.jp' }, false],
  ])('by %j finds a denial in example.jp: %s', (filter, found) => {
    expect(matches(filter, denied)).toBe(found);
  });
});

describe('evidence in one level', () => {
  test('of nothing is nothing', () => {
    expect(flatEvidence(undefined)).toStrictEqual({});
    expect(flatEvidence({ session: 'cyrus-1' })).toStrictEqual({ session: 'cyrus-1' });
  });

  test('leaves out the status code that Cyrus did not give', () => {
    expect(flatEvidence({ said: { code: 'NO', enhanced: '', text: 'no' } })).toStrictEqual({
      code: 'NO',
      said: 'no',
    });
    expect(flatEvidence({ witness: { address: 'canary', said: 'deliverable' } })).toStrictEqual({
      witness: 'canary',
      witnessSaid: 'deliverable',
    });
  });
});

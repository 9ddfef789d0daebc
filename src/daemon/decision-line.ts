// A decision in words, as `tail`, `explain` and the page show it. No I/O.
import type { DecisionFilter, DecisionLine } from '../admin/operations.js';
import type { Verdict } from '../validation/verdict.js';
import type { Decision } from './decision-ring.js';
import { flatEvidence } from './flat-evidence.js';

/** @param wall the wall clock less the monotonic one, in milliseconds */
export function decisionLine(decision: Decision, wall: number): DecisionLine {
  const { at, map, key, connection, status, outcome, ms, ageMs, queueId } = decision;
  return {
    time: new Date(wall + at).toISOString(),
    map: readable(map),
    key: readable(key),
    reply: status,
    source: outcome.source,
    ms: Math.round(ms * 1000) / 1000,
    ...(connection === 0 ? {} : { connection }),
    ...verdictFields(outcome.verdict),
    ...(ageMs === undefined ? {} : { ageMs: Math.round(ageMs) }),
    ...(queueId === undefined ? {} : { queueId: readable(queueId) }),
  };
}

type VerdictFields = Omit<DecisionLine, 'time' | 'map' | 'key' | 'reply' | 'source' | 'ms'>;

function verdictFields(verdict: Verdict): VerdictFields {
  if (verdict.kind === 'deliverable') return { verdict: verdict.kind };
  return {
    verdict: verdict.kind,
    ...(verdict.kind === 'deferred' ? { reason: verdict.reason } : {}),
    ...flatEvidence(verdict.evidence),
  };
}

/** A key holds a byte in each character: shown as UTF-8 where it is that. */
export function readable(bytes: string): string {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? bytes : text;
}

export function matches({ verdict, domain }: DecisionFilter, decision: Decision): boolean {
  const { key, status, outcome } = decision;
  if (verdict !== undefined && verdict !== outcome.verdict.kind && verdict.toUpperCase() !== status)
    return false;
  return domain === undefined || key.toLowerCase().endsWith(`@${domain.toLowerCase()}`);
}

// The denials of several servers as one verdict, with the words and the witness of each behind it. No I/O.
import type { Evidence } from './evidence.js';
import { addEvidence, UNKNOWN, type Verdict } from './verdict.js';

/** @param denials the `unknown` verdicts of all servers that share the domain */
export function denialOfAll(denials: readonly Verdict[]): Verdict {
  const all = denials.flatMap((each) => (each.kind === 'unknown' ? [each.evidence ?? {}] : []));
  const [first] = all;
  if (first === undefined) return UNKNOWN;
  const names = all.flatMap(({ backchannel }) => backchannel ?? []);
  const witnesses = all.flatMap(({ witness }) => witness ?? []);
  const evidence: Evidence = {
    ...first,
    ...(names.length === 0 ? {} : { backchannel: names.join(', ') }),
    ...(witnesses.length === 0
      ? {}
      : {
          witness: {
            address: joined(witnesses.map(({ address }) => address)),
            said: joined(witnesses.map(({ said }) => said)),
          },
        }),
  };
  return addEvidence(UNKNOWN, evidence);
}

/** Joins the words with commas, and each different word once. */
function joined(words: readonly string[]): string {
  return [...new Set(words)].join(', ');
}

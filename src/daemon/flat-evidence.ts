// The evidence of a verdict as fields of one level, as the log, `tail` and `explain` show it. No I/O.
import type { FlatEvidence } from '../admin/operations.js';
import type { Evidence } from '../validation/evidence.js';

export function flatEvidence(evidence: Evidence | undefined): FlatEvidence {
  if (evidence === undefined) return {};
  const { said, witness, ...others } = evidence;
  return {
    ...others,
    ...(said === undefined ? {} : { code: said.code }),
    ...(said === undefined || said.enhanced === '' ? {} : { enhanced: said.enhanced }),
    ...(said === undefined ? {} : { said: said.text }),
    ...(witness === undefined ? {} : { witness: witness.address, witnessSaid: witness.said }),
  };
}

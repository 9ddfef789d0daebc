// The evidence of a verdict as fields of one level, as the log, `tail` and `explain` show it. No I/O.
import type { Evidence } from '../validation/evidence.js';

/** A field is missing where there was no such thing. */
export type FlatEvidence = {
  readonly backchannel?: string;
  /** SESSIONID. */
  readonly session?: string;
  /** What Cyrus said. */
  readonly code?: string;
  readonly enhanced?: string;
  readonly said?: string;
  /** The address of the witness, and what it was found to be. */
  readonly witness?: string;
  readonly witnessSaid?: string;
  readonly rule?: string;
};

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

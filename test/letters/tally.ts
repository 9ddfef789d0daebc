// What became of the letters, held against what delivery does with each recipient. No I/O.
import type { Kind, Letter } from './recipients.js';
import type { Said } from './send.js';

export type Fate = {
  readonly letter: Letter;
  readonly said: Said;
  /** A notice that it could not be delivered went to its sender. */
  readonly bounced: boolean;
  /** It is in a mailbox. */
  readonly arrived: boolean;
  /** A letter to this recipient that is handed to lmtpd is delivered. */
  readonly deliverable: boolean;
};

export type Tally = {
  readonly letters: number;
  readonly taken: number;
  readonly refused: number;
  readonly deferred: number;
  /** Those that were taken, and returned to their senders. */
  readonly bounced: readonly string[];
  /** Those that were refused for good or put off, though they would have been delivered. */
  readonly wronglyRefused: readonly string[];
  readonly wronglyDeferred: readonly string[];
  /** Those that were taken, not returned, and are in no mailbox. */
  readonly lost: readonly string[];
};

export function tallyOf(fates: readonly Fate[]): Tally {
  const among = (wanted: (fate: Fate) => boolean): string[] => fates.filter(wanted).map(describe);
  const count = (said: Said): number => fates.filter((fate) => fate.said === said).length;
  return {
    letters: fates.length,
    taken: count('taken'),
    refused: count('refused'),
    deferred: count('deferred'),
    bounced: among(({ bounced }) => bounced),
    wronglyRefused: among(({ said, deliverable }) => said === 'refused' && deliverable),
    wronglyDeferred: among(({ said, deliverable }) => said === 'deferred' && deliverable),
    lost: among(({ said, bounced, arrived }) => said === 'taken' && !bounced && !arrived),
  };
}

/** For each kind: how many there were, were taken, bounced, and were refused or deferred though delivery would have taken them. */
export function byKind(fates: readonly Fate[]): string[] {
  const kinds = new Map<Kind, Fate[]>();
  for (const fate of fates) kinds.set(fate.letter.kind, [...(kinds.get(fate.letter.kind) ?? []), fate]);
  return [...kinds].map(([kind, all]) => {
    const { letters, taken, bounced, wronglyRefused, wronglyDeferred } = tallyOf(all);
    const figures = { letters, taken, bounced: bounced.length, wronglyRefused: wronglyRefused.length };
    return `${kind}: ${JSON.stringify({ ...figures, wronglyDeferred: wronglyDeferred.length })}`;
  });
}

function describe({ letter, said }: Fate): string {
  return `${letter.to} (${letter.kind}): ${said}`;
}

// Finds the kind of a difference, and which of the two answers agrees with delivery. It decides only what was proven by delivering
// mail (test/matrix); the rest is left to the reader of the report. No I/O.
import { parseKey, type AddressRules } from '../validation/recipient.js';
import { isOverQuota, isPermissionDenied, saysExists, type Answer } from './answer.js';
import type { Agrees, Judgement, Kind } from './kind.js';

/** What is known of our side. */
export type Facts = {
  readonly rules: AddressRules;
  /** Whether all our back-channels ask lmtpd; undefined where the configuration of our side is not known. */
  readonly asksLmtp: boolean | undefined;
  /** Whether over_quota is `temp` in our configuration, as lmtpd answers; undefined where that configuration is not known. */
  readonly overQuotaAsCyrus: boolean | undefined;
};

export type Difference = {
  /** Latin1, as it was asked. */
  readonly key: string;
  readonly ours: Answer;
  readonly other: Answer;
  /** What both say of the address without its detail, where it has one and they were asked. */
  readonly plainOurs?: Answer | undefined;
  readonly plainOther?: Answer | undefined;
};

export function judge(difference: Difference, facts: Facts): Judgement {
  const { key, ours, other } = difference;
  if (ours.class === 'none') return as('other', 'undecided');
  if (other.class === 'none') return as('no-reply', 'ours');
  const parsed = parseKey(key, facts.rules);
  if (parsed.kind === 'unaskable' && ours.class === 'TEMP') return as('unaskable', 'ours');
  if (parsed.kind === 'impossible' && parsed.reason === '8-bit character')
    return as('eight-bit', 'undecided');
  if (ours.class === 'OK' && other.class === 'OK') return ofValues(ours.text, other.text);
  const named = ofDetail(difference, parsed.kind === 'recipient' && parsed.recipient.shared);
  return named ?? ofQuota(ours, other, facts) ?? ofDoubt(ours, other) ?? ofExistence(ours, other);
}

function ofValues(ours: string, other: string): Judgement {
  return ours === other.replaceAll('%', '%%') ? as('percent', 'ours') : as('value', 'undecided');
}

/** The one that says that it exists agrees with lmtpd: the other one looked for a folder, or for a shared mailbox elsewhere. */
function ofDetail(
  { key, ours, other, plainOurs, plainOther }: Difference,
  shared: boolean,
): Judgement | undefined {
  if (!key.includes('+') || !knowsMore(ours, other)) return undefined;
  const agrees: Agrees = saysExists(ours) ? 'ours' : 'other';
  const noUser = isNotFound(plainOurs) && isNotFound(plainOther);
  if (shared || noUser) return as('shared', agrees === 'ours' ? 'ours' : 'undecided');
  const user = plainOther !== undefined && saysExists(plainOther);
  return user && (plainOurs === undefined || saysExists(plainOurs)) ? as('detail', agrees) : undefined;
}

/** Whether one says that the mailbox exists, and the other that it does not. */
function knowsMore(ours: Answer, other: Answer): boolean {
  return (saysExists(ours) && isNotFound(other)) || (isNotFound(ours) && saysExists(other));
}

function isNotFound(answer: Answer | undefined): boolean {
  return answer?.class === 'NOTFOUND' && !isOverQuota(answer) && !isPermissionDenied(answer);
}

function ofQuota(ours: Answer, other: Answer, facts: Facts): Judgement | undefined {
  if (isOverQuota(ours) && isOverQuota(other))
    return as('over-quota-words', ours.class === 'TEMP' ? 'ours' : 'undecided');
  if (ours.class === 'OK' && isOverQuota(other)) {
    const proven = facts.asksLmtp === true && facts.overQuotaAsCyrus === true;
    return proven ? as('message-limit', 'ours') : as('quota', 'undecided');
  }
  return isOverQuota(ours) && other.class === 'OK' ? as('quota', 'undecided') : undefined;
}

function ofDoubt(ours: Answer, other: Answer): Judgement | undefined {
  if (isPermissionDenied(ours) && isPermissionDenied(other)) return as('permission', 'ours');
  if (ours.class === 'TEMP') {
    if (ours.text.startsWith('lmtpd said 4')) return as('lmtpd-defers', 'ours');
    if (ours.text === NOT_SERVED) return as('not-served', 'undecided');
    return as('not-known-now', 'undecided');
  }
  if (other.class === 'PERM') return as('perm', ours.class === 'OK' ? 'ours' : 'undecided');
  return other.class === 'TEMP' || ours.class === 'PERM' ? as('not-known-now', 'undecided') : undefined;
}

/** The words of validation/outcome.ts. */
const NOT_SERVED = 'no back-channel serves the domain';

function ofExistence(ours: Answer, other: Answer): Judgement {
  if (ours.class === 'OK' && other.class === 'NOTFOUND') return as('only-ours-accepts', 'undecided');
  if (ours.class === 'NOTFOUND' && other.class === 'OK') return as('only-other-accepts', 'undecided');
  return as('other', 'undecided');
}

function as(kind: Kind, agrees: Agrees): Judgement {
  return { kind, agrees };
}

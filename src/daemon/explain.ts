// Why a recipient is answered as it is: what the key names, who would be asked, what is remembered, what was decided lately,
// and, if wanted, what Cyrus says now, beside the cache. No I/O of its own.
import type { DecisionLine, Explanation, ProofState } from '../admin/operations.js';
import { messageOf } from '../errors.js';
import type { Route } from '../validation/probe.js';
import { parseKey, withoutDetail, type ParsedKey, type Recipient } from '../validation/recipient.js';
import { addEvidence, deferred, replyFor, type ReplyPolicy } from '../validation/verdict.js';
import type { Validator } from '../validation/validator.js';
import type { VerdictCache } from '../validation/verdict-cache.js';
import { decisionLine, readable } from './decision-line.js';
import type { Decisions } from './decisions.js';
import { rememberedOf } from './remembered.js';

/** How many decisions about the key are shown. */
const DECISIONS_MAX = 10;

export type ExplainParts = {
  readonly validator: Validator;
  readonly cache: VerdictCache;
  readonly route: Route;
  readonly decisions: Decisions;
  readonly policy: ReplyPolicy;
  readonly deadlineMs: number;
  readonly now: () => number;
  /** The wall clock minus the monotonic one, in milliseconds. */
  readonly wall: number;
};

/** @param key latin1 @param ask whether Cyrus is asked now */
export async function explain(key: string, ask: boolean, parts: ExplainParts): Promise<Explanation> {
  const { validator, cache, decisions, policy, wall, now } = parts;
  const parsed = parseKey(key, validator.addressRules);
  const folded = key.toLowerCase();
  const recent = decisions.newest('all', (each) => each.key.toLowerCase() === folded, DECISIONS_MAX);
  const known = validator.known(key);
  const remembered =
    parsed.kind === 'recipient' ? rememberedOf(parsed.recipient.mailbox, cache, now()) : undefined;
  const rule = ruleOf(parsed) ?? (known?.source === 'rule' ? 'always accepted' : undefined);
  return {
    key: readable(key),
    ...(parsed.kind === 'recipient' ? { recipient: recipientOf(parsed.recipient) } : {}),
    ...(rule === undefined ? {} : { rule }),
    backchannel: backchannelOf(parsed, parts.route),
    ...proofOf(parsed, parts),
    ...(remembered === undefined ? {} : { remembered }),
    ...(known === undefined ? {} : { answer: answerOf(known.verdict, known.source, key, policy) }),
    ...(ask && parsed.kind === 'recipient' ? await asked(key, parsed.recipient, parts) : {}),
    decisions: recent.map((each) => decisionLine(each, wall)),
  };
}

function ruleOf(parsed: ParsedKey): string | undefined {
  return parsed.kind === 'recipient' ? undefined : parsed.reason;
}

function recipientOf({ address, mailbox, detail }: Recipient): NonNullable<Explanation['recipient']> {
  return { address, mailbox, ...(detail === undefined ? {} : { detail }) };
}

function answerOf(
  verdict: Parameters<typeof replyFor>[0],
  source: string,
  key: string,
  policy: ReplyPolicy,
): string {
  const { status, text } = replyFor(verdict, key, policy);
  return `${status} ${readable(text)} (${verdict.kind}, ${source})`;
}

function backchannelOf(parsed: ParsedKey, route: Route): string {
  if (parsed.kind !== 'recipient') return 'nobody: the key names no mailbox';
  const probe = route(parsed.recipient.domain);
  switch (probe) {
    case 'unserved':
      return 'nobody: no back-channel serves the domain';
    case 'foreign':
      return 'nobody: the domain is none of ours';
    default:
      return probe.name;
  }
}

function proofOf(parsed: ParsedKey, { route, cache, now }: ExplainParts): { proof?: ProofState } {
  const probe = parsed.kind === 'recipient' ? route(parsed.recipient.domain) : undefined;
  if (typeof probe !== 'object') return {};
  const { proof } = cache.vouchers.of(probe);
  const at = now();
  const floor = proof.floor(at);
  const words = proof.describe();
  if (floor === Infinity) return { proof: { words, closed: true } };
  return { proof: floor === -Infinity ? { words } : { words, floorAgoMs: Math.round(at - floor) } };
}

async function asked(
  key: string,
  recipient: Recipient,
  parts: ExplainParts,
): Promise<{ asked?: DecisionLine }> {
  const { route, deadlineMs, now, wall, policy } = parts;
  const probe = route(recipient.domain);
  if (typeof probe !== 'object') return {};
  const at = now();
  const user = recipient.shared || recipient.detail === undefined ? recipient : withoutDetail(recipient);
  const verdict = await probe
    .check(user, at + deadlineMs)
    .catch((error: unknown) => addEvidence(deferred(messageOf(error)), { backchannel: probe.name }));
  const decision = {
    at,
    map: '',
    key,
    connection: 0,
    status: replyFor(verdict, key, policy).status,
    outcome: { verdict, source: 'probe' as const },
    ms: now() - at,
    ageMs: undefined,
    queueId: undefined,
  };
  return { asked: decisionLine(decision, wall) };
}

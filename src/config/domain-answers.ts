// The answers that a recipient's own domain has: [domain."example.jp"] before `*.example.jp`, the longest first. No I/O.
import { routeByDomain } from '../validation/routing.js';
import { domainOf } from '../validation/recipient.js';
import type { ReplyPolicy } from '../validation/verdict.js';
import type { Config, DomainAnswers } from './config.js';

/** The answers for a key, as it stood in a request; undefined where its domain has none of its own. */
export type AnswersOf = (key: string) => DomainAnswers | undefined;

/** @returns undefined where no domain has answers of its own */
export function answersByDomain({
  domainAnswers,
  lookup,
}: Pick<Config, 'domainAnswers' | 'lookup'>): AnswersOf | undefined {
  if (domainAnswers.size === 0) return undefined;
  const route = routeByDomain(
    [...domainAnswers].map(([domain, probe]) => ({ domain, probe })),
    false,
  );
  const { addressRules: rules } = lookup;
  return (key) => {
    const answers = route(domainOf(key, rules) ?? rules.defaultDomain);
    return typeof answers === 'object' ? answers : undefined;
  };
}

/** What a map makes of verdicts, with what the domain of the key says instead. */
export function replyPolicyFor(
  key: string,
  ofMap: ReplyPolicy,
  answersOf: AnswersOf | undefined,
): ReplyPolicy {
  const own = answersOf?.(key);
  if (own === undefined) return ofMap;
  return { overQuota: own.overQuota ?? ofMap.overQuota, refused: own.refused ?? ofMap.refused };
}

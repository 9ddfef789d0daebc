// What we can learn from our own configuration to judge a difference. No I/O.
import type { Config } from '../config/config.js';
import type { Facts } from './judge.js';

export function factsOf({ lookup, backchannels, defaultMap, domainAnswers }: Config): Facts {
  const overQuota = [...domainAnswers.values()].map((each) => each.overQuota ?? defaultMap.overQuota);
  return {
    rules: lookup.addressRules,
    asksLmtp: backchannels.every(({ type }) => type === 'lmtp'),
    overQuotaAsCyrus: [defaultMap.overQuota, ...overQuota].every((each) => each === 'temp'),
  };
}

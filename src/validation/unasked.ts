// The outcome for a key that is no recipient, so that Cyrus is not asked: unknown only where lmtpd can only refuse the key. No I/O.
import { deferredByRule, RULE_ACCEPTS, unknownByRule, type Outcome } from './outcome.js';
import type { Route } from './probe.js';
import { domainOf, partsOf, type AddressRules, type KeyParts, type ParsedKey } from './recipient.js';

type Rules = {
  readonly address: AddressRules;
  readonly eightBit: 'reject' | 'temp' | 'ask';
  readonly alsoAccepts?: ((named: KeyParts) => boolean) | undefined;
};

export function unaskedOutcome(
  parsed: Exclude<ParsedKey, { readonly kind: 'recipient' }>,
  key: string,
  rules: Rules,
  route: Route,
): Outcome {
  // An alias may have a name that no mailbox can have.
  if (rules.alsoAccepts?.(partsOf(key, rules.address)) === true) return RULE_ACCEPTS;
  if (parsed.kind === 'unaskable') {
    return deferredByRule(`an address with ${parsed.reason}`, parsed.reason);
  }
  if (parsed.reason !== '8-bit character') return unknownByRule(parsed.reason);
  const probe = route(domainOf(key, rules.address));
  const accepts = typeof probe === 'object' && probe.acceptsEightBit;
  if (!accepts && rules.eightBit !== 'temp') return unknownByRule(parsed.reason);
  return deferredByRule('an 8-bit address', parsed.reason);
}

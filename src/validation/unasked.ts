// What becomes of a key that is no recipient, and so is not asked about: unknown only where lmtpd could but refuse it. No I/O.
import { deferredByRule, unknownByRule, type Outcome } from './outcome.js';
import type { Route } from './probe.js';
import { domainOf, type AddressRules, type ParsedKey } from './recipient.js';

type Rules = { readonly address: AddressRules; readonly eightBit: 'reject' | 'temp' | 'ask' };

export function unaskedOutcome(
  parsed: Exclude<ParsedKey, { readonly kind: 'recipient' }>,
  key: string,
  rules: Rules,
  route: Route,
): Outcome {
  if (parsed.kind === 'unaskable') {
    return deferredByRule(`an address with ${parsed.reason}`, parsed.reason);
  }
  if (parsed.reason !== '8-bit character') return unknownByRule(parsed.reason);
  const probe = route(domainOf(key, rules.address));
  const accepts = typeof probe === 'object' && probe.acceptsEightBit;
  if (!accepts && rules.eightBit !== 'temp') return unknownByRule(parsed.reason);
  return deferredByRule('an 8-bit address', parsed.reason);
}

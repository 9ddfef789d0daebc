// The part of the configuration that the validator takes. No I/O.
import type { Config } from '../config/config.js';
import type { ValidatorRules } from '../validation/validator.js';

export function validatorRules({ lookup }: Config): ValidatorRules {
  const always = new Set(lookup.alwaysAccept);
  return {
    address: lookup.addressRules,
    deadlineMs: lookup.deadlineMs,
    eightBit: lookup.eightBit,
    alwaysAccepts: ({ local, domain }) =>
      always.size > 0 && (always.has(local) || (domain !== undefined && always.has(`${local}@${domain}`))),
  };
}

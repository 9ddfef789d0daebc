// The part of the configuration that the validator takes. No I/O.
import type { Config } from '../config/config.js';
import type { ValidatorRules } from '../validation/validator.js';

/** @param more that are always accepted: see readAlwaysAccept() */
export function validatorRules(
  { lookup, host, backchannels }: Config,
  more: readonly string[] = [],
): ValidatorRules {
  const lmtp = backchannels.filter((each) => each.type === 'lmtp' && each.endpoint.kind === 'unix');
  const always = new Set([...lookup.alwaysAccept, ...more]);
  return {
    address: lookup.addressRules,
    deadlineMs: lookup.deadlineMs,
    eightBit: lookup.eightBit,
    // What listens on a UNIX socket is on this machine, as its imapd.conf is.
    fuzzy: new Set(host?.fuzzy === true ? lmtp.map(({ name }) => name) : []),
    alwaysAccepts: ({ local, domain }) =>
      always.size > 0 && (always.has(local) || (domain !== undefined && always.has(`${local}@${domain}`))),
  };
}

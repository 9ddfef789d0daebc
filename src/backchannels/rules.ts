// Makes the rules of the validator from the configuration. No I/O.
import type { Config } from '../config/config.js';
import type { ListProbe } from './list.js';
import { routeByDomain } from '../validation/routing.js';
import type { ValidatorRules } from '../validation/validator.js';

/**
 * @param more further addresses that are always accepted: see readAlwaysAccept()
 * @param lists the lists, by the names of their back-channels
 */
export function validatorRules(
  config: Config,
  more: readonly string[] = [],
  lists: ReadonlyMap<string, ListProbe> = new Map(),
): ValidatorRules {
  const { lookup, host, backchannels } = config;
  const lmtp = backchannels.filter((each) => each.type === 'lmtp' && each.endpoint.kind === 'unix');
  const always = new Set([...lookup.alwaysAccept, ...more]);
  const also = alsoAccepted(config, lists);
  // Most sites have names without a domain here only. Then no address is put together, for each recipient anew.
  const someWhole = [...always].some((name) => name.includes('@'));
  return {
    address: lookup.addressRules,
    deadlineMs: lookup.deadlineMs,
    eightBit: lookup.eightBit,
    // An lmtpd that listens on a UNIX socket is on this machine, so the imapd.conf here is its own.
    fuzzy: new Set(host?.fuzzy === true ? lmtp.map(({ name }) => name) : []),
    alwaysAccepts: (recipient) => {
      const { local, domain } = recipient;
      const whole = someWhole && domain !== undefined && always.has(`${local}@${domain}`);
      return whole || always.has(local) || also?.(recipient) === true;
    },
    alsoAccepts: also,
  };
}

/** Tells whether a list that the key's back-channel names in `also` has the key; undefined where none names a list. */
function alsoAccepted(
  { backchannels, domains }: Config,
  lists: ReadonlyMap<string, ListProbe>,
): ValidatorRules['alsoAccepts'] {
  const alsoOf = new Map(backchannels.map(({ name, also = [] }) => [name, also]));
  const entries = domains.map(({ domain, backchannels: names }) => {
    const also = new Set(names.flatMap((name) => alsoOf.get(name) ?? []));
    return { domain, probe: [...also].flatMap((name) => lists.get(name) ?? []) };
  });
  if (entries.every(({ probe }) => probe.length === 0)) return undefined;
  const route = routeByDomain(entries, false);
  return (named) => {
    const asked = route(named.domain);
    return typeof asked === 'object' && asked.some((list) => list.accepts(named));
  };
}

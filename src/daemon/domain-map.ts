// A map whose keys are domains, for Postfix' virtual_mailbox_domains: is this domain served here? The map's name chooses, never a
// guess from the key. Answered from the configuration: nobody is asked. No I/O.
import type { DomainRoute } from '../config/config.js';
import { routeByDomain } from '../validation/routing.js';
import type { Reply } from '../validation/verdict.js';

export type DomainMap = (key: string) => Reply;

/** RFC 1035 section 2.3.4, and letters, digits, hyphens (RFC 1123 section 2.1). */
const DOMAIN = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9][a-z0-9-]{0,62})*$/;

const NOT_SERVED: Reply = { status: 'NOTFOUND', text: 'Domain is not served here' };
/** A mail server that asks for an address here names the wrong map: nobody may be refused for that mistake. */
const NO_DOMAIN: Reply = { status: 'TEMP', text: 'This map has domains, and the key is none' };

/** @param routes without `*`: see config/consistency.ts */
export function domainMap(routes: readonly DomainRoute[]): DomainMap {
  const served = routeByDomain(
    routes.map((route) => ({ domain: route.domain, probe: route })),
    true,
  );
  return (key) => {
    const domain = key.toLowerCase().replace(/\.$/, '');
    if (!DOMAIN.test(domain)) return NO_DOMAIN;
    return typeof served(domain) === 'object' ? { status: 'OK', text: key } : NOT_SERVED;
  };
}

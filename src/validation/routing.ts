// Which back-channel is asked about a domain: `example.jp` before `*.example.net` (the longest first) before
// `*`. A domain that nobody serves is unknown only where the configuration says that its list is complete. No I/O.

/** Generic, since not only probes are found by their domain. */
export type DomainEntry<Server> = {
  /** Lower case: a domain, `*.` and a domain (its subdomains, not itself), or `*`. */
  readonly domain: string;
  readonly probe: Server;
};

/**
 * @param complete whether the list is complete, so that any other domain is none of ours
 * @returns the route; a recipient without domain takes that of `*`, since we may not know Cyrus' default domain
 */
export function routeByDomain<Server extends object>(
  entries: readonly DomainEntry<Server>[],
  complete: boolean,
): (domain: string | undefined) => Server | 'unserved' | 'foreign' {
  const exact = new Map<string, Server>();
  const parents = new Map<string, Server>();
  let others: Server | undefined;
  for (const { domain, probe } of entries) {
    if (domain === '*') others = probe;
    else if (domain.startsWith('*.')) parents.set(domain.slice(2), probe);
    else exact.set(domain, probe);
  }
  const find = (domain: string | undefined): Server | 'unserved' | 'foreign' => {
    const folded = domain?.toLowerCase();
    const probe = folded === undefined ? others : (exact.get(folded) ?? byParent(parents, folded) ?? others);
    return probe ?? (complete && domain !== undefined ? 'foreign' : 'unserved');
  };
  // Each lookup asks, and most ask for the same domain: to compare it is faster than to find it.
  let lastDomain: string | undefined;
  let lastFound = find(lastDomain);
  return (domain) => {
    if (domain !== lastDomain) {
      lastFound = find(domain);
      lastDomain = domain;
    }
    return lastFound;
  };
}

/** Goes from the longest parent domain to the shortest, since the longest is the most specific. */
function byParent<Server>(parents: ReadonlyMap<string, Server>, domain: string): Server | undefined {
  if (parents.size === 0) return undefined;
  for (let dot = domain.indexOf('.'); dot !== -1; dot = domain.indexOf('.', dot + 1)) {
    const probe = parents.get(domain.slice(dot + 1));
    if (probe !== undefined) return probe;
  }
  return undefined;
}

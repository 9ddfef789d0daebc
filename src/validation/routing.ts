// Which back-channel is asked about a domain: `example.jp` before `*.example.net` (the longest first) before
// `*`. A domain that nobody serves is unknown only where the configuration says that its list is complete. No I/O.

/** Generic, since others want to know who serves a domain, too. */
export type DomainEntry<Server> = {
  /** Lower case: a domain, `*.` and a domain (its subdomains, not itself), or `*`. */
  readonly domain: string;
  readonly probe: Server;
};

/**
 * @param complete whether a domain outside the list is known to be none of ours
 * @returns the route; a recipient without domain takes that of `*`, as Cyrus' default domain is nobody's by name
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
  return (domain) => {
    const folded = domain?.toLowerCase();
    const probe = folded === undefined ? others : (exact.get(folded) ?? byParent(parents, folded) ?? others);
    return probe ?? (complete && domain !== undefined ? 'foreign' : 'unserved');
  };
}

/** The nearest parent domain is the most specific. */
function byParent<Server>(parents: ReadonlyMap<string, Server>, domain: string): Server | undefined {
  if (parents.size === 0) return undefined;
  for (let dot = domain.indexOf('.'); dot !== -1; dot = domain.indexOf('.', dot + 1)) {
    const probe = parents.get(domain.slice(dot + 1));
    if (probe !== undefined) return probe;
  }
  return undefined;
}

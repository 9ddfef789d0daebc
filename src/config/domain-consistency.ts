// Finds contradictions in the tables that name domains: [domains], [domain.NAME], and what other tables say of them. No I/O.
import { problem, showValue, type Problem } from './problems.js';
import type { Values } from './schema.js';

export function domainContradictions(values: Values): Problem[] {
  return [
    ...mixedMailboxes(values),
    ...unusableDomains(values),
    ...answersForNobody(values),
    ...mapsOfDomains(values),
  ];
}

/** Names that are one and the same in the cache must be asked of the same Cyrus: else one would deny what another has. */
function mixedMailboxes({ lookup, domains }: Values): Problem[] {
  const problems: Problem[] = [];
  const served = [...new Set([...domains.values()].map(together))];
  if (!lookup.virtualDomains && served.length > 1) {
    problems.push(
      problem(
        ['lookup', 'virtual_domains'],
        `is false: all domains share their mailboxes, so one back-channel must serve them, not ${served.join(' and ')}`,
      ),
    );
  }
  const byName = new Map([...domains].map(([domain, names]) => [domain.toLowerCase(), together(names)]));
  const [key, others] = [lookup.defaultDomain?.toLowerCase(), byName.get('*')];
  const own = key === undefined ? undefined : byName.get(key);
  if (own !== undefined && others !== undefined && own !== others) {
    problems.push(
      problem(
        ['lookup', 'default_domain'],
        `is ${showValue(lookup.defaultDomain)}: addresses without a domain are asked of ${others}, so ${others} must serve it, not ${own}`,
      ),
    );
  }
  return problems;
}

/** In a fixed order, whatever the order in the file is. */
function together(names: readonly string[]): string {
  return [...names].sort().join(' with ');
}

function unusableDomains({ backchannel, domains }: Values): Problem[] {
  const names = [...backchannel.keys()];
  if (domains.size === 0 && names.length > 1) {
    return [problem(['domains'], `is missing: must say which of ${names.join(', ')} serves which domain`)];
  }
  const seen = new Set<string>();
  return [...domains].flatMap(([domain, served]) => {
    const problems: Problem[] = [];
    const path = ['domains', domain];
    for (const [index, name] of served.entries()) {
      const at = served.length === 1 ? path : [...path, index];
      const allowed = `must be the name of a back-channel: ${names.join(', ')}`;
      if (!names.includes(name)) problems.push(problem(at, `is ${showValue(name)}: ${allowed}`));
      if (served.indexOf(name) !== index) problems.push(problem(at, `is ${showValue(name)}: is named twice`));
    }
    if (seen.has(domain.toLowerCase())) problems.push(problem(path, 'is named twice: case does not count'));
    seen.add(domain.toLowerCase());
    return problems;
  });
}

/** An administrator who misspelt a domain would believe that its answers are in force. */
function answersForNobody({ domain, domains }: Values): Problem[] {
  const served = [...domains.keys()].map((each) => each.toLowerCase());
  const covers = (wide: string, name: string): boolean =>
    wide === '*' || wide === name || (wide.startsWith('*.') && name.endsWith(wide.slice(1)));
  const seen = new Set<string>();
  return [...domain.keys()].flatMap((written) => {
    const name = written.toLowerCase();
    const path = ['domain', written];
    if (seen.has(name)) return [problem(path, 'is named twice: case does not count')];
    seen.add(name);
    if (served.length === 0 || served.some((each) => covers(each, name) || covers(name, each))) return [];
    return [problem(path, `is served by nobody: must be a domain of [domains]: ${served.join(', ')}`)];
  });
}

/** With `*` or without a list every domain is served, and Postfix would take mail for all the world. */
function mapsOfDomains({ map, domains }: Values): Problem[] {
  return [...map].flatMap(([name, { keys }]) => {
    if (keys !== 'domains' || (domains.size > 0 && !domains.has('*'))) return [];
    const rest = 'is "domains": must have [domains], without "*", to tell whose they are';
    return [problem(['map', name, 'keys'], rest)];
  });
}

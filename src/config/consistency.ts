// What no key alone can show: settings that contradict each other. Returns sentences like problems.ts. No I/O.
import { parseEndpoint } from '../endpoint.js';
import { messageOf } from '../errors.js';
import { requireAllowList } from '../network-list.js';
import { parseDuration } from './duration.js';
import { parseNetwork } from './network.js';
import { showValue } from './problems.js';
import type { Settings } from './schema.js';

export function contradictions(settings: Settings): string[] {
  return [
    ...openListeners(settings),
    ...missingBackchannel(settings),
    ...backoffs(settings),
    ...seconds(settings),
    ...unseenFolders(settings),
    ...unusableDomains(settings),
    ...mixedMailboxes(settings),
  ];
}

function openListeners({ socketmap }: Settings): string[] {
  try {
    requireAllowList(
      socketmap.listen.map((text) => parseEndpoint(text)),
      socketmap.allow.flatMap((text) => parseNetwork(text) ?? []),
    );
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}

function missingBackchannel({ backchannel }: Settings): string[] {
  if (Object.keys(backchannel).length > 0) return [];
  return ['backchannel is missing: must name at least one, such as [backchannel.cyrus]'];
}

function backoffs({ backchannel }: Settings): string[] {
  return Object.entries(backchannel).flatMap(([name, each]) => {
    if (each.type !== 'lmtp') return [];
    const [min, max] = [parseDuration(each.backoff_min), parseDuration(each.backoff_max)];
    if (min === undefined || max === undefined || min <= max) return [];
    return [
      `backchannel.${name}.backoff_max is ${showValue(each.backoff_max)}: must be at least backoff_min, ${each.backoff_min}`,
    ];
  });
}

function seconds({ backchannel }: Settings): string[] {
  const names = Object.keys(backchannel);
  return Object.entries(backchannel).flatMap(([name, each]) => {
    if (each.type === 'list' || each.second === undefined) return [];
    if (each.second !== name && names.includes(each.second)) return [];
    const others = names.filter((other) => other !== name).join(', ') || 'there is none';
    return [
      `backchannel.${name}.second is ${showValue(each.second)}: must be the name of another back-channel: ${others}`,
    ];
  });
}

function unseenFolders({ lookup, map, backchannel }: Settings): string[] {
  const wants = Object.entries(map).filter(([, { detail }]) => detail === 'folder');
  const keys = wants.map(([name]) => `map.${name}.detail`);
  if (lookup.detail === 'folder') keys.push('lookup.detail');
  const blind = Object.entries(backchannel).filter(([, { type }]) => !SEES_FOLDERS.has(type));
  return keys.flatMap((key) =>
    blind.map(
      ([name, { type }]) =>
        `${key} is "folder": must be "inbox", ${type} of backchannel.${name} sees no folders`,
    ),
  );
}

/** What has one name in the cache must be asked of one Cyrus: else one would deny what another has. */
function mixedMailboxes({ lookup, domains }: Settings): string[] {
  const problems: string[] = [];
  const served = [...new Set(Object.values(domains))];
  if (!lookup.virtual_domains && served.length > 1) {
    problems.push(
      `lookup.virtual_domains is false: all domains share their mailboxes, so one back-channel must serve them, not ${served.join(' and ')}`,
    );
  }
  const byName = new Map(Object.entries(domains).map(([domain, name]) => [domain.toLowerCase(), name]));
  const [key, others] = [lookup.default_domain?.toLowerCase(), byName.get('*')];
  const own = key === undefined ? undefined : byName.get(key);
  if (own !== undefined && others !== undefined && own !== others) {
    problems.push(
      `lookup.default_domain is ${showValue(lookup.default_domain)}: addresses without a domain are asked of ${others}, so ${others} must serve it, not ${own}`,
    );
  }
  return problems;
}

/** lmtpd takes any detail, and a list has none. */
const SEES_FOLDERS: ReadonlySet<string> = new Set(['imap']);

function unusableDomains({ backchannel, domains }: Settings): string[] {
  const names = Object.keys(backchannel);
  if (Object.keys(domains).length === 0 && names.length > 1) {
    return [`domains is missing: must say which of ${names.join(', ')} serves which domain`];
  }
  const seen = new Set<string>();
  return Object.entries(domains).flatMap(([domain, name]) => {
    const problems: string[] = [];
    const key = `domains.${JSON.stringify(domain)}`;
    if (!names.includes(name)) {
      problems.push(`${key} is ${showValue(name)}: must be the name of a back-channel: ${names.join(', ')}`);
    }
    if (seen.has(domain.toLowerCase())) problems.push(`${key} is named twice: case does not count`);
    seen.add(domain.toLowerCase());
    return problems;
  });
}

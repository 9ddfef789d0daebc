// What no key alone can show: settings that contradict each other. Returns sentences like problems.ts. No I/O.
import { parseEndpoint } from '../net/endpoint.js';
import { messageOf } from '../errors.js';
import { requireAllowList } from '../net/network-list.js';
import { parseDuration } from './duration.js';
import { parseNetwork } from '../net/network.js';
import { showValue } from './problems.js';
import type { CyrusSettings, Settings } from './schema.js';

export function contradictions(settings: Settings): string[] {
  return [
    ...openListeners(settings),
    ...missingBackchannel(settings),
    ...backoffs(settings),
    ...seconds(settings),
    ...logins(settings),
    ...tlsKeys(settings),
    ...canaries(settings),
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
    if (each.type === 'list') return [];
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

function logins({ backchannel }: Settings): string[] {
  return Object.entries(backchannel).flatMap(([name, each]) => {
    if (each.type === 'list') return [];
    const key = `backchannel.${name}`;
    const byPassword = each.mechanisms.some((mechanism) => mechanism !== 'EXTERNAL');
    if (!byPassword) return [];
    if (each.user === undefined) {
      if (each.type === 'imap') return [`${key}.user is missing: must name an administrator of Cyrus`];
      const useless = (['password_file', 'authorization_id'] as const).filter(
        (setting) => each[setting] !== undefined,
      );
      return useless.map(
        (setting) => `${key}.${setting} is ${showValue(each[setting])}: must be with a user`,
      );
    }
    if (each.password_file !== undefined) return [];
    return [
      `${key}.password_file is missing: must name the file that holds the password of user ${showValue(each.user)}`,
    ];
  });
}

function tlsKeys({ backchannel }: Settings): string[] {
  return Object.entries(backchannel).flatMap(([name, each]) => {
    if (each.type === 'list') return [];
    return each.tls === 'none' ? uselessTlsKeys(name, each) : missingTlsKeys(name, each);
  });
}

const TLS_KEYS = ['ca_file', 'server_name', 'client_cert', 'client_key'] as const;

/** Whoever names a CA believes that he is protected. */
function uselessTlsKeys(name: string, settings: CyrusSettings): string[] {
  return TLS_KEYS.filter((key) => settings[key] !== undefined).map(
    (key) =>
      `backchannel.${name}.${key} is ${showValue(settings[key])}: must be with tls = "starttls" or "implicit"`,
  );
}

function missingTlsKeys(name: string, settings: CyrusSettings): string[] {
  const { client_cert: cert, client_key: key, server_name: serverName, endpoint } = settings;
  const problems: string[] = [];
  if (cert !== undefined && key === undefined)
    problems.push(`backchannel.${name}.client_key is missing: must be the key of client_cert`);
  if (key !== undefined && cert === undefined)
    problems.push(`backchannel.${name}.client_cert is missing: must be the certificate of client_key`);
  if (serverName === undefined && /^(?:unix|local):/.test(endpoint))
    problems.push(`backchannel.${name}.server_name is missing: must be set, ${endpoint} has no host`);
  return problems;
}

/** To imapd a name without domain may be one of the domain of the login, so it is not asked about. */
function canaries({ backchannel, lookup }: Settings): string[] {
  if (!lookup.virtual_domains || lookup.default_domain !== undefined) return [];
  return Object.entries(backchannel).flatMap(([name, each]) => {
    if (each.type !== 'imap' || each.canary === undefined || each.canary.includes('@')) return [];
    return [
      `backchannel.${name}.canary is ${showValue(each.canary)}: must have a domain, or lookup.default_domain must be set`,
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

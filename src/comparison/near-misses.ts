// Makes addresses that resemble a given one: typing errors, and spellings that smmapd and lmtpd are known to judge differently.
// They are the same each time, so that two runs can be compared. No I/O.
import { domainOfKey } from './addresses.js';

/** A name that no mailbox has: a server that takes it takes everything. */
const NOBODY = 'no-such-mailbox-cyrusmapd';

/** For a domain: a name that nobody has, and the names that each domain should take. */
export function inventedOf(domain: string): string[] {
  return [NOBODY, `${NOBODY}+detail`, 'postmaster', 'abuse'].map((local) => `${local}@${domain}`);
}

/** @param domains other domains, in which the same local part may be somebody else or nobody */
export function nearMissesOf(key: string, domains: readonly string[]): string[] {
  const domain = domainOfKey(key);
  if (domain === undefined) return [];
  const local = key.slice(0, key.lastIndexOf('@'));
  const [user = ''] = local.split('+');
  if (user === '' || user.length > 64) return [];
  const others = domains.filter((each) => each !== domain).slice(0, 1);
  const locals = [
    `${user}+detail`,
    `${user}+`,
    user.toUpperCase(),
    `${user}.`,
    `${user}${user.slice(-1)}`,
    user.slice(0, -1),
    user.includes('.') ? user.replace('.', '') : `${user}.x`,
  ];
  const made = [
    ...locals.map((each) => `${each}@${domain}`),
    ...others.map((each) => `${user}@${each}`),
    `${user}@${domain.toUpperCase()}`,
  ];
  return made.filter((each) => each !== key && !each.startsWith('@'));
}

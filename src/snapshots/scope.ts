// Which mailboxes an imap back-channel lists for a snapshot: the INBOXes of the domains that it serves, or that the one
// before it serves. Patterns for LIST, and whether the list would hold a mailbox. No I/O.
import type { Config } from '../config/config.js';
import { inboxPattern, type MailboxName, type Separator } from '../cyrus/mailbox-name.js';
import { routeByDomain } from '../validation/routing.js';

export type SnapshotScope = {
  readonly patterns: (separator: Separator) => readonly MailboxName[];
  /** @param mailbox as the cache keeps it */
  readonly covers: (mailbox: string) => boolean;
};

/** Cyrus has no mailbox in a domain with other characters. */
const LISTABLE = /^(?:\*|(?:\*\.)?[a-z0-9.-]+)$/;

/** @returns undefined where the back-channel serves no domain */
export function snapshotScope(name: string, config: Config): SnapshotScope | undefined {
  const { virtualDomains, defaultDomain } = config.lookup.addressRules;
  const lists = new Set(
    config.backchannels.flatMap((each) => (each.name === name || each.second === name ? [each.name] : [])),
  );
  const served = config.domains.filter(({ backchannel }) => lists.has(backchannel));
  if (served.length === 0) return undefined;
  const route = routeByDomain(
    config.domains.map(({ domain, backchannel }) => ({ domain, probe: { backchannel } })),
    false,
  );
  const serves = (domain: string | undefined): boolean => {
    const routed = route(domain);
    return typeof routed === 'object' && lists.has(routed.backchannel);
  };
  // A million names have a few domains, one after the other.
  let last = { domain: '', covered: false };
  // A mailbox without domain is of the default one; without virtual domains every one is.
  const withoutDomain =
    !virtualDomains || serves(undefined) || (defaultDomain !== undefined && serves(defaultDomain));
  const domains = served.map(({ domain }) => domain);
  const named = virtualDomains ? domains.filter((each) => LISTABLE.test(each) && each !== defaultDomain) : [];
  return {
    patterns: (separator) => patterns(named, withoutDomain, separator),
    covers: (mailbox) => {
      const at = mailbox.lastIndexOf('@');
      if (at === -1) return withoutDomain;
      const domain = mailbox.slice(at + 1);
      if (domain !== last.domain)
        last = { domain, covered: virtualDomains && LISTABLE.test(domain) && serves(domain) };
      return last.covered;
    },
  };
}

/** With the separator `/` the pattern without a domain matches those with one too; with `.` it must not. */
function patterns(domains: readonly string[], withoutDomain: boolean, separator: Separator): MailboxName[] {
  const all = inboxPattern(undefined, separator);
  if (domains.includes('*')) return separator === '/' ? [all] : [all, inboxPattern('*', separator)];
  return [...(withoutDomain ? [all] : []), ...domains.map((domain) => inboxPattern(domain, separator))];
}

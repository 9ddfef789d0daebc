// Which mailboxes an imap back-channel lists for a snapshot: the INBOXes of the domains that it serves, or that the one
// before it serves. Patterns for LIST, and whether the list would hold a mailbox. No I/O.
import type { Config, DomainRoute } from '../config/config.js';
import { inboxPattern, type MailboxName, type Separator } from '../cyrus/mailbox-name.js';
import { routeByDomain } from '../validation/routing.js';

export type SnapshotScope = {
  readonly patterns: (separator: Separator) => readonly MailboxName[];
  /** @param mailbox as the cache keeps it; @param holder the back-channel by whose word it is known, if only one can be meant */
  readonly covers: (mailbox: string, holder?: string) => boolean;
};

/** Cyrus has no mailbox in a domain with other characters. */
const LISTABLE = /^(?:\*|(?:\*\.)?[a-z0-9.-]+)$/;

/** Everything of the configuration that a scope is made of. */
export type ScopeGiven = {
  /** The back-channels whose mailboxes are listed: it, and those whose second it is. */
  readonly lists: readonly string[];
  readonly domains: readonly DomainRoute[];
  readonly virtualDomains: boolean;
  readonly defaultDomain: string | undefined;
};

/** @param name of the back-channel that lists */
export function scopeGiven(name: string, { backchannels, domains, lookup }: Config): ScopeGiven {
  const { virtualDomains, defaultDomain } = lookup.addressRules;
  const lists = backchannels.flatMap((each) =>
    each.name === name || each.second === name ? [each.name] : [],
  );
  return { lists, domains, virtualDomains, defaultDomain };
}

/** @returns undefined where the back-channel serves no domain */
export function snapshotScope(given: ScopeGiven): SnapshotScope | undefined {
  const { virtualDomains, defaultDomain } = given;
  const lists = new Set(given.lists);
  const served = given.domains.filter(({ backchannels }) => backchannels.some((each) => lists.has(each)));
  if (served.length === 0) return undefined;
  const route = routeByDomain(
    given.domains.map(({ domain, backchannels }) => ({ domain, probe: { backchannels } })),
    false,
  );
  const serves = (domain: string | undefined): boolean => {
    const routed = route(domain);
    return typeof routed === 'object' && routed.backchannels.some((each) => lists.has(each));
  };
  const shared = served.some(({ backchannels }) => backchannels.length > 1);
  // A million names have a few domains, one after the other.
  let last = { domain: '', covered: false };
  // A mailbox without domain is of the default one; without virtual domains every one is.
  const withoutDomain =
    !virtualDomains || serves(undefined) || (defaultDomain !== undefined && serves(defaultDomain));
  const domains = served.map(({ domain }) => domain);
  const named = virtualDomains ? domains.filter((each) => LISTABLE.test(each) && each !== defaultDomain) : [];
  return {
    patterns: (separator) => patterns(named, withoutDomain, separator),
    covers: (mailbox, holder) => {
      // What another server of the domain has does not stand in this list.
      if (shared && holder !== undefined && !lists.has(holder)) return false;
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

// Which mailboxes an imap back-channel lists for a snapshot: the INBOXes of the domains that it serves, or for which it is the
// second back-channel. Gives the patterns for LIST, and tells whether the list would hold a mailbox. No I/O.
import type { Config, DomainRoute } from '../config/config.js';
import { inboxPattern, type MailboxName, type Separator } from '../cyrus/mailbox-name.js';
import { routeByDomain } from '../validation/routing.js';

export type SnapshotScope = {
  readonly patterns: (separator: Separator) => readonly MailboxName[];
  /** @param mailbox its name in the cache; @param holder the back-channel by whose word it is known, if that matters */
  readonly covers: (mailbox: string, holder?: string) => boolean;
};

/** Domains that can be listed. Cyrus has no mailbox in a domain with other characters. */
const LISTABLE = /^(?:\*|(?:\*\.)?[a-z0-9.-]+)$/;

/** The part of the configuration from which a scope is made. */
export type ScopeGiven = {
  /** The back-channels whose mailboxes are listed: this one, and those that name it as their second. */
  readonly lists: readonly string[];
  readonly domains: readonly DomainRoute[];
  readonly virtualDomains: boolean;
  readonly defaultDomain: string | undefined;
};

/** @param name the back-channel that lists */
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
  // The last answer, since a list of a million names has only a few domains, and names of one domain follow each other.
  let last = { domain: '', covered: false };
  // A mailbox without domain is in the default domain; without virtual domains all mailboxes are like that.
  const withoutDomain =
    !virtualDomains || serves(undefined) || (defaultDomain !== undefined && serves(defaultDomain));
  const domains = served.map(({ domain }) => domain);
  const named = virtualDomains ? domains.filter((each) => LISTABLE.test(each) && each !== defaultDomain) : [];
  return {
    patterns: (separator) => patterns(named, withoutDomain, separator),
    covers: (mailbox, holder) => {
      // A mailbox that another server of the domain has is not in this list.
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

/** With the separator `/` the pattern without a domain also matches names with one; with `.` it does not. */
function patterns(domains: readonly string[], withoutDomain: boolean, separator: Separator): MailboxName[] {
  const all = inboxPattern(undefined, separator);
  if (domains.includes('*')) return separator === '/' ? [all] : [all, inboxPattern('*', separator)];
  return [...(withoutDomain ? [all] : []), ...domains.map((domain) => inboxPattern(domain, separator))];
}

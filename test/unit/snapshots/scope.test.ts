import { describe, expect, test } from 'vitest';
import type { BackchannelConfig, Config, DomainRoute } from '../../../src/config/config.js';
import { loadConfig } from '../../../src/config/load.js';
import { scopeGiven, snapshotScope, type SnapshotScope } from '../../../src/snapshots/scope.js';
import type { AddressRules } from '../../../src/validation/recipient.js';

const base = (await loadConfig({ lmtp: 'unix:/run/lmtp' })).config;

/** Domains with who serves them; `lmtp` has `imap` for its second. */
function scope(
  domains: Record<string, string | readonly string[]>,
  rules: Partial<AddressRules> = {},
): SnapshotScope | undefined {
  const routes: DomainRoute[] = Object.entries(domains).map(([domain, served]) => ({
    domain,
    backchannels: typeof served === 'string' ? [served] : served,
  }));
  const [template] = base.backchannels;
  const backchannels = [
    { ...template, name: 'lmtp', second: 'imap' },
    { ...template, name: 'imap', second: undefined },
    { ...template, name: 'other', second: undefined },
  ] as BackchannelConfig[];
  const lookup = { ...base.lookup, addressRules: { ...base.lookup.addressRules, ...rules } };
  const config: Config = { ...base, domains: routes, backchannels, lookup };
  return snapshotScope(scopeGiven('imap', config));
}

function patterns(
  made: SnapshotScope | undefined,
  separator: '/' | '.' = '/',
): readonly string[] | undefined {
  return made?.patterns(separator);
}

describe('what is asked for', () => {
  test.each<
    [string, Record<string, string>, Partial<AddressRules>, string[] | undefined, string[] | undefined]
  >([
    ['a domain', { 'example.jp': 'imap' }, {}, ['user/%@example.jp'], ['user.%@example.jp']],
    ['what another asks first', { 'example.jp': 'lmtp' }, {}, ['user/%@example.jp'], ['user.%@example.jp']],
    ['nothing of others', { 'example.jp': 'other' }, {}, undefined, undefined],
    [
      'several',
      { 'example.jp': 'imap', 'example.net': 'other', 'example.org': 'lmtp' },
      {},
      ['user/%@example.jp', 'user/%@example.org'],
      ['user.%@example.jp', 'user.%@example.org'],
    ],
    ['subdomains', { '*.example.jp': 'imap' }, {}, ['user/%@*.example.jp'], ['user.%@*.example.jp']],
    ['everything', { '*': 'imap' }, {}, ['user/%'], ['user.%', 'user.%@*']],
    ['the default domain', { 'rig.test': 'imap' }, { defaultDomain: 'rig.test' }, ['user/%'], ['user.%']],
    [
      'the default domain among others',
      { 'example.jp': 'imap', 'rig.test': 'imap' },
      { defaultDomain: 'rig.test' },
      ['user/%', 'user/%@example.jp'],
      ['user.%', 'user.%@example.jp'],
    ],
    [
      'all without virtual domains',
      { 'example.jp': 'imap' },
      { virtualDomains: false },
      ['user/%'],
      ['user.%'],
    ],
    ['what Cyrus can have', { 'under_score.jp': 'imap' }, {}, [], []],
  ])('%s', (_, domains, rules, slashed, dotted) => {
    expect(patterns(scope(domains, rules))).toEqual(slashed);
    expect(patterns(scope(domains, rules), '.')).toEqual(dotted);
  });
});

describe('what the list would hold', () => {
  function covered(domains: Record<string, string>, rules: Partial<AddressRules> = {}): string[] {
    const made = scope(domains, rules);
    return ['a@example.jp', 'a@sub.example.jp', 'a@example.net', 'a@rig.test', 'a'].filter((each) =>
      made?.covers(each),
    );
  }

  test.each<[Record<string, string>, Partial<AddressRules>, string[]]>([
    [{ 'example.jp': 'imap' }, {}, ['a@example.jp']],
    [{ 'example.jp': 'lmtp' }, {}, ['a@example.jp']],
    [{ '*.example.jp': 'imap' }, {}, ['a@sub.example.jp']],
    [{ '*': 'imap' }, {}, ['a@example.jp', 'a@sub.example.jp', 'a@example.net', 'a@rig.test', 'a']],
    [{ '*': 'imap', 'example.jp': 'other' }, {}, ['a@sub.example.jp', 'a@example.net', 'a@rig.test', 'a']],
    [{ '*': 'other', 'example.jp': 'imap' }, {}, ['a@example.jp']],
    [{ 'rig.test': 'imap' }, { defaultDomain: 'rig.test' }, ['a@rig.test', 'a']],
    [{ 'example.jp': 'imap' }, { virtualDomains: false }, ['a']],
  ])('%j', (domains, rules, mailboxes) => {
    expect(covered(domains, rules)).toEqual(mailboxes);
  });
});

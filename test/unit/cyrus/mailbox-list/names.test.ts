import { describe, expect, test } from 'vitest';
import {
  KEY_MORE_BYTES,
  keyOfInbox,
  kindOfKey,
  layoutOf,
  mailboxesOf,
  stateOf,
  writeKeyOfInbox,
  type EntryState,
  type KeyKind,
  type Layout,
} from '../../../../src/cyrus/mailbox-list/names.js';
import { HEADER_BYTES, parseRecords } from '../../../../src/cyrus/mailbox-list/twoskip.js';
import { DEFAULT_ADDRESS_RULES, type AddressRules } from '../../../../src/validation/recipient.js';
import { fixtureList, INBOXES, TOMBSTONES, VERSIONS } from '../../../fakes/mailbox-list-fixtures.js';

const RULES: AddressRules = { ...DEFAULT_ADDRESS_RULES, defaultDomain: 'rig.test' };
const ONE_DOMAIN: AddressRules = { ...RULES, virtualDomains: false };

describe.each(VERSIONS)('a repacked list of Cyrus %s', (version) => {
  const layout: Layout = version === '3.2.6' ? 'dotted' : 'divided';
  const entries: { key: string; value: string }[] = [];
  const bytes = fixtureList(version, 3);
  parseRecords(bytes, HEADER_BYTES, bytes.length, HEADER_BYTES, {
    set: (all, key, keyEnd, end) =>
      entries.push({ key: all.toString('latin1', key, keyEnd), value: all.toString('latin1', keyEnd, end) }),
    deleted: () => undefined,
  });

  test('shows its layout, and no sign of the other', () => {
    const signs = new Set(entries.map(({ key, value }) => layoutOf(key, value)));
    signs.delete(undefined);
    expect([...signs]).toEqual([layout]);
  });

  test('has no key of an unknown kind', () => {
    expect(() => entries.map(({ key }) => kindOfKey(key, layout))).not.toThrow();
  });

  test.each([
    ['present', INBOXES[3]],
    ['absent', TOMBSTONES[3]],
    ['other', []],
  ] as const)('holds as users that are %s those that ctl_mboxlist names', (state, expected) => {
    const inboxes = entries.filter(({ key }) => kindOfKey(key, layout) === 'inbox');
    const found = inboxes.filter(({ value }) => stateOf(value) === state);
    expect(found.map(({ key }) => mailboxesOf(key, layout, RULES)[0] ?? '').sort()).toEqual(expected);
  });
});

describe('a key', () => {
  test.each<[string, Layout, KeyKind, readonly string[]]>([
    ['user.home', 'dotted', 'inbox', ['home']],
    ['example.jp!user.first^last', 'dotted', 'inbox', ['first.last@example.jp']],
    ['example.jp!user.bob.a b', 'dotted', 'mailbox', []],
    ['example.jp!DELETED.user.bob.6B0A9B73', 'dotted', 'mailbox', []],
    ['shared.user.bob', 'dotted', 'mailbox', []],
    ['rig.test!user.bob', 'dotted', 'inbox', ['bob']],
    ['user.Mixed', 'dotted', 'inbox', ['Mixed', 'mixed']],
    ['RIG.TEST!user.bob', 'dotted', 'inbox', ['bob@RIG.TEST', 'bob']],
    ['$RACL$ U$bob$example.jp!user.alice', 'dotted', 'index', []],
    ['Nuser\x1fhome', 'divided', 'inbox', ['home']],
    ['Nexample.jp\x1duser\x1ffirst.last', 'divided', 'inbox', ['first.last@example.jp']],
    ['Nexample.jp\x1duser\x1fbob\x1fa b', 'divided', 'mailbox', []],
    ['Nexample.jp\x1dDELETED\x1fuser\x1fbob\x1f6B0A', 'divided', 'mailbox', []],
    ['Nshared', 'divided', 'mailbox', []],
    ['Ibtot0io7mhp5mkv50m1nqihb', 'divided', 'index', []],
    ['Abob\x1fNexample.jp\x1duser\x1falice', 'divided', 'index', []],
    ['Jbtot0io7mhp5mkv50m1nqihb', 'divided', 'index', []],
  ])('%j in the %s layout is of the kind %s', (key, layout, kind, mailboxes) => {
    expect(kindOfKey(key, layout)).toBe(kind);
    expect(mailboxesOf(key, layout, RULES)).toEqual(mailboxes);
  });

  test.each<[string, Layout]>([
    ['user.home', 'divided'],
    ['Xuser\x1fhome', 'divided'],
    ['', 'divided'],
    ['Nuser\x1fhome', 'dotted'],
    ['#news.x', 'dotted'],
    ['$MONEY', 'dotted'],
    ['', 'dotted'],
  ])('%j is none of the %s layout', (key, layout) => {
    expect(() => kindOfKey(key, layout)).toThrow('keys of a');
  });

  test('has no domain where Cyrus has none', () => {
    expect(mailboxesOf('example.jp!user.bob', 'dotted', ONE_DOMAIN)).toEqual(['bob']);
  });

  test.each<[string, Layout, string]>([
    ['bob', 'dotted', 'user.bob'],
    ['first.last@example.jp', 'dotted', 'example.jp!user.first^last'],
    ['bob', 'divided', 'Nuser\x1fbob'],
    ['first.last@example.jp', 'divided', 'Nexample.jp\x1duser\x1ffirst.last'],
  ])('of the mailbox %s in the %s layout is %j', (mailbox, layout, key) => {
    expect(keyOfInbox(mailbox, layout)).toBe(key);
    const bytes = Buffer.alloc(mailbox.length + KEY_MORE_BYTES);
    expect(bytes.toString('latin1', 0, writeKeyOfInbox(mailbox, layout, bytes))).toBe(key);
    expect(mailboxesOf(key, layout, RULES)).toEqual([mailbox]);
  });
});

describe('the layout', () => {
  test.each<[string, string, Layout | undefined]>([
    ['Nuser\x1fbob', '', 'divided'],
    ['Ibtot0io7mhp5mkv50m1nqihb', '%(T e N "example.jp\x1duser\x1fbob" P default)', 'divided'],
    ['user.bob', '', 'dotted'],
    ['example.jp!user.bob', '', 'dotted'],
    ['Nshared', '%(T e I x)', undefined],
    ['Information', '%(A %(anyone lrs) I x P default)', undefined],
    ['shared.info', '%(A %(anyone lrs) I x P default)', undefined],
    ['shared.user.bob', '', undefined],
  ])('by %j with %j is %s', (key, value, layout) => {
    expect(layoutOf(key, value)).toBe(layout);
  });
});

describe('the value of a user', () => {
  test.each<[string, EntryState]>([
    ['%(A %(bob@example.jp lrswipkxtecdan) I uid P default V 1 C 1 F 1 M 1)', 'present'],
    ['%(A %(bob@example.jp lrs "with T d" lr) I uid P default V 1)', 'present'],
    ['%(I uid T d V 1 C 1 F 3 M 1)', 'absent'],
    ['%(T e I uid P default V 1 A %(bob lrs))', 'present'],
    ['%(T el I uid P default)', 'present'],
    ['%(T ed I uid)', 'absent'],
    ['%(T ei I uid)', 'absent'],
    ['%(T em I uid P default)', 'other'],
    ['%(T er I uid P host!default)', 'other'],
    ['%(T ez I uid P default)', 'other'],
    ['%(T edz I uid P default)', 'other'],
    ['%(T c I uid P default)', 'other'],
    ['%(A %({3+}\r\na)b lrs) T d)', 'absent'],
    ['%(A %("a \\" ) T d" lrs) I uid)', 'present'],
    ['0 default bob\tlrswipkxtecdan\t', 'present'],
    ['1 host!default bob\tlrs\t', 'other'],
    ['16 default bob\tlrs\t', 'other'],
  ])('%j means %s', (value, state) => {
    expect(stateOf(value)).toBe(state);
  });

  test.each([
    '',
    'x',
    '%(',
    '%(T',
    '%(T e',
    '%(T e A %(',
    '%(T e A "x)',
    '%(T e A {9}\r\nx)',
    '%(T e) T d)',
    '(T e)',
    '0',
  ])('%j is refused', (value) => {
    expect(() => stateOf(value)).toThrow('holds');
  });
});

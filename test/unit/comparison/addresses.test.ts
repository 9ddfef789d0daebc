import { expect, test } from 'vitest';
import { addressesOfLines, asKey, domainOfKey, domainsOfTable } from '../../../src/comparison/addresses.js';

test('reads an address a line, without comments and empty lines', () => {
  expect(addressesOfLines('# all\nalice@example.jp\n\n bob@example.jp # two\r\n<carol@example.jp>')).toEqual([
    'alice@example.jp',
    'bob@example.jp',
    'carol@example.jp',
  ]);
});

test('reads the output of dump', () => {
  expect(addressesOfLines('alice@example.jp\tdeliverable\t1.0s\tbelieved\n')).toEqual(['alice@example.jp']);
});

test('takes the domains of a class file', () => {
  expect(domainsOfTable('# domains\nexample.jp\nEXAMPLE.net\n')).toEqual(['example.jp', 'example.net']);
});

test('takes of a mailertable the domains of Cyrus, and no others', () => {
  const table =
    'example.jp\tmrs_cyrus_mailertable:\nexample.net smtp:[relay.test]\n.example.org cyrusv2d:x\n';
  expect(domainsOfTable(table)).toEqual(['example.jp']);
});

test('takes all domains of a mailertable that names no mailer of Cyrus', () => {
  expect(domainsOfTable('example.jp local:\nexample.net lmtp:x\n')).toEqual(['example.jp', 'example.net']);
});

test('asks as Sendmail does: without brackets, quotes and the dot at the end', () => {
  expect(asKey('<"a b"@example.jp.>')).toBe('a b@example.jp');
  expect(asKey('alice')).toBe('alice');
});

test('folds the domain of a key', () => {
  expect(domainOfKey('a@b@Example.JP')).toBe('example.jp');
  expect(domainOfKey('alice')).toBeUndefined();
});

import { describe, expect, test } from 'vitest';
import { domainMap } from '../../../src/daemon/domain-map.js';

const map = domainMap(['example.jp', '*.example.net'].map((domain) => ({ domain, backchannels: ['cyrus'] })));

describe('a map of domains', () => {
  test.each(['example.jp', 'EXAMPLE.jp', 'example.jp.', 'mail.example.net', 'a.b.example.net'])(
    'has %s',
    (key) => {
      expect(map(key)).toEqual({ status: 'OK', text: key });
    },
  );

  test.each([
    'example.net',
    'example.com',
    'jp',
    'sub.example.jp',
    'localhost',
    'constructor',
    'xexample.jp',
  ])('has not %s', (key) => {
    expect(map(key).status).toBe('NOTFOUND');
  });

  test.each([
    'alice@example.jp',
    '',
    '.',
    '.example.jp',
    'example..jp',
    '*.example.net',
    '*',
    '[192.0.2.1]',
    'ex ample.jp',
    `${'a'.repeat(64)}.jp`,
  ])('defers %j, which is no domain', (key) => {
    expect(map(key).status).toBe('TEMP');
  });
});

import { expect, test } from 'vitest';
import { ProtocolError } from '../../../src/errors.js';
import { parsePolicyRequest } from '../../../src/policy/request.js';

const HEAD = 'request=smtpd_access_policy\nprotocol_state=RCPT';

test.each([
  ['alice@example.jp', 'alice@example.jp'],
  ['', ''],
  ['a=b@example.jp', 'a=b@example.jp'],
  ['"al ice"@example.jp', 'al ice@example.jp'],
  ['"a\\"b\\\\c"@example.jp', 'a"b\\c@example.jp'],
  ['"a"b"@example.jp', '"a"b"@example.jp'],
  ['"alice@example.jp', '"alice@example.jp'],
])('reads the recipient %s as the key %s', (recipient, key) => {
  expect(parsePolicyRequest(`${HEAD}\nrecipient=${recipient}\nsize=0`)).toEqual({ map: 'RCPT', key });
});

test('knows a request without stage and recipient', () => {
  expect(parsePolicyRequest('request=smtpd_access_policy')).toEqual({ map: '', key: '' });
});

test.each([
  ['1', 1],
  ['102401', 102_401],
  ['999999999999999', 999_999_999_999_999],
])('reads the size %s', (size, messageBytes) => {
  expect(parsePolicyRequest(`${HEAD}\nrecipient=a@example.jp\nsize=${size}`)).toEqual({
    map: 'RCPT',
    key: 'a@example.jp',
    messageBytes,
  });
});

test.each(['', '0', '-1', '01', '1.5', '1e3', 'x', '9999999999999999'])(
  'takes the size %j for none',
  (size) => {
    expect(parsePolicyRequest(`${HEAD}\nrecipient=a@example.jp\nsize=${size}`)).toEqual({
      map: 'RCPT',
      key: 'a@example.jp',
    });
  },
);

test.each([
  ['no request', 'protocol_state=RCPT'],
  ['another request', 'request=junk_policy\nprotocol_state=RCPT'],
  ['a line without a name', `${HEAD}\n=x`],
  ['a line that is no attribute', `${HEAD}\nrecipient`],
  ['an attribute that stands twice', `${HEAD}\nrecipient=a\nrecipient=b`],
  ['a NUL', `${HEAD}\nrecipient=a\0b`],
  ['too many attributes', `${HEAD}${Array.from({ length: 100 }, (_, i) => `\na${i}=x`).join('')}`],
])('refuses %s', (_, payload) => {
  expect(() => parsePolicyRequest(payload)).toThrow(ProtocolError);
});

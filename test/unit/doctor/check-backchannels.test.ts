// What doctor advises for a back-channel follows from what was said there, not from its being silent alone.
import { expect, test } from 'vitest';
import { UNKNOWN } from '../../../src/validation/verdict.js';
import type { BackchannelAnswer } from '../../../src/doctor/picture.js';
import { findingsOf, pictureOf } from './good-host.js';

function mendOf(change: Partial<BackchannelAnswer>): string {
  const backchannels = pictureOf({}).backchannels.map((each) => ({ ...each, ...change }));
  return findingsOf({ picture: { backchannels } })
    .filter(({ check }) => check.startsWith('backchannel.'))
    .map(({ mend }) => mend)
    .join();
}

test.each([
  ['connect ECONNREFUSED /var/imap/socket/lmtp', /^start Cyrus, or let its service lmtp listen where/],
  [
    'user cyrus: login with SCRAM-SHA-256 refused: authentication failure',
    /^put the right password into the password_file of \[backchannel\.cyrus\].*; then cyrusmapd reload$/,
  ],
  ['no TLS with mail.example.jp: its certificate has expired', /^renew the certificate that tls_server_cert/],
  [
    'no TLS with mail.example.jp: its certificate is self-signed, and not in ca_file',
    /^let ca_file and server_name in \[backchannel\.cyrus\] agree with the certificate/,
  ],
])('a Cyrus of which is heard "%s"', (error, mend) => {
  expect(mendOf({ error })).toMatch(mend);
});

test('a canary that is gone is not to be created anew, and Cyrus not to be started without its list', () => {
  const mend = mendOf({ canary: UNKNOWN });
  expect(mend).toContain('do NOT create the canary');
  expect(mend).toContain('do not start it without its list');
});

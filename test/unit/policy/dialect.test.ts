import { expect, test } from 'vitest';
import { ProtocolError } from '../../../src/errors.js';
import { POLICY } from '../../../src/policy/dialect.js';

test('takes a request out of bytes, and writes an action', () => {
  const decoder = POLICY.decoder(1000);
  decoder.feed(Buffer.from('request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=a@example.jp\n\n'));
  expect(POLICY.parse(decoder.next() ?? '')).toEqual({ map: 'RCPT', key: 'a@example.jp' });
  expect(POLICY.format({ status: 'OK', text: 'DUNNO' })).toBe('action=DUNNO\n\n');
});

test('never refuses anybody for a request that is broken', () => {
  const reply = POLICY.broken(new ProtocolError('x'));
  expect(reply.status).toBe('TEMP');
  expect(POLICY.format(reply)).toMatch(/^action=DEFER_IF_PERMIT 4/);
});

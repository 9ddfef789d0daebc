// What doctor says of [fleet]: that no secret is in it, how bad each thing is, and that the rights are those of the page.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { FleetAnswer } from '../../../src/doctor/ask-fleet.js';
import { findingsOf, SETTINGS } from './good-host.js';

const PAGE = readFileSync(new URL('../../../docs/several-machines.md', import.meta.url), 'utf8');
const TLS = { url: 'valkeys://valkey.example.jp', user: 'us', password_file: '/etc/valkey-password' };
const SEEN = { kind: 'seen', denied: [], excess: [], streams: [] } as const;

/** @param stream that is followed; by whoever publishes none, where nothing is said */
function findings(
  answer: FleetAnswer,
  fleet: object = {},
  stream = 'publish' in fleet ? undefined : 'cyrus',
) {
  const cyrus = { ...SETTINGS.backchannel.cyrus, ...(stream === undefined ? {} : { stream }) };
  const settings = { ...SETTINGS, backchannel: { cyrus }, fleet: { ...TLS, ...fleet } };
  return findingsOf({ settings, picture: { fleet: answer } });
}

test('says where Valkey is, and why it cannot be used', () => {
  const [found] = findings({ kind: 'away', error: 'no connection to Valkey: ECONNREFUSED' });
  expect(found).toMatchObject({
    check: 'fleet.down',
    severity: 'error',
    where: 'valkeys://valkey.example.jp:6379',
    what: 'Valkey cannot be used: no connection to Valkey: ECONNREFUSED',
  });
});

test('says of a certificate that is not trusted how it is', () => {
  const [found] = findings({ kind: 'away', error: 'no connection to Valkey: self-signed certificate' });
  expect(found?.mend).toMatch(/\[fleet\]: ca_file = /);
});

test('says whose password is refused, and which file has it', () => {
  const [found] = findings({ kind: 'refused', error: 'WRONGPASS invalid' });
  expect(found).toMatchObject({ check: 'fleet.login', severity: 'error' });
  expect(found?.what).toContain('does not let user us in: WRONGPASS invalid');
  expect(found?.mend).toContain('the first line of /etc/valkey-password');
});

test('gives the line of the ACL as the page has it, of who publishes and of who follows', () => {
  const denied = {
    ...SEEN,
    denied: ['XADD cyrusmapd:{cyrus}:stream', 'DEL cyrusmapd:{cyrus}:followers:doctor'],
  };
  const lineOf = (user: string): string =>
    (new RegExp(`^user ${user} .*$`, 'm').exec(PAGE)?.[0] ?? '').replace(/>\S+/, '>PASSWORD');
  const [publisher] = findings(denied, { user: 'cyrusmapd-publish', publish: 'cyrus' });
  expect(publisher).toMatchObject({ check: 'fleet.denied', severity: 'error' });
  expect(publisher?.what).toBe(`user cyrusmapd-publish may not use ${denied.denied.join(', ')}`);
  expect(publisher?.mend).toBe(`in the ACL of Valkey: ${lineOf('cyrusmapd-publish')}`);
  const [follower] = findings(denied, { user: 'cyrusmapd-follow' });
  expect(follower?.mend).toBe(`in the ACL of Valkey: ${lineOf('cyrusmapd-follow')}`);
  const [both] = findings(denied, { publish: 'a' }, 'b');
  expect(both?.mend).toContain('~cyrusmapd:* resetchannels &cyrusmapd:*:acknowledgements -@all');
  for (const right of `${lineOf('cyrusmapd-publish')} ${lineOf('cyrusmapd-follow')}`.match(/\+[\w|]+/g) ?? [])
    expect(`${both?.mend} `).toContain(` ${right} `);
});

test('warns of a user with too many rights, the default one too', () => {
  const excess = { ...SEEN, excess: ['DBSIZE'] };
  const [found] = findings(excess);
  expect(found).toMatchObject({ check: 'fleet.excess', severity: 'warning' });
  const [byDefault] = findingsOf({
    settings: { ...SETTINGS, fleet: { url: 'valkey://localhost', publish: 'cyrus' } },
    picture: { fleet: excess },
  });
  expect(byDefault?.what).toBe('the default user may do more than it needs: DBSIZE');
  expect(byDefault?.mend).toContain('user cyrusmapd-publish on >PASSWORD');
});

test('warns of a connection in clear to another machine, and gives the url with TLS', () => {
  const [found, ...more] = findings(SEEN, { url: 'valkey://[2001:db8::1]:6380' });
  expect(more).toEqual([]);
  expect(found).toMatchObject({ check: 'fleet.clear', severity: 'warning' });
  expect(found?.mend).toContain('url = "valkeys://[2001:db8::1]:6380"');
});

test.each(['localhost', '127.0.0.1', '127.1.2.3', '[::1]'])('says nothing of one in clear to %s', (host) => {
  expect(findings(SEEN, { url: `valkey://${host}` })).toEqual([]);
});

test('warns of a publisher that is not heard; of two it says that nobody is believed', () => {
  const stream = { name: 'cyrus', role: 'follower' } as const;
  const [silent] = findings({ ...SEEN, streams: [{ ...stream, standing: 'silent' }] });
  expect(silent).toMatchObject({ check: 'fleet.silent', severity: 'warning' });
  expect(silent?.mend).toContain('publish = "cyrus"');
  const [twice] = findings({ ...SEEN, streams: [{ ...stream, standing: 'contested' }] });
  expect(twice).toMatchObject({ check: 'fleet.twice', severity: 'error' });
  expect(findings({ ...SEEN, streams: [{ ...stream, standing: 'heard' }] })).toEqual([]);
});

// [domain."example.jp"]: its answers win over those of every map, the most specific table counts, and a domain that nobody serves
// has none.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { answersByDomain, replyPolicyFor } from '../../../src/config/domain-answers.js';
import { loadConfig } from '../../../src/config/load.js';
import { policyReplies } from '../../../src/policy/action.js';
import { OVERQUOTA, UNKNOWN } from '../../../src/validation/verdict.js';

const folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-domains-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function load(text: string): Promise<Config> {
  const file = join(folder, 'cyrusmapd.toml');
  writeFileSync(file, `[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "unix:/lmtp"\n${text}`);
  return (await loadConfig({ config: file })).config;
}

const TABLES = `
[lookup]
default_domain = "example.jp"
over_quota = "ok"
[map.cyrus]
over_quota = "temp"
[policy]
unknown = "550 5.1.1 Unknown"
[domain."Example.JP"]
over_quota = "reject"
policy_unknown = "550 5.1.1 Not at Example"
[domain."*.example.jp"]
refused = "temp"
[domain."deep.sub.example.jp"]
over_quota = "ok"
`;

describe('the answers of a domain', () => {
  test.each([
    ['full@example.jp', { overQuota: 'reject', refused: 'reject' }],
    ['full@EXAMPLE.JP', { overQuota: 'reject', refused: 'reject' }],
    ['full', { overQuota: 'reject', refused: 'reject' }],
    ['full@sub.example.jp', { overQuota: 'temp', refused: 'temp' }],
    ['full@deep.sub.example.jp', { overQuota: 'ok', refused: 'reject' }],
    ['full@example.net', { overQuota: 'temp', refused: 'reject' }],
  ])('%s is answered by %j', async (key, expected) => {
    const config = await load(TABLES);
    expect(replyPolicyFor(key, config.defaultMap, answersByDomain(config))).toMatchObject(expected);
  });

  test('are no work where there are none', async () => {
    const config = await load('');
    expect(answersByDomain(config)).toBeUndefined();
    expect(replyPolicyFor('a@example.jp', config.defaultMap, undefined)).toBe(config.defaultMap);
  });

  test('are the texts of the policy service, and what it does not set is as elsewhere', async () => {
    const reply = policyReplies(await load(TABLES));
    expect(reply(UNKNOWN, 'nobody@example.jp').text).toBe('550 5.1.1 Not at Example');
    expect(reply(UNKNOWN, 'nobody@example.net').text).toBe('550 5.1.1 Unknown');
    expect(reply(OVERQUOTA, 'full@example.jp').text).toBe('452 4.2.2 Mailbox full');
  });
});

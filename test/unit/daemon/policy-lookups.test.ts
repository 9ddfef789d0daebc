import { beforeEach, describe, expect, test } from 'vitest';
import { heartOf, putInForce, type Heart } from '../../../src/daemon/in-force.js';
import { silentLog } from '../../../src/log/log.js';
import { DUNNO } from '../../../src/policy/action.js';
import { DELIVERABLE } from '../../../src/validation/verdict.js';
import { configured } from './configured.js';

const TEXT =
  '[domains]\n"example.jp" = "cyrus"\n[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "unix:/nosuch/lmtp"\n';
const BROKEN = 'a b@example.jp';

let heart: Heart;

beforeEach(async () => {
  const config = await configured(TEXT);
  heart = heartOf(config, silentLog, () => undefined);
  await putInForce(config, heart, undefined);
});

function remember(mailbox: string): void {
  const probe = heart.validator.route('example.jp');
  if (typeof probe !== 'object') throw new Error('no back-channel');
  heart.cache.remember(mailbox, DELIVERABLE, performance.now(), heart.cache.vouchers.of(probe));
}

const now = (stage: string, recipient: string) => heart.policyLookups.answerNow(stage, recipient);

describe('a request of Postfix', () => {
  test.each(['RCPT', 'END-OF-MESSAGE'])('at %s is answered about who is served here', (stage) => {
    expect(now(stage, BROKEN)).not.toEqual(DUNNO);
    expect(now(stage, BROKEN.toUpperCase())).not.toEqual(DUNNO);
    expect(now(stage, 'alice@example.jp')).toBeUndefined();
  });

  test.each([
    ['at another stage', 'DATA', BROKEN],
    ['in letters of another case', 'rcpt', BROKEN],
    ['about a domain of somebody else', 'RCPT', 'a b@example.net'],
    ['about a domain below ours', 'RCPT', 'a b@sub.example.jp'],
    ['about no domain', 'RCPT', 'a b'],
    ['about what is only a domain', 'RCPT', 'example.jp'],
    ['about nobody', 'END-OF-MESSAGE', ''],
  ])('%s is left to it, at once', async (_, stage, recipient) => {
    expect(now(stage, recipient)).toEqual(DUNNO);
    expect(await heart.policyLookups.answerLater(stage, recipient)).toEqual(DUNNO);
  });

  test('has no id of a queue before its recipient', () => {
    remember('alice@example.jp');
    expect(now('RCPT', 'alice@example.jp')).toEqual(DUNNO);
    expect(now('RCPT', '4asnlrhf000123 alice@example.jp')).not.toEqual(DUNNO);
  });

  test('about whom nothing is known waits for Cyrus, and is deferred without it', async () => {
    const reply = await heart.policyLookups.answerLater('RCPT', 'alice@example.jp');
    expect(reply.status).toBe('TEMP');
  });

  test('is counted and kept as one of the map policy', () => {
    now('RCPT', BROKEN);
    expect([...(heart.metrics.tallies.get('policy')?.entries() ?? [])]).toEqual([
      { verdict: 'unknown', source: 'rule', count: 1 },
    ]);
    expect(heart.decisions.newest('all', () => true, 9)).toMatchObject([{ map: 'policy', key: BROKEN }]);
  });

  test('about who is known to be there is left to the rest of Postfix, too', () => {
    remember('alice@example.jp');
    expect(now('RCPT', 'alice@example.jp')).toEqual(DUNNO);
  });
});

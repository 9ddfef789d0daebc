import { beforeEach, describe, expect, test } from 'vitest';
import { DEADLINE_MS, Sample, SAMPLE_EVERY, SAMPLE_MS } from '../../../../src/cyrus/mailbox-list/sample.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../../src/validation/recipient.js';
import { deferred, UNKNOWN, type Verdict } from '../../../../src/validation/verdict.js';

let sample: Sample;
let nowMs: number;
let state: number;
let verdict: Verdict | Error;
let asked: number;
let said: Verdict[];

const alice = recipient('alice@example.jp');

beforeEach(() => {
  nowMs = 0;
  state = 1;
  verdict = UNKNOWN;
  asked = 0;
  said = [];
  sample = new Sample({
    ask: () => {
      asked += 1;
      return verdict instanceof Error ? Promise.reject(verdict) : Promise.resolve(verdict);
    },
    state: () => state,
    said: (_, what) => said.push(what),
    now: () => nowMs,
  });
});

function recipient(key: string): Recipient {
  const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.kind);
  return parsed.recipient;
}

async function take(times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    sample.take(alice);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a sample', () => {
  test('is taken of the first answer, and then of one in 500', async () => {
    expect(sample.confirmed).toBe(false);
    await take();
    expect([asked, sample.confirmed, sample.count, said]).toEqual([1, true, 1, [UNKNOWN]]);
    await take(SAMPLE_EVERY - 1);
    expect(asked).toBe(1);
    await take();
    expect(asked).toBe(2);
  });

  test('is taken once a minute, while there are answers', async () => {
    await take();
    nowMs = SAMPLE_MS - 1;
    await take();
    expect(asked).toBe(1);
    nowMs = SAMPLE_MS;
    await take();
    expect(asked).toBe(2);
  });

  test('is one at a time', () => {
    sample.take(alice);
    sample.take(alice);
    expect(asked).toBe(1);
  });

  test('says nothing where lmtpd deferred, and is taken again a second later', async () => {
    await take();
    verdict = deferred('not now');
    nowMs = SAMPLE_MS;
    await take();
    expect([asked, sample.confirmed, said.length]).toEqual([2, false, 1]);
    await take();
    expect(asked).toBe(2);
    verdict = UNKNOWN;
    nowMs += 1_000;
    await take();
    expect([asked, sample.confirmed]).toEqual([3, true]);
  });

  test('holds while lmtpd is silent for no longer than a repack of a large list takes', async () => {
    await take();
    verdict = new Error('down');
    nowMs = SAMPLE_MS;
    await take();
    expect([asked, sample.confirmed, said.length]).toEqual([2, true, 1]);
    nowMs = SAMPLE_MS + DEADLINE_MS - 1;
    await take(2);
    expect([asked, sample.confirmed]).toEqual([3, true]);
    nowMs += 1_000;
    await take(2);
    expect([asked, sample.confirmed]).toEqual([4, false]);
    verdict = UNKNOWN;
    nowMs += 1_000;
    await take();
    expect([asked, sample.confirmed]).toEqual([5, true]);
  });

  test.each(['ECONNREFUSED', 'ENOENT'])('ends at once where nobody listens: %s', async (code) => {
    await take();
    const cause = new Error('no connection', { cause: Object.assign(new Error('connect'), { code }) });
    verdict = new Error('down', { cause });
    nowMs = SAMPLE_MS;
    await take();
    expect([asked, sample.confirmed]).toEqual([2, false]);
  });

  test('holds where the connection is only lost', async () => {
    await take();
    verdict = new Error('lost', { cause: Object.assign(new Error('read'), { code: 'ECONNRESET' }) });
    nowMs = SAMPLE_MS;
    await take();
    expect([asked, sample.confirmed]).toEqual([2, true]);
  });

  test('does not hold where lmtpd never answered', async () => {
    verdict = new Error('down');
    await take();
    expect([asked, sample.confirmed]).toEqual([1, false]);
  });

  test('says nothing where the list changed meanwhile, and is taken again at once', async () => {
    await take();
    nowMs = SAMPLE_MS;
    sample.take(alice);
    state = 2;
    await take();
    expect(said).toHaveLength(1);
    await take();
    expect([asked, said.length]).toEqual([3, 2]);
  });
});

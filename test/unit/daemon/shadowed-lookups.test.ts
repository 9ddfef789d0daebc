import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Answer } from '../../../src/comparison/answer.js';
import { AskingQueue } from '../../../src/comparison/asking-queue.js';
import { Shadow } from '../../../src/comparison/shadow.js';
import { ShadowedLookups, ShadowOnlyLookups } from '../../../src/daemon/shadowed-lookups.js';
import { silentLog } from '../../../src/log/log.js';
import type { Log } from '../../../src/log/verb.js';
import type { Lookup } from '../../../src/socketmap/lookup.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';
import type { Reply } from '../../../src/validation/verdict.js';

const FACTS = { rules: DEFAULT_ADDRESS_RULES, asksLmtp: true, overQuotaAsCyrus: true };
const NOT_FOUND = { text: 'Mailbox does not exist' };
const DEADLINE_MS = 5000;

/** Knows `known@…` at once, and all others when it is asked. */
const OURS: Lookup = {
  answerNow: (_, key) => (key.startsWith('known@') ? { status: 'OK', text: key } : undefined),
  answerLater: (_, key) =>
    Promise.resolve<Reply>(
      key.startsWith('a') ? { status: 'OK', text: key } : { status: 'NOTFOUND', ...NOT_FOUND },
    ),
};

let asked: string[];
let lines: object[];
const log: Log = {
  ...silentLog,
  info: (fields) => void lines.push(fields),
};

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  lines = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function shadowOf(answer: (key: string) => Promise<Answer> | Answer, maxWaiting = 100): Shadow {
  const queue = new AskingQueue({
    connect: () => ({
      ask: async (_, key) => {
        asked.push(key);
        return answer(key);
      },
      close: () => undefined,
    }),
    connections: 1,
    maxWaiting,
    now: () => performance.now(),
    onDown: () => undefined,
    onUp: () => undefined,
  });
  return new Shadow(queue, FACTS, log, () => performance.now());
}

const accepts = (key: string): Answer => ({ class: 'OK', text: key });
const denies = (): Answer => ({ class: 'NOTFOUND', ...NOT_FOUND });
const settled = () => vi.advanceTimersByTimeAsync(0);

describe('lookups with a shadow', () => {
  test('answer as ours do, in the same turn where they know, and ask the other one behind it', async () => {
    const shadow = shadowOf(accepts);
    const lookups = new ShadowedLookups(OURS, shadow);
    expect(lookups.answerNow('cyrus', 'known@x.jp')).toEqual({ status: 'OK', text: 'known@x.jp' });
    expect(lookups.answerNow('cyrus', 'nobody@x.jp')).toBeUndefined();
    expect((await lookups.answerLater('cyrus', 'nobody@x.jp')).status).toBe('NOTFOUND');
    await settled();
    expect(asked).toEqual(['known@x.jp', 'nobody@x.jp']);
    expect(shadow.counts).toEqual({ same: 1, differs: 1, unanswered: 0, dropped: 0 });
    expect([...shadow.kinds]).toEqual([['only-other-accepts', 1]]);
    expect(lines).toEqual([
      {
        event: 'shadow-differs',
        map: 'cyrus',
        key: 'nobody@x.jp',
        ours: 'NOTFOUND Mailbox does not exist',
        other: 'OK nobody@x.jp',
        kind: 'only-other-accepts',
        agrees: 'undecided',
      },
    ]);
  });

  test('never wait for the other one, and count what was not compared', async () => {
    const shadow = shadowOf(() => new Promise<Answer>(() => undefined), 1);
    const lookups = new ShadowedLookups(OURS, shadow);
    for (let i = 0; i < 5; i += 1) expect(lookups.answerNow('cyrus', 'known@x.jp')?.status).toBe('OK');
    await settled();
    expect(shadow.counts.dropped).toBe(3);
  });

  test('do not ask what would end smmapd', async () => {
    const shadow = shadowOf(accepts);
    const lookups = new ShadowedLookups(OURS, shadow);
    lookups.answerNow('cyrus', `known@${'x'.repeat(1000)}`);
    await settled();
    expect(asked).toEqual([]);
    expect(shadow.counts.dropped).toBe(1);
  });

  test('ask without the detail, too, where that differs', async () => {
    const shadow = shadowOf((key) => (key.includes('+') ? denies() : accepts(key)));
    const lookups = new ShadowedLookups(OURS, shadow);
    await lookups.answerLater('cyrus', 'alice+x@x.jp');
    await settled();
    expect(asked).toEqual(['alice+x@x.jp', 'alice@x.jp']);
    expect([...shadow.kinds]).toEqual([['detail', 1]]);
  });

  test('tell of ten differences a second in the log, and count the others', async () => {
    const shadow = shadowOf(denies);
    const lookups = new ShadowedLookups(OURS, shadow);
    for (let i = 0; i < 30; i += 1) lookups.answerNow('cyrus', 'known@x.jp');
    await settled();
    expect(lines.length).toBe(10);
    expect(shadow.counts.differs).toBe(30);
    vi.advanceTimersByTime(1000);
    lookups.answerNow('cyrus', 'known@x.jp');
    await settled();
    expect(lines.length).toBe(11);
  });
});

describe('lookups of which the shadow answers', () => {
  const only = (shadow: Shadow) => new ShadowOnlyLookups(OURS, shadow, () => DEADLINE_MS);

  test('answer what the other one says, and compare ours', async () => {
    const shadow = shadowOf(denies);
    const lookups = only(shadow);
    expect(lookups.answerNow()).toBeUndefined();
    expect(await lookups.answerLater('cyrus', 'known@x.jp')).toEqual({ status: 'NOTFOUND', ...NOT_FOUND });
    await settled();
    expect(shadow.counts).toMatchObject({ differs: 1 });
  });

  test.each<[string, Answer, string]>([
    ['PERM', { class: 'PERM', text: 'System I/O error' }, 'the other socketmap said PERM System I/O error'],
    ['silence', { class: 'none', text: 'closed' }, 'the other socketmap gave no answer'],
    ['TEMP', { class: 'TEMP', text: 'Over quota' }, 'Over quota'],
  ])('defer at its %s', async (_, answer, text) => {
    const reply = await only(shadowOf(() => answer)).answerLater('cyrus', 'alice@x.jp');
    expect(reply).toEqual({ status: 'TEMP', text });
  });

  test('defer within the deadline, of which the wait before is a part', async () => {
    const lookups = only(shadowOf(() => new Promise<Answer>(() => undefined)));
    let reply: Reply | undefined;
    void lookups.answerLater('cyrus', 'alice@x.jp', undefined, 1000).then((it) => (reply = it));
    await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1001);
    expect(reply).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(reply).toEqual({ status: 'TEMP', text: 'the other socketmap did not answer in time' });
  });

  test('defer where too many wait', async () => {
    const lookups = only(shadowOf(() => new Promise<Answer>(() => undefined), 1));
    void lookups.answerLater('cyrus', 'a@x.jp');
    void lookups.answerLater('cyrus', 'b@x.jp');
    expect(await lookups.answerLater('cyrus', 'c@x.jp')).toEqual({
      status: 'TEMP',
      text: 'too many wait for the other socketmap',
    });
  });
});

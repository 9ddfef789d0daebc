import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Question } from '../../../../src/cyrus/pool/question.js';
import { Work } from '../../../../src/cyrus/pool/work.js';
import { DELIVERABLE, OVERQUOTA } from '../../../../src/validation/verdict.js';
import { HandSession, now, recipientOf, standStill } from './pool-rig.js';

standStill();

const HOLD_MS = 200;

let told: string[];

beforeEach(() => {
  told = [];
});
afterEach(() => void vi.clearAllTimers());

function work(locals: readonly string[], stallMs = 300, replyTimeoutMs = 10_000): Work {
  const batch = locals.map((local) => new Question(recipientOf(local), now() + 60_000, undefined));
  return new Work(
    new HandSession(),
    batch,
    { stallMs, holdMs: HOLD_MS, replyTimeoutMs, now },
    {
      heard: () => told.push('heard'),
      answered: ({ recipient }, { kind }) => told.push(`${recipient.local} ${kind}`),
      unproven: (_, questions) =>
        told.push(`unproven ${questions.map(({ recipient }) => recipient.local).join(' ')}`),
      stalled: () => told.push('stalled'),
      silent: () => told.push('silent'),
    },
  );
}

async function pass(ms: number): Promise<string[]> {
  await vi.advanceTimersByTimeAsync(ms);
  return told.splice(0);
}

describe('a verdict that comes before the end of its batch', () => {
  test('is given on where it is certain, but not before what contradicts it could have come', async () => {
    const asked = work(['alice', 'bob', 'carol'], 1_000);
    asked.early(1, DELIVERABLE);
    asked.early(0, OVERQUOTA);
    expect(await pass(199)).toEqual([]);
    expect(await pass(1)).toEqual(['bob deliverable', 'alice overquota']);
  });

  test('is not given on where its batch has ended in that time', async () => {
    const asked = work(['alice', 'bob']);
    asked.early(1, DELIVERABLE);
    asked.end();
    expect(await pass(20_000)).toEqual([]);
  });

  test('is given on at once where the batch is stuck, and what was held, before the others are asked elsewhere', async () => {
    const asked = work(['alice', 'bob', 'carol'], 100);
    await pass(50);
    asked.early(1, DELIVERABLE);
    expect(await pass(50)).toEqual(['bob deliverable', 'stalled']);
    asked.early(0, OVERQUOTA);
    expect(told).toEqual(['alice overquota']);
  });

  test('belongs to nobody where there is no such recipient', async () => {
    const asked = work(['alice']);
    asked.early(1, DELIVERABLE);
    asked.early(-1, DELIVERABLE);
    expect(await pass(100)).toEqual([]);
  });
});

describe('a verdict of which only the end of its batch is the proof', () => {
  test('is not waited for longer than its time, from its reply on', async () => {
    const asked = work(['alice', 'bob', 'carol'], 500);
    expect(await pass(100)).toEqual([]);
    asked.heard();
    asked.unproven(1);
    expect(await pass(150)).toEqual(['heard']);
    asked.heard();
    asked.unproven(0);
    expect(await pass(49)).toEqual(['heard']);
    expect(await pass(1)).toEqual(['unproven bob alice']);
    expect(await pass(449)).toEqual([]);
    expect(await pass(1)).toEqual(['stalled']);
  });

  test('is looked after again where it comes after that', async () => {
    const asked = work(['alice', 'bob'], 1_000);
    asked.heard();
    asked.unproven(0);
    expect(await pass(200)).toEqual(['heard', 'unproven alice']);
    await pass(50);
    asked.heard();
    asked.unproven(1);
    expect(await pass(199)).toEqual(['heard']);
    expect(await pass(1)).toEqual(['unproven bob']);
  });

  test('is asked elsewhere in any case where the batch is stuck', async () => {
    const asked = work(['alice', 'bob']);
    expect(await pass(300)).toEqual(['stalled']);
    asked.unproven(1);
    expect(await pass(5_000)).toEqual([]);
  });

  test('is not asked for again where the batch was over before', async () => {
    const asked = work(['alice']);
    asked.unproven(0);
    asked.end();
    expect(await pass(20_000)).toEqual([]);
  });

  test('belongs to nobody where there is no such recipient', async () => {
    const asked = work(['alice'], 1_000);
    asked.unproven(1);
    asked.unproven(-1);
    expect(await pass(999)).toEqual([]);
  });
});

describe('a batch without a reply', () => {
  test('is stuck after its time, and not before', async () => {
    const asked = work(['alice']);
    expect(await pass(299)).toEqual([]);
    expect(asked.isStalled).toBe(false);
    expect(await pass(1)).toEqual(['stalled']);
    expect(asked.isStalled).toBe(true);
  });

  test('is so soon where its time is short', async () => {
    work(['alice'], 40);
    expect(await pass(39)).toEqual([]);
    expect(await pass(2)).toEqual(['stalled']);
  });

  test('is not, as long as now and then one comes', async () => {
    const asked = work(['alice', 'bob']);
    for (let i = 0; i < 5; i++) {
      expect(await pass(250)).toEqual([]);
      asked.heard();
      expect(told.splice(0)).toEqual(['heard']);
    }
    expect(asked.replies).toBe(5);
    expect(await pass(299)).toEqual([]);
    expect(await pass(1)).toEqual(['stalled']);
  });

  test('is given up after the reply timeout, which runs from its beginning', async () => {
    await pass(5_000);
    const asked = work(['alice']);
    expect(asked.since).toBe(now());
    expect(await pass(300)).toEqual(['stalled']);
    asked.heard();
    expect(await pass(9_699)).toEqual(['heard']);
    expect(await pass(1)).toEqual(['silent']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is given up at once where it gets stuck only after that', async () => {
    const asked = work(['alice'], 300, 1_000);
    for (let i = 0; i < 8; i++) {
      await pass(200);
      asked.heard();
    }
    told.length = 0;
    expect(await pass(301)).toEqual(['stalled', 'silent']);
  });

  test('has no more of it after its end', async () => {
    const asked = work(['alice']);
    await pass(200);
    asked.end();
    expect(await pass(20_000)).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('a batch of one is about a mailbox alone, one of more is not', () => {
  expect(work(['alice']).alone).toBe('alice@example.jp');
  expect(work(['alice', 'bob']).alone).toBeUndefined();
});

test('what is open is what nobody has answered yet', () => {
  const asked = work(['alice', 'bob', 'carol']);
  asked.batch[1]?.resolve(DELIVERABLE);
  expect(asked.open.map(({ recipient }) => recipient.local)).toEqual(['alice', 'carol']);
});

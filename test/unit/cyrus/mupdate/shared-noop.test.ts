import { describe, expect, test } from 'vitest';
import { SharedNoop } from '../../../../src/cyrus/mupdate/shared-noop.js';

/** Each NOOP waits until a test answers it. */
function rig() {
  const sent: { readonly answer: () => void; readonly fail: (error: Error) => void }[] = [];
  const noop = new SharedNoop(() => new Promise<void>((answer, fail) => sent.push({ answer, fail })));
  return { noop, sent };
}

async function settled(promise: Promise<void>): Promise<boolean> {
  const nothing = Symbol('nothing');
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  return (await Promise.race([promise, Promise.resolve(nothing)])) !== nothing;
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

describe('a shared NOOP', () => {
  test('serves all who ask in one turn', async () => {
    const { noop, sent } = rig();
    const passed = Array.from({ length: 1_000 }, () => noop.pass());
    await turns();
    expect(sent).toHaveLength(1);
    sent[0]?.answer();
    await Promise.all(passed);
  });

  test('does not serve who asks after it was sent: he has the next, which all share who come until then', async () => {
    const { noop, sent } = rig();
    const first = noop.pass();
    await turns();
    const later = noop.pass();
    const last = noop.pass();
    await turns();
    expect(sent).toHaveLength(1);
    sent[0]?.answer();
    await first;
    expect(await settled(later)).toBe(false);
    expect(sent).toHaveLength(2);
    sent[1]?.answer();
    await Promise.all([later, last]);
  });

  test('that fails fails for those who shared it, and the next is sent all the same', async () => {
    const { noop, sent } = rig();
    const first = noop.pass();
    await turns();
    const next = noop.pass();
    sent[0]?.fail(new Error('lost'));
    await expect(first).rejects.toThrow('lost');
    await turns();
    sent[1]?.answer();
    await next;
    const again = noop.pass();
    await turns();
    sent[2]?.answer();
    await again;
  });

  test('for whom nobody waits fails without a word', async () => {
    const { noop, sent } = rig();
    void noop.pass();
    await turns();
    sent[0]?.fail(new Error('lost'));
    await turns();
    expect(sent).toHaveLength(1);
  });
});

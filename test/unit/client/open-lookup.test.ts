import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OpenLookup } from '../../../src/client/open-lookup.js';
import { DeadlineError } from '../../../src/errors.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function lookup(signal?: AbortSignal): OpenLookup {
  return new OpenLookup('cyrus', 'alice', 'unix:/run/x', 100, signal);
}

test('is open until it is answered, and leaves no timer', async () => {
  const asked = lookup();
  expect(asked.isOpen()).toBe(true);
  asked.answer({ status: 'OK', text: 'alice' });
  expect([asked.isOpen(), vi.getTimerCount()]).toEqual([false, 0]);
  expect(await asked.settled).toEqual({ status: 'OK', text: 'alice' });
});

test('fails after its time, and not before; an answer that comes later changes nothing', async () => {
  const asked = lookup();
  const failed = expect(asked.settled).rejects.toEqual(
    new DeadlineError('unix:/run/x did not answer within 100 ms'),
  );
  vi.advanceTimersByTime(99);
  expect(asked.isOpen()).toBe(true);
  vi.advanceTimersByTime(1);
  expect(asked.isOpen()).toBe(false);
  asked.answer({ status: 'OK', text: 'alice' });
  await failed;
});

test('fails with the reason of whoever aborts it', async () => {
  const abort = new AbortController();
  const asked = lookup(abort.signal);
  const failed = expect(asked.settled).rejects.toThrow('enough');
  abort.abort(new Error('enough'));
  expect([asked.isOpen(), vi.getTimerCount()]).toEqual([false, 0]);
  await failed;
});

test('hears of no abort once it is settled', async () => {
  const abort = new AbortController();
  const asked = lookup(abort.signal);
  const removed = vi.spyOn(abort.signal, 'removeEventListener');
  asked.answer({ status: 'NOTFOUND', text: '' });
  expect(removed).toHaveBeenCalledWith('abort', expect.any(Function));
  abort.abort();
  expect((await asked.settled).status).toBe('NOTFOUND');
});

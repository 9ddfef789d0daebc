import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Beside } from '../../../src/daemon/beside.js';
import { silentLog } from '../../../src/log/log.js';
import type { Lookup } from '../../../src/socketmap/lookup.js';
import type { Reply } from '../../../src/validation/verdict.js';
import { configured, pathOf } from './configured.js';

const CYRUS = '[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "unix:/x"\n[domains]\n"*" = "cyrus"\n';
const OURS: Lookup = {
  answerNow: () => ({ status: 'OK', text: 'ours' }),
  answerLater: () => Promise.resolve<Reply>({ status: 'OK', text: 'ours' }),
};

let close: () => void;

beforeEach(async () => {
  // It listens, and never says a word.
  const silent = createServer(() => undefined).listen(pathOf('other'));
  await new Promise((resolve) => silent.once('listening', resolve));
  close = () => silent.close();
});
afterEach(() => {
  vi.useRealTimers();
  close();
});

async function beside(more: string, deadline: string): Promise<Beside> {
  const config = await configured(
    `[shadow]\nendpoint = "unix:${pathOf('other')}"\n${more}[lookup]\ndeadline = "${deadline}"\n${CYRUS}`,
  );
  const { endpoint } = config.shadow;
  if (endpoint === undefined) throw new Error('no shadow');
  return new Beside(endpoint, config, OURS, silentLog, () => performance.now());
}

test('ours answers, unless only the other one shall', async () => {
  const both = await beside('', '5s');
  expect(both.lookup.answerNow('cyrus', 'alice@example.jp')).toEqual({ status: 'OK', text: 'ours' });
  both.shadow.close();
  const only = await beside('only = true\n', '5s');
  expect(only.lookup.answerNow('cyrus', 'alice@example.jp')).toBeUndefined();
  only.shadow.close();
});

test('the other one has as long as the deadline, which a reload changes', async () => {
  const only = await beside('only = true\n', '100ms');
  const take = async (): Promise<number> => {
    const begun = performance.now();
    expect(await only.lookup.answerLater('cyrus', 'alice@example.jp')).toMatchObject({ status: 'TEMP' });
    return performance.now() - begun;
  };
  const before = await take();
  const next = await configured(
    `[shadow]\nendpoint = "unix:${pathOf('other')}"\nonly = true\n[lookup]\ndeadline = "3s"\n${CYRUS}`,
  );
  only.take(next);
  const after = await take();
  expect(after).toBeGreaterThan(2_900);
  expect(before).toBeLessThan(after);
  only.shadow.close();
});

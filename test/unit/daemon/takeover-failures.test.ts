// A takeover in which something goes wrong: somebody serves at each moment, and what could not be done is told.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Predecessor } from '../../../src/daemon/predecessor.js';
import { UnavailableError } from '../../../src/errors.js';
import { hurryClock } from '../../fakes/hurried-sleep.js';
import { afterwards } from '../../integration/socketmap-rig.js';
import { ALICE, SuccessionRig } from './succession-rig.js';

vi.mock('node:timers/promises', () => import('../../fakes/hurried-sleep.js'));
hurryClock();

let rig: SuccessionRig;

beforeEach(async () => {
  rig = await SuccessionRig.open();
});
afterEach(() => void vi.restoreAllMocks());

test('where somebody else has its places, the new process gives up, and the old one goes on', async () => {
  await rig.start(await rig.configured());
  vi.spyOn(Predecessor.prototype, 'handOver').mockImplementationOnce(async function* () {
    yield await Promise.resolve(new Map([['taken', true]]));
  });
  const refused = rig.successor(await rig.configured());
  await expect(refused).rejects.toThrow(UnavailableError);
  await expect(refused).rejects.toThrow('another process has come in between');
  expect(rig.told('takeover-refused')).toMatchObject([{ reason: 'another process has come in between' }]);
  expect(await rig.ask(ALICE)).toBe('OK');
});

test('where the old process ends before its last word, the new one serves alone, and asks Cyrus about everybody', async () => {
  const old = await rig.start(await rig.configured());
  expect(await rig.ask(ALICE)).toBe('OK');
  vi.spyOn(Predecessor.prototype, 'handOver').mockImplementationOnce(async function* (
    this: Predecessor,
    ...args
  ) {
    // The second call is the real one.
    const lines = this.handOver(...args);
    const first = await lines.next();
    if (first.done !== true) yield first.value;
    yield new Map([['known', 'no list']]);
    throw new UnavailableError('it is gone');
  });
  const daemon = await rig.successor(await rig.configured());
  await daemon.settled;
  expect(rig.told('takeover-complete')).toMatchObject([{ mailboxes: 0 }]);
  const count = rig.lmtpd.recipients.length;
  expect(await rig.ask(ALICE)).toBe('OK');
  expect(rig.lmtpd.recipients.length).toBeGreaterThan(count);
  await old.stop();
});

test('where HTTP cannot be opened, that is told, and everything else goes on', async () => {
  await rig.start(await rig.configured());
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  afterwards(() => void other.close());
  const address = other.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const config = await rig.configured();
  const http = { kind: 'inet', host: '127.0.0.1', port: address.port } as const;
  const daemon = await rig.successor({ ...config, admin: { ...config.admin, http } });
  await daemon.settled;
  await vi.waitFor(() =>
    expect(rig.told('no-http')).toMatchObject([{ error: expect.stringContaining('is in use') as string }]),
  );
  expect(await rig.ask(ALICE)).toBe('OK');
});

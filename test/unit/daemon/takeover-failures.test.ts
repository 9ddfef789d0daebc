// A takeover in which something goes wrong: somebody serves at each moment, and what could not be done is told.
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HandOver } from '../../../src/daemon/hand-over.js';
import { Predecessor } from '../../../src/daemon/predecessor.js';
import { UnavailableError } from '../../../src/errors.js';
import { hurryClock, setTimeout as sleep, slept } from '../../fakes/hurried-sleep.js';
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

test('where the old process says nothing at all, the new one gives up', async () => {
  await rig.start(await rig.configured());
  vi.spyOn(Predecessor.prototype, 'handOver').mockImplementationOnce(async function* () {
    await Promise.resolve();
    yield* [];
  });
  await expect(rig.successor(await rig.configured())).rejects.toThrow(
    'the running daemon does not say that it hands over',
  );
  expect(await rig.ask(ALICE)).toBe('OK');
});

test('where not all places have passed, the new process serves on until the old one has those back that have', async () => {
  const old = await rig.start(await rig.configured());
  const answers: string[] = [];
  vi.spyOn(Predecessor.prototype, 'handOver').mockImplementationOnce(function (
    this: Predecessor,
    pid,
    places,
  ) {
    return this.handOver(pid, places.slice(0, 1));
  });
  vi.spyOn(HandOver.prototype, 'abandon').mockImplementationOnce(function (this: HandOver) {
    // The second call is the real one.
    void sleep(500).then(async () => {
      answers.push(await rig.ask(ALICE).catch(() => 'nobody is there'));
      this.abandon();
    });
  });
  await expect(rig.successor(await rig.configured())).rejects.toThrow('another process has come in between');
  expect(answers).toEqual(['OK']);
  expect(rig.told('takeover-undone')).toHaveLength(1);
  expect(old.places.map((place) => place.look())).toEqual([true, true]);
  expect(await rig.ask(ALICE)).toBe('OK');
  await (
    await rig.successor(await rig.configured())
  ).settled;
  expect(rig.told('takeover-complete')).toHaveLength(1);
});

test('where the old process does not take its places back either, the new one does not wait for ever', async () => {
  await rig.start(await rig.configured());
  vi.spyOn(Predecessor.prototype, 'handOver').mockImplementationOnce(async function* (
    this: Predecessor,
    ...args
  ) {
    await this.handOver(...args).next();
    yield new Map([['taken', false]]);
  });
  vi.spyOn(HandOver.prototype, 'abandon').mockImplementationOnce(() => undefined);
  const begun = performance.now();
  await expect(rig.successor(await rig.configured())).rejects.toThrow('does not say that it hands over');
  const waited = performance.now() - begun;
  expect(waited).toBeGreaterThan(2_000);
  expect(waited).toBeLessThan(10_000);
});

test('where the new process has a place of its own besides, it does not wait for somebody to take that back', async () => {
  await rig.start(await rig.configured());
  vi.spyOn(Predecessor.prototype, 'handOver').mockImplementationOnce(async function* () {
    yield await Promise.resolve(new Map([['taken', false]]));
  });
  const config = await rig.configured();
  const own = { kind: 'unix', path: rig.at('own') } as const;
  const listen = [...config.socketmap.listen, own];
  const begun = slept();
  await expect(rig.successor({ ...config, socketmap: { ...config.socketmap, listen } })).rejects.toThrow(
    'does not say that it hands over',
  );
  expect(slept() - begun).toBeLessThan(1_000);
});

test('where the new process cannot ask whom the old one can, it leaves nothing behind', async () => {
  await rig.start(await rig.configured());
  expect(await rig.ask(ALICE)).toBe('OK');
  const before = readdirSync(dirname(rig.at('control')));
  const gone = await rig.newLmtpd('gone');
  await gone.stop();
  const refused = rig.successor(await rig.configured('', gone));
  await expect(refused).rejects.toThrow('the running daemon can ask cyrus, and the new one cannot');
  expect(readdirSync(dirname(rig.at('control')))).toEqual(before);
});

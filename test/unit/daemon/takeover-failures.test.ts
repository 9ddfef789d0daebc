// A takeover in which something goes wrong: somebody serves at each moment, and what could not be done is told.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import type { Daemon } from '../../../src/daemon/daemon.js';
import { Predecessor } from '../../../src/daemon/predecessor.js';
import { takeOver } from '../../../src/daemon/takeover.js';
import { UnavailableError } from '../../../src/errors.js';
import type { LmtpServer } from '../../fakes/lmtp-server.js';
import { DaemonRig } from '../../integration/daemon-rig.js';
import { afterwards, recordingLog } from '../../integration/socketmap-rig.js';

const ALICE = 'alice@example.jp';

let rig: DaemonRig;
let lmtpd: LmtpServer;

beforeEach(async () => {
  rig = new DaemonRig();
  lmtpd = await rig.newLmtpd('lmtp');
});
afterEach(() => void vi.restoreAllMocks());

function configured(more = ''): Promise<Config> {
  return rig.configured(lmtpd, `[admin]\nlisten = "unix:${join(rig.folder, 'control')}"\n${more}`);
}

async function successor(config: Config): Promise<Daemon> {
  const daemon = await takeOver(config, recordingLog(rig.lines), () => undefined);
  afterwards(() => daemon.stop());
  return daemon;
}

const told = (verb: string): object[] =>
  rig.lines.filter(({ message }) => message === verb).map(({ fields }) => fields);

const answered = async (): Promise<string> => (await rig.connected())(ALICE);

test('where somebody else has its places, the new process gives up, and the old one goes on', async () => {
  await rig.start(await configured());
  vi.spyOn(Predecessor.prototype, 'handOver').mockImplementationOnce(async function* () {
    yield await Promise.resolve(new Map([['taken', true]]));
  });
  const refused = successor(await configured());
  await expect(refused).rejects.toThrow(UnavailableError);
  await expect(refused).rejects.toThrow('another process has come in between');
  expect(told('takeover-refused')).toMatchObject([{ reason: 'another process has come in between' }]);
  expect(await answered()).toBe('OK');
});

test('where the old process ends before its last word, the new one serves alone, and asks Cyrus about everybody', async () => {
  const old = await rig.start(await configured());
  expect(await answered()).toBe('OK');
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
  const daemon = await successor(await configured());
  await daemon.settled;
  expect(told('takeover-complete')).toMatchObject([{ mailboxes: 0 }]);
  const count = lmtpd.recipients.length;
  expect(await answered()).toBe('OK');
  expect(lmtpd.recipients.length).toBeGreaterThan(count);
  await old.stop();
});

test('where HTTP cannot be opened, that is told, and everything else goes on', async () => {
  await rig.start(await configured());
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  afterwards(() => void other.close());
  const address = other.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const config = await configured();
  const http = { kind: 'inet', host: '127.0.0.1', port: address.port } as const;
  const daemon = await successor({ ...config, admin: { ...config.admin, http } });
  await daemon.settled;
  await vi.waitFor(() =>
    expect(told('no-http')).toMatchObject([{ error: expect.stringContaining('is in use') as string }]),
  );
  expect(await answered()).toBe('OK');
});

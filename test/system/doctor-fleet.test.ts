// What doctor says of a real Valkey: nothing, with the users of docs/several-machines.md as they are printed there; and each thing
// that is wrong. Nothing is left behind in it but a question.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toConfig } from '../../src/config/convert.js';
import { readSettings } from '../../src/config/read.js';
import { askFleet } from '../../src/doctor/ask-fleet.js';
import { encodeBeacon } from '../../src/fleet/entry-codec.js';
import { Fleet } from '../../src/fleet/fleet.js';
import { silentLog } from '../../src/log/log.js';
import { SECRET, ValkeyContainer } from '../containers/valkey.js';

let folder: string;
let valkey: ValkeyContainer;
const fleets: Fleet[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-fleet-'));
  await writeFile(join(folder, 'password'), SECRET, { mode: 0o600 });
  await writeFile(join(folder, 'wrong'), 'wrong', { mode: 0o600 });
  valkey = await ValkeyContainer.start();
});

afterAll(async () => {
  for (const fleet of fleets) fleet.close();
  await valkey?.stop();
  await rm(folder, { recursive: true, force: true });
});

function configOf(user: string, publish?: string, password = 'password') {
  const cyrus = {
    type: 'lmtp',
    endpoint: 'unix:/nowhere',
    ...(publish === undefined ? { stream: 'cyrus' } : {}),
  };
  const fleet = {
    url: `valkey://127.0.0.1:${valkey.port}`,
    user,
    password_file: join(folder, password),
    ...(publish === undefined ? {} : { publish }),
  };
  const settings = { socketmap: {}, backchannel: { cyrus }, fleet };
  return toConfig(readSettings(settings).values, '/etc/cyrusmapd.toml', undefined);
}

const FOLLOWER = 'cyrusmapd-follow';
const PUBLISHER = 'cyrusmapd-publish';

/** As the daemon beside Cyrus does. */
async function publish(): Promise<void> {
  const { fleet: config, lookup } = configOf(PUBLISHER, 'cyrus');
  if (config === undefined) throw new Error('no fleet');
  const proof = { floor: () => 0, vouchesForUnknown: true, deferUnknown: false, describe: () => 'it is' };
  const fleet = await Fleet.open({
    config,
    forget: () => undefined,
    missed: () => undefined,
    rules: () => lookup.addressRules,
    knownTtlMs: () => 60_000,
    proof: () => proof,
    now: () => performance.now(),
    wall: () => Date.now(),
    log: silentLog,
  });
  fleets.push(fleet);
  fleet.publish();
}

test('before anybody publishes nobody is heard, and nothing is left behind but a question', async () => {
  const silent = { kind: 'seen', denied: [], excess: [] };
  expect(await askFleet(configOf(FOLLOWER))).toEqual({
    ...silent,
    streams: [{ name: 'cyrus', role: 'follower', standing: 'silent' }],
  });
  expect(await askFleet(configOf(PUBLISHER, 'cyrus'))).toEqual({
    ...silent,
    streams: [{ name: 'cyrus', role: 'publisher', standing: 'silent' }],
  });
  expect((await valkey.cli('keys', '*')).trim()).toBe('cyrusmapd:{cyrus}:questions');
});

test('a wrong password, a right that is missing, and too many of them', async () => {
  expect(await askFleet(configOf(FOLLOWER, undefined, 'wrong'))).toMatchObject({
    kind: 'refused',
    error: expect.stringContaining('WRONGPASS') as string,
  });
  expect(await askFleet(configOf('nobody'))).toMatchObject({ kind: 'refused' });
  await valkey.cli('acl', 'setuser', FOLLOWER, '-zadd');
  expect(await askFleet(configOf(FOLLOWER))).toMatchObject({
    denied: ['ZADD cyrusmapd:{cyrus}:followers:doctor'],
  });
  await valkey.cli('acl', 'setuser', FOLLOWER, '+zadd');
  expect(await askFleet(configOf('default'))).toMatchObject({
    denied: [],
    excess: ['DBSIZE', 'SET cyrusmapd:{cyrus}:beacon'],
  });
  // The publisher's account on a machine that follows cannot read the stream.
  expect(await askFleet(configOf(PUBLISHER))).toMatchObject({
    denied: [
      'XREAD cyrusmapd:{cyrus}:stream',
      'INCR cyrusmapd:{cyrus}:questions',
      'PUBLISH cyrusmapd:{cyrus}:acknowledgements',
    ],
    excess: ['SET cyrusmapd:{cyrus}:beacon'],
  });
});

test('a beacon without a publisher is silence, one is heard, of two it is said', async () => {
  const beacon = { instance: '0123456789abcdef', answers: 0, seq: 0, lastId: '0-0' };
  const old = encodeBeacon({ ...beacon, leaseMs: 1_000, exact: true, rules: '0123456789abcdef' });
  await valkey.cli('set', 'cyrusmapd:{cyrus}:beacon', old);
  const standing = (answer: Awaited<ReturnType<typeof askFleet>>) =>
    answer?.kind === 'seen' ? answer.streams.map((each) => each.standing) : answer;
  expect(standing(await askFleet(configOf(FOLLOWER)))).toEqual(['silent']);
  await publish();
  await expect
    .poll(async () => standing(await askFleet(configOf(FOLLOWER))), { timeout: 20_000 })
    .toEqual(['heard']);
  expect(standing(await askFleet(configOf(PUBLISHER, 'cyrus')))).toEqual(['heard']);
  await publish();
  await expect
    .poll(async () => standing(await askFleet(configOf(FOLLOWER))), { timeout: 20_000 })
    .toEqual(['contested']);
  expect(standing(await askFleet(configOf(PUBLISHER, 'cyrus')))).toEqual(['contested']);
});

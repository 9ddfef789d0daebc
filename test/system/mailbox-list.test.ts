// The directory against real Cyrus: right after each OK, and whole against ctl_mboxlist -d now and then, over random
// operations of three administrators at once, repacks, cyr_expire, writers killed, and a disk that is full. `npm run
// test:list` takes all versions and five thousand operations.
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChangedNames } from '../../src/cyrus/mailbox-list/changed-names.js';
import type { Clock } from '../../src/cyrus/mailbox-list/clock.js';
import { BEAT_MS, Directory } from '../../src/cyrus/mailbox-list/directory.js';
import { listFiles } from '../../src/cyrus/mailbox-list/list-reader.js';
import { openClock } from '../../src/cyrus/mailbox-list/open-clock.js';
import { silentLog } from '../../src/log/log.js';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import {
  DEFAULT_ADDRESS_RULES,
  parseKey,
  type AddressRules,
  type Recipient,
} from '../../src/validation/recipient.js';
import { DELIVERABLE, deferred, UNKNOWN, type Verdict } from '../../src/validation/verdict.js';
import { startCyrus, SUITES, type CyrusContainer, type Suite } from '../containers/cyrus.js';
import { ListAdmin } from '../containers/list-operations.js';
import { expire, repack, usersListed } from '../containers/mailbox-list.js';

const WHOLE = process.env['CYRUSMAPD_LIST'] === 'all';
const OPERATIONS = WHOLE ? 5_000 : 300;
const TIMEOUT_MS = WHOLE ? 900_000 : 120_000;
const RULES: AddressRules = { ...DEFAULT_ADDRESS_RULES, postUser: 'post', defaultDomain: 'rig.test' };

let folder: string;
let cyrus: CyrusContainer;
let smmapd: SocketmapConnection | undefined;
let directory: Directory;
let clock: Clock;
let beat: NodeJS.Timeout;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'list-'));
  await chmod(folder, 0o777);
});
afterEach(async () => {
  clearInterval(beat);
  smmapd?.close();
  smmapd = undefined;
  directory.close();
  clock.close();
  await cyrus.stop();
  await rm(folder, { recursive: true });
});

describe.each(WHOLE ? SUITES : (['bookworm'] as const))('the directory of Cyrus of %s', (suite) => {
  test(`is the list after each of ${OPERATIONS} operations`, () => afterEachOperation(suite), TIMEOUT_MS);
  test('is the list when writers were killed', () => withWritersKilled(suite), TIMEOUT_MS);
  test.skipIf(process.getuid?.() !== 0)('is the list on a full disk', () => onFullDisk(suite), TIMEOUT_MS);
});

async function afterEachOperation(suite: Suite): Promise<void> {
  await start(suite);
  const admins = ['a', 'b', 'c'].map((prefix, i) => new ListAdmin(cyrus, prefix, randomOf(i + 1)));
  let done = 0;
  let right = 0;
  const work = async (admin: ListAdmin) => {
    while (done < OPERATIONS) {
      const step = await admin.step();
      done += 1;
      if (step === undefined) continue;
      right += 1;
      expect([step.did, step.user, said(step.user)]).toEqual([
        step.did,
        step.user,
        step.exists ? 'listed' : 'unlisted',
      ]);
    }
  };
  const upkeep = async () => {
    for (let next = 50; done < OPERATIONS; next += OPERATIONS / 12) {
      while (done < Math.min(next, OPERATIONS)) await turn();
      await (Math.floor(next) % 2 === 0 ? expire(cyrus) : repack(cyrus));
    }
  };
  await Promise.all([...admins.map(work), upkeep()]);
  expect(right).toBeGreaterThan(OPERATIONS / 2);
  await expectSame(admins);
  await repack(cyrus);
  await expectSame(admins);
  // Never lost in all that time, nor ever denied by smmapd.
  expect(directory.state).toMatchObject({ standing: 'ready', loads: 1, missing: 0 });
  expect(directory.state.confirmed).toBeGreaterThan(1);
}

async function withWritersKilled(suite: Suite): Promise<void> {
  await start(suite);
  const admins = ['a', 'b', 'c'].map((prefix, i) => new ListAdmin(cyrus, prefix, randomOf(i + 10)));
  for (let round = 0; round < (WHOLE ? 12 : 3); round++) {
    let killed = false;
    const work = async (admin: ListAdmin) => {
      while (!killed) await admin.step();
    };
    const broken = Promise.allSettled(admins.map(work));
    for (let i = 0; i < 40 + 17 * round; i++) await admins[0]?.step().catch(() => undefined);
    await cyrus.stopMaster('KILL');
    killed = true;
    await broken;
    // Before anybody has repaired it, what was committed counts.
    const before = await heldUsers(admins);
    await cyrus.startMaster();
    const listed = await usersListed(cyrus);
    for (const admin of admins) admin.lost(listed);
    await confirmed();
    await expectSame(admins);
    expect(before).toEqual(listed);
  }
}

async function onFullDisk(suite: Suite): Promise<void> {
  const run = promisify(execFile);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=700k,mode=777', 'none', folder]);
  try {
    await start(suite);
    let admin = await cyrus.admin();
    let refused = 0;
    const created: string[] = [];
    for (let i = 0; refused < (WHOLE ? 40 : 10) && i < 3_000; i++) {
      const user = `full${i}@example.jp`;
      const lines = await admin.command(`CREATE "user/${user}"`).catch(() => undefined);
      if (lines?.at(-1)?.startsWith('OK') === true) {
        created.push(user);
        expect([user, said(user)]).toEqual([user, 'listed']);
        continue;
      }
      refused += 1;
      // An imapd that finds no room for a repack ends.
      if (lines === undefined) admin = await cyrus.admin();
    }
    expect(created.length).toBeGreaterThan(100);
    await expectUsers(created);
    await run('mount', ['-o', 'remount,size=8m', folder]);
    for (let i = 0; i < 50; i++) await admin.create(`user/more${i}@example.jp`);
    await repack(cyrus);
    await expectUsers(created);
  } finally {
    await cyrus.stop();
    await run('umount', ['-l', folder]);
  }
}

async function start(suite: Suite): Promise<void> {
  cyrus = await startCyrus({ suite, listFolder: folder });
  const admin = await cyrus.admin();
  await admin.create('user/somebody@example.jp');
  await admin.close();
  const path = join(folder, 'mailboxes.db');
  const rules = () => RULES;
  const now = () => performance.now();
  directory = new Directory({
    files: listFiles(path),
    names: new ChangedNames(listFiles(path), rules),
    rules,
    proof: () => clock,
    ask: askSmmapd,
    pause: () => turn(),
    now,
    log: silentLog,
  });
  clock = openClock(
    { list: path, kind: 'twoskip', mupdate: false, companions: [] },
    { names: directory, forget: () => undefined, now, log: silentLog },
  );
  await directory.beat();
  // Or a list as small as this is repacked twice between two looks.
  beat = setInterval(() => void directory.beat(), BEAT_MS);
  await confirmed();
}

/** By Cyrus, that it denies who is unlisted: before that the directory does not say so. */
async function confirmed(): Promise<void> {
  await expect.poll(() => said('nobody@example.jp'), { timeout: 20_000 }).toBe('unlisted');
}

/** As for a request: the clock is looked at first. */
function said(user: string): string | undefined {
  clock.floor(performance.now());
  const answer = directory.answer(recipient(user));
  // What is not known has a reason.
  return answer ?? JSON.stringify([clock.state, directory.state]);
}

async function expectSame(admins: readonly ListAdmin[]): Promise<void> {
  const listed = await usersListed(cyrus);
  for (const admin of admins) {
    const own = listed.filter((user) => admin.names.includes(user));
    expect(own).toEqual([...admin.exists].sort());
  }
  await expectUsers(
    listed.filter((user) => user !== 'somebody@example.jp'),
    admins,
  );
}

/** Those, and nobody else. */
async function expectUsers(users: readonly string[], admins: readonly ListAdmin[] = []): Promise<void> {
  const listed = await usersListed(cyrus);
  expect(listed).toEqual(expect.arrayContaining([...users]));
  await ready();
  expect(directory.state).toMatchObject({ standing: 'ready', reason: undefined, mailboxes: listed.length });
  for (const user of listed) expect([user, said(user)]).toEqual([user, 'listed']);
  for (const user of admins.flatMap(({ names }) => names)) {
    if (!listed.includes(user)) expect([user, said(user)]).toEqual([user, 'unlisted']);
  }
}

/** Loaded anew, where it could not be followed: a small list may be repacked twice between two looks. */
async function ready(): Promise<void> {
  await expect
    .poll(async () => {
      await directory.beat();
      return directory.state.standing;
    })
    .toBe('ready');
}

async function heldUsers(admins: readonly ListAdmin[]): Promise<string[]> {
  await ready();
  const users = ['somebody@example.jp', ...admins.flatMap(({ names }) => names)];
  return users.filter((user) => said(user) === 'listed').sort();
}

/** Cyrus' own daemon, which looks into the same list. */
async function askSmmapd({ address }: Recipient): Promise<Verdict> {
  try {
    smmapd ??= await SocketmapConnection.connect(parseEndpoint(cyrus.smmapdUnix, 'test'));
    const { status } = await smmapd.lookup('cyrus', address);
    if (status === 'OK') return DELIVERABLE;
    return status === 'NOTFOUND' ? UNKNOWN : deferred(status);
  } catch (error) {
    smmapd = undefined;
    throw error;
  }
}

function recipient(key: string): Recipient {
  const parsed = parseKey(key, RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.kind);
  return parsed.recipient;
}

/** Reproducible. */
function randomOf(seed: number): () => number {
  let state = seed * 7_919;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

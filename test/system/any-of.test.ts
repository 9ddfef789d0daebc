// Two real Cyrus servers that share a domain: whoever exists on one of them is never unknown, while a mailbox is moved to and
// fro by XFER, while one server is stopped, has lost its list, or has lost every mailbox.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ADMIN, PASSWORD, startCyrus, type CyrusContainer } from '../containers/cyrus.js';
import { openDecider, type Decider } from '../containers/decider.js';
import type { ImapAdmin } from '../containers/imap-admin.js';

const DOMAIN = 'example.jp';
const ON_B1 = ['alice', 'witness1', ...users('a')];
const ON_B2 = ['carol', 'witness2', ...users('c')];
/** With `npm run test:fleet` 100. */
const MOVES = Number(process.env.CYRUSMAPD_XFERS ?? 20);

let b1: CyrusContainer;
let b2: CyrusContainer;
let admins: readonly [ImapAdmin, ImapAdmin];
let decider: Decider;
let outdated: Decider;

beforeAll(async () => {
  // How one server logs in to the other. A delayed delete is a rename, to a name of which there is one a second.
  const proxy = { proxy_authname: ADMIN, proxy_password: PASSWORD, proxy_realm: 'rig.test' };
  const imapd = { ...proxy, delete_mode: 'immediate' };
  [b1, b2] = await Promise.all([startCyrus({ imapd }), startCyrus({ imapd })]);
  admins = [await b1.admin(), await b2.admin()];
  for (const user of ON_B1) await admins[0].create(inbox(user));
  for (const user of ON_B2) await admins[1].create(inbox(user));
});
afterAll(() => Promise.all([b1?.stop(), b2?.stop()]));

beforeEach(async () => {
  const config = `
    domains = { "${DOMAIN}" = ["b1", "b2"] }
    [backchannel.b1]
    type = "lmtp"
    endpoint = "${b1.lmtpUnix}"
    canary = "witness1@${DOMAIN}"
    backoff_max = "1s"
    [backchannel.b2]
    type = "lmtp"
    endpoint = "${b2.lmtpUnix}"
    canary = "witness2@${DOMAIN}"
    backoff_max = "1s"
    [lookup]
    deadline = "2s"
  `;
  decider = await openDecider(config);
  outdated = await openDecider(config, true);
  return () => Promise.all([decider.close(), outdated.close()]);
});

describe('two servers of one domain', () => {
  test('each mailbox is found where it is, and nobody is unknown', async () => {
    expect(await kinds([...ON_B1, ...ON_B2])).toEqual(all('deliverable', [...ON_B1, ...ON_B2]));
    expect(await kinds(['nobody', 'nobody2'])).toEqual(all('unknown', ['nobody', 'nobody2']));
  });

  test(`${MOVES} XFERs to and fro while everybody asks without pause: never unknown`, async () => {
    const seen = new Map<string, number>();
    let moving = true;
    await outdated.ask(`alice@${DOMAIN}`);
    const askers = Array.from({ length: 8 }, async () => {
      while (moving) {
        const { verdict } = await outdated.ask(`alice@${DOMAIN}`);
        seen.set(verdict.kind, (seen.get(verdict.kind) ?? 0) + 1);
      }
    });
    try {
      for (let i = 0; i < MOVES; i++) await move('alice', i % 2);
    } finally {
      moving = false;
      await Promise.all(askers);
    }
    expect(seen.get('unknown')).toBeUndefined();
    expect(seen.get('deliverable')).toBeGreaterThan(MOVES);
    expect(await kinds(['alice', 'nobody'])).toEqual({ alice: 'deliverable', nobody: 'unknown' });
  });

  test('one is stopped: its mailboxes are deferred, and so is what the other lacks', async () => {
    await b2.stopMaster();
    expect(await kinds(['alice', 'carol', 'nobody'])).toEqual({
      alice: 'deliverable',
      carol: 'deferred',
      nobody: 'deferred',
    });
    await b2.startMaster();
    await untilAsked('carol');
    expect(await kinds(['carol', 'nobody'])).toEqual({ carol: 'deliverable', nobody: 'unknown' });
  });

  test('one has lost its list of mailboxes: whoever was on it is deferred', async () => {
    await b1.stopMaster();
    await b1.exec(['mv', LIST, `${LIST}.away`]);
    await b1.startMaster();
    await untilAsked('carol');
    for (let round = 0; round < 20; round++) {
      decider.forget();
      expect(await kinds([...ON_B1, 'nobody'])).toEqual(all('deferred', [...ON_B1, 'nobody']));
      expect(await kinds(ON_B2)).toEqual(all('deliverable', ON_B2));
    }
    await b1.stopMaster();
    await b1.exec(['mv', `${LIST}.away`, LIST]);
    await b1.startMaster();
    await untilAsked('alice');
    expect(await kinds(['alice', 'nobody'])).toEqual({ alice: 'deliverable', nobody: 'unknown' });
  });

  test('one is empty: whoever was on it is deferred', async () => {
    const admin = await b2.admin();
    for (const user of ON_B2) await admin.delete(inbox(user));
    expect(await kinds([...ON_B2, 'nobody'])).toEqual(all('deferred', [...ON_B2, 'nobody']));
    expect(await kinds(ON_B1)).toEqual(all('deliverable', ON_B1));
  });
});

const LIST = '/var/lib/cyrus/mailboxes.db';

function users(letter: string): string[] {
  return Array.from({ length: 10 }, (_, i) => `${letter}${i}`);
}

function inbox(user: string): string {
  return `user/${user}@${DOMAIN}`;
}

async function kinds(who: readonly string[]): Promise<Record<string, string>> {
  const outcomes = await Promise.all(who.map((user) => decider.ask(`${user}@${DOMAIN}`)));
  return Object.fromEntries(who.map((user, i) => [user, outcomes[i]?.verdict.kind ?? '']));
}

function all(kind: string, who: readonly string[]): Record<string, string> {
  return Object.fromEntries(who.map((user) => [user, kind]));
}

async function move(user: string, from: number): Promise<void> {
  const [source, target] = from === 0 ? [admins[0], b2] : [admins[1], b1];
  const said = await source.command(`XFER ${inbox(user)} ${target.address}`);
  expect(said.at(-1)).toMatch(/^OK/);
}

/** Until a server that was down is asked again: a question is answered, or the pause after a failure is over. */
async function untilAsked(user: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (Date.now() < end) {
    decider.forget();
    const [kind] = Object.values(await kinds([user]));
    if (kind === 'deliverable') return;
    await pause(50);
  }
  throw new Error(`${user} is not found again`);
}

// A real murder: whoever exists is never unknown, while mailboxes are made and moved under load, while the mupdate master is
// restarted, after it has lost its list and has that of one backend again, and beside a frontend whose list is gone; a frontend says
// 550 in each of these.
// `npm run test:fleet` tries each version of Cyrus, and more moves.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { PASSWORD, SUITES } from '../containers/cyrus.js';
import { openDecider, type Decider } from '../containers/decider.js';
import type { ImapAdmin } from '../containers/imap-admin.js';
import { PROXY, startMurder, type Murder } from '../containers/murder.js';

const DOMAIN = 'example.jp';
const MOVES = Number(process.env['CYRUSMAPD_XFERS'] ?? 10);
const WANTED = (process.env['MURDER_SUITES'] ?? 'bookworm').split(',');
const START_MS = 180_000;

const folder = mkdtempSync(join(tmpdir(), 'murder-'));
writeFileSync(join(folder, 'password'), `${PASSWORD}\n`, { mode: 0o600 });
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(SUITES.filter((suite) => WANTED.includes(suite)))('a murder of %s', (suite) => {
  let murder: Murder;
  let admins: readonly [ImapAdmin, ImapAdmin];
  const deciders: Decider[] = [];

  beforeAll(async () => {
    murder = await startMurder(suite);
    admins = [await murder.b1.admin(), await murder.b2.admin()];
    for (const user of ['alice', 'canary1', 'first.last']) await admins[0].create(inbox(user));
    await admins[0].create('user/home');
    for (const user of ['carol', 'canary2']) await admins[1].create(inbox(user));
  }, START_MS);
  afterAll(async () => {
    await Promise.all(admins?.map((admin) => admin.close()) ?? []);
    await murder?.stop();
  }, START_MS);
  afterEach(async () => {
    await Promise.all(deciders.splice(0).map((each) => each.close()));
  });

  /** Nothing that was said before is believed, so that each question goes its whole way. */
  async function opened(): Promise<Decider> {
    const { master, b1, b2 } = murder;
    const backend = (name: string, { lmtp }: typeof b1): string => `
      [backchannel.${name}]
      type = "lmtp"
      endpoint = "${lmtp}"
      user = "${PROXY}"
      password_file = "${join(folder, 'password')}"
      canary = "canary${name.slice(1)}@${DOMAIN}"
      backoff_max = "1s"`;
    const decider = await openDecider(
      `domains = { "*" = "murder" }
      ${backend('b1', b1)}
      ${backend('b2', b2)}
      [backchannel.murder]
      type = "mupdate"
      endpoint = "${master.mupdate}"
      user = "cyrus"
      password_file = "${join(folder, 'password')}"
      servers = { "${b1.name}" = "b1", "${b2.name}" = "b2" }
      backoff_max = "1s"
      [lookup]
      default_domain = "rig.test"
      deadline = "5s"`,
      true,
    );
    deciders.push(decider);
    return decider;
  }

  /** What should not be done: a frontend is asked. */
  async function openedToFrontend(): Promise<Decider> {
    const canaries = ['canary1', 'canary2'].map((user) => `"${addressOf(user)}"`).join(', ');
    const decider = await openDecider(
      `domains = { "*" = "front" }
      [backchannel.front]
      type = "lmtp"
      endpoint = "inet:${murder.frontend.port('lmtp')}@127.0.0.1"
      canary = [${canaries}]
      backoff_max = "1s"
      [lookup]
      default_domain = "rig.test"
      deadline = "5s"`,
      true,
    );
    deciders.push(decider);
    return decider;
  }

  test('each mailbox is found where it is, and nobody else is', async () => {
    const decider = await opened();
    const addresses = ['alice', 'carol', 'first.last', 'nobody', 'no.body'].map(addressOf);
    expect(await kinds(decider, [...addresses, 'home@rig.test', 'home'])).toEqual([
      ...['deliverable', 'deliverable', 'deliverable', 'unknown', 'unknown'],
      ...['deliverable', 'deliverable'],
    ]);
  });

  test('one that is made is there at once, and one that is deleted is not, 20 times in a row', async () => {
    const decider = await opened();
    for (let i = 0; i < 20; i++) {
      const user = `new${i}`;
      const admin = admins[i % 2 === 0 ? 0 : 1];
      expect(await kinds(decider, [addressOf(user)])).toEqual(['unknown']);
      await admin.create(inbox(user));
      expect(await kinds(decider, [addressOf(user)])).toEqual(['deliverable']);
      await admin.delete(inbox(user));
      expect(await kinds(decider, [addressOf(user)])).toEqual(['unknown']);
    }
  });

  test(`${MOVES} XFERs to and fro while it is asked about without pause: never unknown`, async () => {
    const decider = await opened();
    const seen = new Map<string, number>();
    let moving = true;
    const askers = Array.from({ length: 8 }, async () => {
      while (moving) {
        const [kind = ''] = await kinds(decider, [addressOf('alice')]);
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
    });
    try {
      for (let i = 0; i < MOVES; i++) {
        const [from, to] = i % 2 === 0 ? [0, murder.b2] : [1, murder.b1];
        const said = await admins[from === 0 ? 0 : 1].command(`XFER ${inbox('alice')} ${to.name}`);
        expect(said.at(-1)).toMatch(/^OK/);
      }
    } finally {
      moving = false;
      await Promise.all(askers);
    }
    console.log(`${suite}: ${MOVES} XFERs: ${JSON.stringify(Object.fromEntries(seen))}`);
    expect([...seen.keys()].filter((kind) => kind !== 'deliverable' && kind !== 'deferred')).toEqual([]);
    expect(seen.get('deliverable')).toBeGreaterThan(MOVES);
    expect(await kinds(decider, [addressOf('alice'), addressOf('nobody')])).toEqual([
      'deliverable',
      'unknown',
    ]);
  });

  test('the master is restarted: what is made right after is there, while a frontend denies it', async () => {
    const decider = await opened();
    expect(await kinds(decider, [addressOf('nobody')])).toEqual(['unknown']);
    await murder.master.stopCyrus();
    expect(await kinds(decider, [addressOf('alice'), addressOf('nobody')])).toEqual([
      'deliverable',
      'deferred',
    ]);
    await murder.master.startCyrus();
    await created('restarted');
    const end = Date.now() + 3_000;
    while (Date.now() < end) expect(await kinds(decider, [addressOf('restarted')])).toEqual(['deliverable']);
    expect(await murder.frontend.rcpt(addressOf('restarted'))).toBe('550');
    expect(await settled(decider, addressOf('nobody'))).toBe('unknown');
  });

  test('the master lost its list, and has that of one backend again: nobody is unknown, while a frontend denies the others', async () => {
    const decider = await opened();
    expect(await kinds(decider, [addressOf('carol')])).toEqual(['deliverable']);
    await murder.master.stopCyrus();
    await murder.master.exec(['rm', '/var/lib/cyrus/mailboxes.db']);
    await murder.master.startCyrus();
    const fresh = await opened();
    await nobodyUnknown([decider, fresh]);
    await murder.b1.push();
    expect(await settled(fresh, 'home@rig.test', 'deliverable')).toBe('deliverable');
    await nobodyUnknown([decider, fresh]);
    expect(await frontendSays(addressOf('carol'), '550')).toBe('550');
    await nobodyUnknown([decider, fresh]);
    await murder.b2.push();
    expect(await settled(fresh, addressOf('nobody'))).toBe('unknown');
    expect(await kinds(fresh, ['alice', 'carol'].map(addressOf))).toEqual(['deliverable', 'deliverable']);
  });

  test('a frontend lost its list, and cannot get another one: nobody is unknown, even where that frontend is asked, while it denies all', async () => {
    const asked = [await opened(), await openedToFrontend()];
    for (const each of asked)
      expect(await settled(each, addressOf('carol'), 'deliverable')).toBe('deliverable');
    await murder.master.stopCyrus();
    await murder.frontend.stopCyrus();
    await murder.frontend.exec(['rm', '/var/lib/cyrus/mailboxes.db']);
    await murder.frontend.startCyrus();
    expect(await frontendSays(addressOf('carol'), '550')).toBe('550');
    asked.push(await opened(), await openedToFrontend());
    await nobodyUnknown(asked);
    await murder.master.startCyrus();
    await nobodyUnknown(asked);
    for (const each of asked)
      expect(await settled(each, addressOf('carol'), 'deliverable')).toBe('deliverable');
  });

  async function nobodyUnknown(asked: readonly Decider[]): Promise<void> {
    const end = Date.now() + 2_000;
    while (Date.now() < end) {
      for (const each of asked) {
        const said = await kinds(each, ['alice', 'carol', 'first.last', 'canary2'].map(addressOf));
        expect(said).not.toContain('unknown');
      }
    }
  }

  /** As soon as the master can be reached by the backend, whose imapd may end where it cannot. */
  async function created(user: string): Promise<void> {
    for (;;) {
      const admin = await murder.b1.admin();
      const said = await admin.command(`CREATE "${inbox(user)}"`).catch(() => []);
      await admin.close().catch(() => undefined);
      if (said.at(-1)?.startsWith('OK') === true) return;
      await pause(50);
    }
  }

  /** It may just be starting. */
  async function frontendSays(address: string, wanted: string): Promise<string> {
    const end = Date.now() + 40_000;
    for (;;) {
      const said = await murder.frontend.rcpt(address).catch(() => 'nothing');
      if (said === wanted || Date.now() > end) return said;
      await pause(200);
    }
  }
});

/** Until the list is there again. */
async function settled(decider: Decider, address: string, wanted = 'unknown'): Promise<string> {
  const end = Date.now() + 60_000;
  for (;;) {
    const [kind = ''] = await kinds(decider, [address]);
    if (kind === wanted || Date.now() > end) return kind;
    await pause(50);
  }
}

async function kinds(decider: Decider, addresses: readonly string[]): Promise<string[]> {
  const outcomes = await Promise.all(addresses.map((address) => decider.ask(address)));
  return outcomes.map(({ verdict }) => verdict.kind);
}

function addressOf(user: string): string {
  return `${user}@${DOMAIN}`;
}

function inbox(user: string): string {
  return `user/${user}@${DOMAIN}`;
}

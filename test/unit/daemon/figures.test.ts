// What the daemon tells of itself: to Prometheus and the page, and in the line `stats` of the log.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Daemon } from '../../../src/daemon/daemon.js';
import { REPLIES, type LmtpServer } from '../../fakes/lmtp-server.js';
import { DaemonRig } from '../../integration/daemon-rig.js';
import { fixtureList } from '../../fakes/mailbox-list-fixtures.js';
import { FakeMaster } from '../../fakes/mupdate-master.js';
import { afterwards, Peer, turns } from '../../integration/socketmap-rig.js';
import { CYRUS_HOST } from './cyrus-host.js';

/** Where sasldb is, where nobody says. */
const places = vi.hoisted((): string[] => []);
vi.mock('../../../src/cyrus/sasldb/readers.js', async (original) => ({
  ...(await original<object>()),
  SASLDB_PLACES: places,
}));

const ALICE = 'alice@example.jp';

let rig: DaemonRig;
let lmtpd: LmtpServer;

beforeEach(async () => {
  rig = new DaemonRig();
  lmtpd = await rig.newLmtpd('lmtp');
});

afterEach(() => void vi.restoreAllMocks());

const at = (name: string): string => join(rig.folder, name);

async function started(more = ''): Promise<Daemon> {
  return rig.start(await rig.configured(lmtpd, more));
}

async function otherDaemon(): Promise<Daemon> {
  rig = new DaemonRig();
  lmtpd = await rig.newLmtpd('lmtp');
  return started();
}

describe('the figures', () => {
  test('of a daemon that nobody has asked yet', async () => {
    const daemon = await started();
    const { user, system } = process.cpuUsage();
    const figures = daemon.operator.figures();
    expect(figures.cpuSeconds).toBeGreaterThanOrEqual((user + system) / 1e6);
    expect(figures).toMatchObject({
      connections: 0,
      lingering: 0,
      accepted: 0,
      lookups: [],
      misses: { count: 0 },
      backchannels: [
        { name: 'cyrus', state: 'untried', sessions: 0, waiting: 0, questions: 0, witnessState: 'untried' },
      ],
      harvest: { begun: 0, active: [] },
      unlogged: {},
    });
    for (const left of ['events', 'fleet', 'policy', 'shadow', 'clock', 'directory'])
      expect(figures).not.toHaveProperty(left);
    for (const left of ['answeredAgo', 'trouble', 'witness'])
      expect(figures.backchannels[0]).not.toHaveProperty(left);
    expect(figures.memoryBytes).toBeGreaterThan(1_000_000);
    expect(figures.cpuSeconds).toBeGreaterThan(0.01);
    expect(figures.cpuSeconds).toBeLessThan(10_000);
    expect(figures.loopDelaySeconds).toBeGreaterThanOrEqual(0);
  });

  test('count lookups, what is remembered, and what Cyrus was asked', async () => {
    const daemon = await started(
      `canary = "${ALICE}"\n[cache]\nmax_known = 700\nmax_negative = 900\nnegative_ttl = "9s"\n`,
    );
    const ask = await rig.connected();
    for (const key of [ALICE, ALICE, 'nobody@example.jp', 'a b@example.jp']) await ask(key);
    const figures = daemon.operator.figures();
    expect(figures).toMatchObject({
      connections: 1,
      accepted: 1,
      requests: 4,
      misses: { count: 2 },
      caches: [
        { store: 'known', entries: 1, max: 700, evictions: 0 },
        { store: 'negative', entries: 1, max: 900, evictions: 0 },
      ],
      backchannels: [
        {
          name: 'cyrus',
          state: 'up',
          sessions: 1,
          waiting: 0,
          questions: 2,
          batches: 2,
          witness: ALICE,
          witnessState: 'standing',
        },
      ],
    });
    expect(figures.lookups).toEqual([
      { map: 'cyrus', verdict: 'deliverable', source: 'known', count: 1 },
      { map: 'cyrus', verdict: 'deliverable', source: 'probe', count: 1 },
      { map: 'cyrus', verdict: 'unknown', source: 'rule', count: 1 },
      { map: 'cyrus', verdict: 'unknown', source: 'probe', count: 1 },
    ]);
    const [cyrus] = figures.backchannels;
    expect(cyrus?.answeredAgo).toBeGreaterThanOrEqual(0);
    expect(cyrus?.answeredAgo).toBeLessThan(60);
  });

  test('tell why a Cyrus is down, and no address of a mailbox that nobody configured', async () => {
    const daemon = await started();
    const ask = await rig.connected();
    await ask(ALICE);
    await ask('nobody@example.jp');
    expect(JSON.stringify(daemon.operator.figures())).not.toContain(ALICE);
    await lmtpd.stop();
    await turns();
    await ask('bob@example.jp');
    expect(daemon.operator.figures().backchannels).toMatchObject([
      { state: 'down', trouble: expect.stringContaining('no connection to unix:') },
    ]);
  });

  test('tell how long ago Cyrus has answered, and never a time to come', async () => {
    const real = performance.now.bind(performance);
    let ahead = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead);
    const daemon = await started();
    await (
      await rig.connected()
    )(ALICE);
    const ago = (): number => daemon.operator.figures().backchannels[0]?.answeredAgo ?? NaN;
    ahead = 12_000;
    expect(Math.floor(ago())).toBe(12);
    ahead = -12_000;
    expect(ago()).toBe(0);
    ahead = 0;
  });

  test('name the domain of an attack, and have a star for all together', async () => {
    const real = performance.now.bind(performance);
    let ahead = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead);
    const daemon = await started('[admin]\nharvest = 1\n[domains]\n"example.jp" = "cyrus"\n');
    const ask = await rig.connected();
    for (let i = 0; i < 100; i++) await ask(`a b${i}@example.jp`);
    ahead = 10_001;
    await ask('a b@example.jp');
    const { begun, active } = daemon.operator.figures().harvest;
    expect([begun, active.toSorted()]).toEqual([2, ['*', 'example.jp']]);
  });

  test('tell how many readers a sasldb has, where there is one', async () => {
    // LMDB's lock file with so many slots, of which one is taken.
    const write = (name: string, slots: number): void => {
      const lock = Buffer.alloc(128 + slots * 64);
      lock.writeUInt32LE(0xbeefc0de, 0);
      lock.writeInt32LE(process.pid, 128 + 8);
      writeFileSync(at(`${name}-lock`), lock);
    };
    const daemon = await started(`[admin]\nsasldb = "${at('sasldb2')}"\n`);
    expect(daemon.operator.figures()).not.toHaveProperty('sasldb');
    write('sasldb2', 2);
    expect(daemon.operator.figures().sasldb).toEqual({ used: 1, max: 2 });
    write('usual', 3);
    places.splice(0, places.length, at('usual'));
    expect(daemon.operator.figures().sasldb).toEqual({ used: 1, max: 2 });
    await daemon.stop();
    expect((await started()).operator.figures().sasldb).toEqual({ used: 1, max: 3 });
  });

  test('have events, the policy service and another socketmap, where there are any', async () => {
    const daemon = await started(
      `[events]\nlisten = "unix:${at('events')}"\n[domains]\n"example.jp" = "cyrus"\n[policy]\nlisten = ["unix:${at('policy')}"]\n[shadow]\nendpoint = "unix:${at('other')}"\n`,
    );
    const peer = await Peer.connect({ kind: 'unix', path: at('events') });
    peer.socket.end('NOTIFY %(METHOD external CLASS EVENT MESSAGE {1+}\r\n? FILEPATH NIL)\r\n');
    await peer.ended();
    const figures = daemon.operator.figures();
    expect(figures).toMatchObject({
      events: { received: { unnamed: 1 }, gaps: 1, handedOn: 0, dropped: 0 },
      policy: { connections: 0, requests: 0, replies: { OK: 0 } },
      shadow: { answers: { same: 0, differs: 0 }, differences: {} },
    });
    expect(daemon.stats()).toMatchObject({
      events: { received: { unnamed: 1 }, gaps: 1 },
      policy: { connections: 0 },
      shadow: { answers: { same: 0 } },
    });
    expect(Object(daemon.stats()).events).not.toHaveProperty('handedOn');
  });
});

describe('the figures of a Cyrus on this machine', () => {
  test('tell how its clock stands, and its directory where there is one', async () => {
    writeFileSync(at('imapd.conf'), `configdirectory: ${rig.folder}\nlmtpsocket: ${at('lmtp')}\n`);
    writeFileSync(at('mailboxes.db'), fixtureList('3.6.1', 1));
    const read = await rig.configured(lmtpd, '[cyrus]\ndirectory = true\n');
    const host = {
      ...CYRUS_HOST,
      imapdConf: at('imapd.conf'),
      list: { path: at('mailboxes.db'), kind: 'twoskip' },
    };
    const daemon = await rig.start({ ...read, host });
    const figures = daemon.operator.figures();
    expect(figures.clock).toMatchObject({
      standing: expect.any(String) as string,
      changes: expect.any(Number) as number,
    });
    expect(figures.directory).toMatchObject({ standing: expect.any(String) as string });
    expect(daemon.stats()).toMatchObject({ clock: {}, directory: {} });
  });

  test('tell why its clock is not believed, and no reason where it is', async () => {
    writeFileSync(at('imapd.conf'), `configdirectory: ${rig.folder}\nlmtpsocket: ${at('lmtp')}\n`);
    writeFileSync(at('mailboxes.db'), fixtureList('3.6.1', 1));
    const list = { path: at('mailboxes.db'), kind: 'twoskip' };
    const host = { ...CYRUS_HOST, imapdConf: at('imapd.conf'), list };
    const daemon = await rig.start({ ...(await rig.configured(lmtpd)), host });
    const clock = () => daemon.operator.figures().clock;
    expect(clock()).toMatchObject({ standing: 'limited', reason: 'not looked at yet' });
    await (
      await rig.connected()
    )(ALICE);
    expect(clock()).not.toHaveProperty('reason');
    expect(clock()).toMatchObject({ standing: 'vouching' });
  });
});

describe('the figures of a murder', () => {
  async function murdered(port: number): Promise<Daemon> {
    writeFileSync(at('password'), 'secret', { mode: 0o600 });
    return started(
      `[backchannel.murder]\ntype = "mupdate"\nendpoint = "inet:${port}@127.0.0.1"\nuser = "mupdate"\npassword_file = "${at('password')}"\nservers = { "b1.example.jp" = "cyrus" }\n[domains]\n"*" = "murder"\n`,
    );
  }
  const ofMaster = (daemon: Daemon) =>
    daemon.operator.figures().backchannels.find(({ name }) => name === 'murder');

  test('tell of the list of its master, and of its silence', async () => {
    const master = await FakeMaster.listen();
    afterwards(() => master.stop());
    master.create('example.jp!user.alice', 'b1.example.jp');
    const daemon = await murdered(master.port);
    await vi.waitFor(() => expect(ofMaster(daemon)?.list?.standing).toBe('current'), 5_000);
    const current = ofMaster(daemon);
    expect(current).toMatchObject({
      state: 'up',
      sessions: 1,
      waiting: 0,
      list: { standing: 'current', mailboxes: 1, loads: 1 },
    });
    expect(current).not.toHaveProperty('trouble');
    expect(current?.questions).toBe(current?.batches);
    expect(current?.answeredAgo).toBeGreaterThanOrEqual(0);
    expect(current?.answeredAgo).toBeLessThan(60);
    expect(daemon.stats()).toMatchObject({
      mupdate: { murder: { standing: 'current', mailboxes: 1, lists: 1 } },
      backchannels: { cyrus: { sessions: 0 } },
    });
    await master.stop();
    await vi.waitFor(() => expect(ofMaster(daemon)?.state).toBe('down'), 5_000);
    expect(ofMaster(daemon)).toMatchObject({ sessions: 0, trouble: expect.any(String) as string });
  });

  test('are of no mailbox that has changed since: it is forgotten as soon as the master tells', async () => {
    const master = await FakeMaster.listen();
    afterwards(() => master.stop());
    master.create('example.jp!user.alice', 'b1.example.jp');
    const daemon = await murdered(master.port);
    await vi.waitFor(() => expect(ofMaster(daemon)?.list?.standing).toBe('current'), 5_000);
    expect(await (await rig.connected())(ALICE)).toBe('OK');
    const remembered = async (): Promise<unknown> => (await daemon.operator.explain(ALICE, false)).remembered;
    expect(await remembered()).toMatchObject({ mailbox: ALICE });
    master.create('example.jp!user.alice', 'b1.example.jp', 'other');
    master.flush();
    await vi.waitFor(async () => expect(await remembered()).toBeUndefined());
  });

  test('have one session while the list of its master is read, and are of one that is down until it is', async () => {
    const master = await FakeMaster.listen();
    afterwards(() => master.stop());
    master.silent = (command) => command === 'UPDATE';
    const daemon = await murdered(master.port);
    await vi.waitFor(() => expect(master.commands).toContain('UPDATE'));
    await vi.waitFor(() => expect(ofMaster(daemon)?.list?.standing).toBe('listing'));
    expect(ofMaster(daemon)).toMatchObject({ state: 'down', sessions: 1 });
  });

  test('are of one that is down while it is tried again', async () => {
    const master = await FakeMaster.listen();
    afterwards(() => master.stop());
    const daemon = await murdered(master.port);
    await vi.waitFor(() => expect(ofMaster(daemon)?.list?.standing).toBe('current'), 5_000);
    master.silent = (command) => command === 'AUTHENTICATE';
    master.drop();
    await vi.waitFor(() => expect(ofMaster(daemon)?.list?.standing).toBe('connecting'), 5_000);
    expect(ofMaster(daemon)).toMatchObject({ state: 'down', sessions: 0, list: { loads: 1 } });
  });

  test('tell how long ago its master has answered, and never a time to come', async () => {
    const master = await FakeMaster.listen();
    afterwards(() => master.stop());
    const daemon = await murdered(master.port);
    await vi.waitFor(() => expect(ofMaster(daemon)?.list?.standing).toBe('current'), 5_000);
    const real = performance.now.bind(performance);
    const now = vi.spyOn(performance, 'now').mockImplementation(() => real() + 12_000);
    expect(Math.floor(ofMaster(daemon)?.answeredAgo ?? NaN)).toBe(12);
    now.mockImplementation(() => real() - 12_000);
    expect(ofMaster(daemon)?.answeredAgo).toBe(0);
  });

  test('are those of one that is only being tried, before its list has come', async () => {
    const daemon = await murdered(1);
    const figures = ofMaster(daemon);
    expect(figures).toMatchObject({ state: 'untried', sessions: 0, list: { mailboxes: 0, loads: 0 } });
    expect(figures).not.toHaveProperty('answeredAgo');
  });
});

describe('the line of the log', () => {
  test('has what was counted, and how long misses took', async () => {
    const daemon = await started();
    expect(daemon.stats()).toMatchObject({ misses: { count: 0 } });
    expect(Object(daemon.stats()).misses).toStrictEqual({ count: 0 });
    const ask = await rig.connected();
    lmtpd.mailboxes.set('full@example.jp', REPLIES.overquota);
    for (const key of [ALICE, 'full@example.jp']) await ask(key);
    const stats = Object(daemon.stats());
    expect(stats).toMatchObject({
      connections: 1,
      requests: 2,
      verdicts: { deliverable: 1, overquota: 1 },
      sources: { probe: 2 },
      cache: { known: 2, negative: 0 },
      backchannels: { cyrus: { sessions: 1, waiting: 0 } },
      misses: { count: 2 },
    });
    const { medianMs, p99Ms, maxMs } = stats.misses;
    expect(medianMs).toBeGreaterThan(0);
    expect(maxMs).toBeLessThan(5_000);
    expect(p99Ms).toBeGreaterThanOrEqual(medianMs);
    expect(maxMs).toBeGreaterThanOrEqual(p99Ms - 1);
    for (const left of ['events', 'fleet', 'policy', 'shadow', 'clock', 'directory', 'mupdate'])
      expect(stats).not.toHaveProperty(left);
  });
});

describe('whoever operates it', () => {
  test('is told what it is, and whether it can be asked', async () => {
    const daemon = await started();
    expect(daemon.operator.version()).toMatchObject({
      pid: process.pid,
      node: process.version,
      config: at('cyrusmapd.toml'),
      startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect(daemon.operator.readiness()).toMatchObject({ ready: true });
  });

  test('is told what systemd wants as a sign of life, where it wants one', async () => {
    expect((await started()).operator.standing()).not.toHaveProperty('watchdog');
    vi.stubEnv('WATCHDOG_USEC', '7000000');
    const daemon = await otherDaemon();
    vi.unstubAllEnvs();
    expect(daemon.operator.standing().watchdog).toBe('7000000');
  });

  test('has the configuration read anew by whoever can', async () => {
    const daemon = await started();
    const report = { changed: [], needRestart: [] };
    Object.assign(daemon.operator, { reloader: () => Promise.resolve(report) });
    expect(await daemon.operator.reload()).toBe(report);
  });

  test('sees the last refusals, and each decision as it is made, by domain and by verdict', async () => {
    const daemon = await started();
    const ask = await rig.connected();
    const seen: string[] = [];
    const leave = daemon.operator.tail({ domain: 'example.jp' }, ({ key, reply }) =>
      seen.push(`${key} ${reply}`),
    );
    await ask(ALICE);
    await ask('a b@example.jp');
    await ask('a b@example.net');
    leave();
    await ask('c d@example.jp');
    expect(seen).toEqual([`${ALICE} OK`, 'a b@example.jp NOTFOUND']);
    expect(daemon.operator.lastRefused(2).map(({ key }) => key)).toEqual([
      'c d@example.jp',
      'a b@example.net',
    ]);
    const time = Date.parse(daemon.operator.lastRefused(1)[0]?.time ?? '');
    expect(Math.abs(Date.now() - time)).toBeLessThan(Math.min(60_000, performance.now()));
  });

  test('may forget and list what is remembered, and ask why', async () => {
    const daemon = await started();
    const ask = await rig.connected();
    await ask(ALICE);
    const names: string[] = [];
    for await (const some of daemon.operator.dump(undefined))
      names.push(...some.map(({ mailbox }) => mailbox));
    expect(names).toEqual([ALICE]);
    expect(await daemon.operator.explain(ALICE, false)).toMatchObject({ backchannel: 'cyrus' });
    expect(await daemon.operator.flush({ what: 'all' })).toBe(1);
    const asked = lmtpd.recipients.length;
    await ask(ALICE);
    expect(lmtpd.recipients).toHaveLength(asked + 1);
  });

  test('cannot have a reload before somebody can read the file', () => {
    return started().then((daemon) => {
      expect(() => daemon.operator.reload()).toThrow('the daemon is still starting');
    });
  });
});

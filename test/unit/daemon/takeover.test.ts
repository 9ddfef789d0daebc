// A takeover between two daemons in this process: what passes, in which order, and what becomes of one that fails.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Daemon } from '../../../src/daemon/daemon.js';
import { Predecessor } from '../../../src/daemon/predecessor.js';
import { takeOver } from '../../../src/daemon/takeover.js';
import { ConfigError, UnavailableError } from '../../../src/errors.js';
import { hurryClock, setTimeout as sleep } from '../../fakes/hurried-sleep.js';
import { Peer, recordingLog } from '../../integration/socketmap-rig.js';
import { ALICE, SuccessionRig } from './succession-rig.js';

vi.mock('node:timers/promises', () => import('../../fakes/hurried-sleep.js'));
hurryClock();

const BOB = 'bob@example.jp';

let rig: SuccessionRig;

beforeEach(async () => {
  rig = await SuccessionRig.open();
});

describe('a takeover', () => {
  test('where nobody runs is a usual start', async () => {
    const daemon = await rig.successor(await rig.configured());
    await daemon.settled;
    expect(await rig.ask(ALICE)).toBe('OK');
    expect(rig.told('takeover')).toEqual([]);
  });

  test('without a control socket is refused, with the key to set', async () => {
    const config = await rig.configured();
    const refused = takeOver(
      { ...config, file: undefined, admin: { ...config.admin, listen: undefined } },
      recordingLog(rig.lines),
      () => undefined,
    );
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow('admin.listen is not set');
  });

  test('serves those who are connected to the end, all others at once, and knows what was known', async () => {
    const old = await rig.start(await rig.configured());
    const states: string[] = [];
    old.onHandOver = (state, pid) => states.push(`${state} ${pid === process.pid}`);
    const before = await rig.connected();
    expect(await before(ALICE)).toBe('OK');
    const daemon = await rig.successor(await rig.configured());
    const after = await rig.connected();
    expect(await after(BOB)).toBe('OK');
    expect(await before(ALICE)).toBe('OK');
    expect([old.connections, daemon.connections]).toEqual([1, 1]);
    await daemon.settled;
    expect(states).toEqual(['handing true', 'retired true']);
    expect(rig.told('takeover-complete')).toMatchObject([{ pid: process.pid, mailboxes: 1 }]);
    await rig.lmtpd.stop();
    expect(await after(ALICE)).toBe('OK');
    expect(rig.told('takeover')).toMatchObject([
      { role: 'predecessor', pid: process.pid, connections: 1 },
      { role: 'successor', pid: process.pid, connections: 0 },
    ]);
  });

  test('passes by what it does not know of what the old process tells, and takes what comes after that', async () => {
    await rig.start(await rig.configured());
    expect(await rig.ask(ALICE)).toBe('OK');
    vi.spyOn(Predecessor.prototype, 'handOver').mockImplementationOnce(async function* (
      this: Predecessor,
      ...args
    ) {
      let isFirst = true;
      // The second call is the real one.
      for await (const line of this.handOver(...args)) {
        yield line;
        if (isFirst) yield new Map([['of a later release', 1]]);
        isFirst = false;
      }
    });
    const daemon = await rig.successor(await rig.configured());
    await daemon.settled;
    expect(rig.told('takeover-complete')).toMatchObject([{ mailboxes: 1 }]);
  });

  test('passes on whom to ask about before anybody is said not to exist, where the configuration names nobody', async () => {
    const old = await rig.start(await rig.configured());
    expect(await rig.ask(ALICE)).toBe('OK');
    expect(old.operator.standing().witnesses).toEqual({ cyrus: [ALICE] });
    const daemon = await rig.successor(await rig.configured());
    expect(daemon.operator.standing().witnesses).toEqual({ cyrus: [ALICE] });
  });

  test('leaves the state file unread: the old process tells what it knows, and knows it better', async () => {
    const more = `[cache]\nstate_file = "${rig.at('known')}"\n`;
    await rig.start(await rig.configured());
    writeFileSync(rig.at('known'), 'damaged', { mode: 0o600 });
    const daemon = await rig.successor(await rig.configured(more));
    await daemon.settled;
    await daemon.stop();
    expect(rig.told('not-restored')).toEqual([]);
    expect(rig.told('saved')).toHaveLength(1);
  });

  test('may bring a place that the old process had not', async () => {
    await rig.start(await rig.configured());
    const config = await rig.configured();
    const own = { kind: 'unix', path: rig.at('own') } as const;
    const listen = [...config.socketmap.listen, own];
    const daemon = await rig.successor({ ...config, socketmap: { ...config.socketmap, listen } });
    await daemon.settled;
    expect(daemon.places.map((place) => place.look())).toEqual([true, true, true]);
  });

  test('gives the port of HTTP to the new process when the old one has closed it', async () => {
    const config = await rig.configured('http = "inet:0@127.0.0.1"\n');
    const old = await rig.start(config);
    const http = old.adminEndpoints.find(({ kind }) => kind === 'inet');
    if (http?.kind !== 'inet') throw new Error('no HTTP');
    const daemon = await rig.successor({ ...config, admin: { ...config.admin, http } });
    await daemon.settled;
    expect(daemon.adminEndpoints).toEqual([config.admin.listen, http]);
    expect(rig.told('no-http')).toEqual([]);
  });

  test('does not begin while another one is under way, nor does anybody take over from a process that is about to go', async () => {
    const old = await rig.start(await rig.configured());
    const first = await rig.successor(await rig.configured());
    await expect(old.operator.handOver({ pid: 1, places: [] })).rejects.toThrow(UnavailableError);
    await expect(first.operator.handOver({ pid: 1, places: [] })).rejects.toThrow(
      'another process is just taking over, or has done so',
    );
    expect(first.operator.standing().taking).toBe(true);
    await first.settled;
    expect(first.operator.standing().taking).toBe(false);
    await expect(old.operator.handOver({ pid: 1, places: [] })).rejects.toThrow(UnavailableError);
  });

  test('of two that come at once is one: the other one is refused before anything has passed', async () => {
    const old = await rig.start(await rig.configured());
    const places = old.places.map(({ endpoint }) => ({
      place: endpoint.kind === 'unix' ? endpoint.path : '',
      bound: '/nosuch',
    }));
    const both = [1, 2].map((pid) => old.operator.handOver({ pid, places }).catch(String));
    expect((await Promise.all(both))[1]).toContain('another process is just taking over');
  });

  test('that fails leaves everything as it was, and another one may come', async () => {
    const old = await rig.start(await rig.configured());
    await expect(
      old.operator.handOver({ pid: 1, places: [{ place: '/nosuch', bound: '/x' }] }),
    ).rejects.toThrow('unix:/nosuch is not a socket of mine');
    vi.spyOn(Predecessor.prototype, 'handOver').mockImplementationOnce(async function* () {
      yield await Promise.resolve(new Map([['taken', false]]));
    });
    await expect(rig.successor(await rig.configured())).rejects.toThrow('does not say that it hands over');
    expect(rig.told('takeover-refused')).toMatchObject([{ pid: process.pid }]);
    expect(await rig.ask(ALICE)).toBe('OK');
    const daemon = await rig.successor(await rig.configured());
    await daemon.settled;
    expect(await rig.ask(BOB)).toBe('OK');
  });

  test('that is given up by the new process gives the places back, and what events had told is not believed', async () => {
    const old = await rig.start(await rig.configured(`[events]\nlisten = "unix:${rig.at('events')}"\n`));
    const ask = await rig.connected();
    expect(await ask(ALICE)).toBe('OK');
    const states: string[] = [];
    old.onHandOver = (state) => states.push(state);
    const [place] = old.places;
    const daemon = await Daemon.start(
      await rig.configured(`[events]\nlisten = "unix:${rig.at('events')}"\n`),
      recordingLog(rig.lines),
      () => undefined,
      { restored: Promise.resolve() },
    );
    const successions = daemon.places.flatMap(({ succession }) => succession ?? []);
    expect(successions).toHaveLength(3);
    const handing = await old.operator.handOver({ pid: 99, places: successions });
    const lines = handing.lines();
    expect((await lines.next()).value).toEqual([{ taken: true, connections: 1 }]);
    expect(place?.look()).toBe(false);
    handing.abandon();
    handing.abandon();
    await lines.return(undefined);
    expect(states).toEqual(['handing', 'serving']);
    expect(rig.told('takeover-undone')).toMatchObject([{ pid: 99 }]);
    expect(old.places.every((each) => each.look())).toBe(true);
    await daemon.stop();
    const count = rig.lmtpd.recipients.length;
    expect(await rig.ask(ALICE)).toBe('OK');
    expect(rig.lmtpd.recipients.length).toBeGreaterThan(count);
  });
});

describe('the old process', () => {
  test('is retired when the last connection has gone, and not before', async () => {
    const old = await rig.start(await rig.configured());
    const client = await Peer.connect({ kind: 'unix', path: rig.at('socketmap') });
    const daemon = await rig.successor(await rig.configured());
    await daemon.settled;
    expect(old.connections).toBe(1);
    await sleep(1_500);
    expect(rig.told('retired')).toEqual([]);
    client.socket.destroy();
    await old.retired;
    expect(rig.told('retired')).toMatchObject([{ connections: 0 }]);
  });

  test('is retired after the grace, whoever is connected', async () => {
    const grace = await rig.configured();
    const old = await rig.start({ ...grace, socketmap: { ...grace.socketmap, takeoverGraceMs: 1_000 } });
    await Peer.connect({ kind: 'unix', path: rig.at('socketmap') });
    const daemon = await rig.successor(await rig.configured());
    await daemon.settled;
    await old.retired;
    expect(rig.told('retired')).toMatchObject([{ connections: 1 }]);
  });

  test('goes on hearing an event that is under way, and is not done before its end', async () => {
    const events = `[events]\nlisten = "unix:${rig.at('events')}"\n`;
    const old = await rig.start(await rig.configured(events));
    const states: string[] = [];
    old.onHandOver = (state) => states.push(state);
    const cyrus = await Peer.connect({ kind: 'unix', path: rig.at('events') });
    const daemon = await rig.successor(await rig.configured(events));
    await sleep(1_500);
    expect(states).toEqual(['handing']);
    cyrus.socket.end();
    await daemon.settled;
    expect(states).toEqual(['handing', 'retired']);
  });

  test('leaves the file of the known mailboxes to the new one', async () => {
    const file = rig.at('known');
    const more = `[cache]\nstate_file = "${file}"\n`;
    const old = await rig.start(await rig.configured(more));
    expect(await rig.ask(ALICE)).toBe('OK');
    const daemon = await rig.successor(await rig.configured(more));
    await daemon.settled;
    await old.stop();
    expect(existsSync(file)).toBe(false);
    await daemon.stop();
    expect(readFileSync(file, 'latin1')).toContain(ALICE);
  });

  test('has that file again where it was given up', async () => {
    const file = rig.at('known');
    const more = `[cache]\nstate_file = "${file}"\n`;
    const old = await rig.start(await rig.configured(more));
    expect(await rig.ask(ALICE)).toBe('OK');
    const handing = await old.operator.handOver({ pid: 99, places: [] });
    const lines = handing.lines();
    expect((await lines.next()).value).toEqual([{ taken: true, connections: 1 }]);
    expect((await lines.next()).value).toEqual([{ known: [expect.stringMatching(/ alice@example\.jp$/)] }]);
    handing.abandon();
    expect(await lines.next()).toMatchObject({ done: true });
    await old.stop();
    expect(readFileSync(file, 'latin1')).toContain(ALICE);
  });
});

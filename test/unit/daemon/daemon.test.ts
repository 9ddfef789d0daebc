// What a reload changes in what is open, and what becomes of everything where a start fails.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { ExpectedServers } from '../../../src/cyrus/events/expected-servers.js';
import { Beside } from '../../../src/daemon/beside.js';
import { Daemon } from '../../../src/daemon/daemon.js';
import { Outlet } from '../../../src/daemon/outlet.js';
import { eventConnectionsWithin } from '../../../src/socketmap/open-files.js';
import { Snapshots } from '../../../src/snapshots/snapshots.js';
import { SocketmapServer } from '../../../src/socketmap/server.js';
import { REPLIES, type LmtpServer } from '../../fakes/lmtp-server.js';
import { DaemonRig } from '../../integration/daemon-rig.js';
import { Peer, recordingLog } from '../../integration/socketmap-rig.js';

const ALICE = 'alice@example.jp';

let rig: DaemonRig;
let lmtpd: LmtpServer;

beforeEach(async () => {
  rig = new DaemonRig();
  lmtpd = await rig.newLmtpd('lmtp');
});
afterEach(() => void vi.restoreAllMocks());

const at = (name: string): string => join(rig.folder, name);
const configured = (more = ''): Promise<Config> => rig.configured(lmtpd, more);
const POLICY = (folder: string): string =>
  `[domains]\n"example.jp" = "cyrus"\n[policy]\nlisten = ["unix:${folder}/policy"]\n`;
const EVENTS = (more = ''): string => `[events]\nlisten = "unix:${at('events')}"\n${more}`;

/** Pushes an event as Cyrus does, and waits for the answer. */
async function push(event: string, server: string): Promise<void> {
  const fields = { event, uri: 'imap://h/user/alice%40example.jp', serverFQDN: server };
  const message = JSON.stringify(fields);
  const peer = await Peer.connect({ kind: 'unix', path: at('events') });
  peer.socket.end(
    `NOTIFY %(METHOD external CLASS EVENT MESSAGE {${message.length}+}\r\n${message} FILEPATH NIL)\r\n`,
  );
  await peer.ended();
}

const isTold = (verb: string): boolean => rig.lines.some(({ message }) => String(message).startsWith(verb));

describe('a reload', () => {
  test('changes how long each server may stand still', async () => {
    const policy = `[domains]\n"example.jp" = "cyrus"\n[policy]\nlisten = ["unix:${at('policy')}"]\n`;
    const daemon = await rig.start(await configured(policy));
    const limit = vi.spyOn(SocketmapServer.prototype, 'stallLimitMs', 'set');
    await daemon.reload(await configured(`[lookup]\ndeadline = "3s"\n${policy}`));
    expect(limit.mock.calls).toEqual([[27_000], [27_000]]);
  });

  test('changes whose events are expected', async () => {
    const daemon = await rig.start(await configured(EVENTS('server_names = ["one.example.jp"]\n')));
    await push('MailboxDelete', 'one.example.jp');
    expect(isTold('event-gap')).toBe(false);
    await daemon.reload(await configured(EVENTS('server_names = ["two.example.jp"]\n')));
    await push('MailboxDelete', 'two.example.jp');
    expect(isTold('event-gap')).toBe(false);
    await push('MailboxDelete', 'one.example.jp');
    expect(isTold('event-stranger')).toBe(true);
  });

  test('that has no table for events leaves theirs as it was at the start', async () => {
    const expected = vi.spyOn(ExpectedServers.prototype, 'expect');
    const daemon = await rig.start(await configured(EVENTS('server_names = ["one.example.jp"]\n')));
    expected.mockClear();
    await daemon.reload(await configured());
    expect(expected.mock.calls).toEqual([[['one.example.jp']]]);
  });

  test('tells the other socketmap beside ours of it', async () => {
    const take = vi.spyOn(Beside.prototype, 'take');
    const shadow = `[shadow]\nendpoint = "unix:${at('other')}"\n`;
    const daemon = await rig.start(await configured(shadow));
    const next = await configured(`[lookup]\ndeadline = "3s"\n${shadow}`);
    await daemon.reload(next);
    expect(take.mock.calls.map(([config]) => config.lookup.deadlineMs)).toEqual([3_000]);
  });

  test('closes the back-channels that it does not need any more, and no others', async () => {
    const two = await rig.newLmtpd('two');
    const more = (domain: string): string =>
      `[backchannel.two]\ntype = "lmtp"\nendpoint = "${two.endpoint}"\nautocreate = "accept"\n[domains]\n"example.jp" = "cyrus"\n${domain}`;
    const daemon = await rig.start(await configured(more('"example.net" = "two"\n')));
    const ask = await rig.connected();
    two.mailboxes.set('bob@example.net', REPLIES.deliverable);
    expect([await ask(ALICE), await ask('bob@example.net')]).toEqual(['OK', 'OK']);
    await daemon.reload(await configured());
    await two.until(() => two.connections === 0);
    expect(lmtpd.connections).toBe(1);
  });

  test('with the same back-channel leaves its session alone', async () => {
    const daemon = await rig.start(await configured());
    const ask = await rig.connected();
    expect(await ask(ALICE)).toBe('OK');
    await daemon.reload(await configured('[lookup]\ndeadline = "3s"\n'));
    expect(await ask('bob@example.jp')).toBe('OK');
    expect(lmtpd.dialogues).toHaveLength(1);
  });

  test('and a stop behind it leave no session to a back-channel that still owes an answer', async () => {
    const two = await rig.newLmtpd('two');
    const more = `[backchannel.two]\ntype = "lmtp"\nendpoint = "${two.endpoint}"\nautocreate = "accept"\n[domains]\n"example.jp" = "cyrus"\n"example.net" = "two"\n`;
    const daemon = await rig.start(await configured(more));
    const ask = await rig.connected();
    two.hold(/^RCPT/);
    const asked = ask('bob@example.net').catch(() => 'nobody answers any more');
    await two.until(() => two.recipients.length === 1);
    const next = await configured();
    await daemon.reload({ ...next, socketmap: { ...next.socketmap, shutdownGraceMs: 10 } });
    expect(two.connections).toBe(1);
    await daemon.stop();
    await two.until(() => two.connections === 0);
    expect(await asked).toBe('nobody answers any more');
  });

  test('that cannot be used changes nothing', async () => {
    const daemon = await rig.start(await configured());
    const ask = await rig.connected();
    expect(await ask(ALICE)).toBe('OK');
    const broken = configured(`[lookup]\nover_quota = "ok"\nalways_accept_file = "${at('nosuch')}"\n`);
    await expect(daemon.reload(await broken)).rejects.toThrow('nosuch');
    lmtpd.mailboxes.set('full@example.jp', REPLIES.overquota);
    expect([await ask(ALICE), await ask('full@example.jp')]).toEqual(['OK', 'TEMP']);
    expect(lmtpd.dialogues).toHaveLength(1);
  });
});

describe('the servers', () => {
  const opened = async (more: string) => {
    const listen = vi.spyOn(SocketmapServer, 'listen');
    await rig.start(await configured(more));
    return listen.mock.calls.map(([, options]) => options);
  };

  test('have the limits of the configuration, and leave files to events and to each other', async () => {
    const [alone] = await opened('[lookup]\ndeadline = "3s"\n');
    const more = { maxConnections: 4096, stallLimitMs: 27_000, eventConnections: 0, beside: false };
    expect(alone).toMatchObject(more);
    vi.restoreAllMocks();
    rig = new DaemonRig();
    lmtpd = await rig.newLmtpd('lmtp');
    const [server, policy] = await opened(
      `${EVENTS()}[domains]\n"example.jp" = "cyrus"\n[policy]\nlisten = ["unix:${at('policy')}"]\nmax_connections = 33\n`,
    );
    const files = server?.openFiles ?? 0;
    expect(files).toBeGreaterThan(0);
    expect(server?.eventConnections).toBe(eventConnectionsWithin(files) + 33);
    expect(policy).toMatchObject({ maxConnections: 33, stallLimitMs: 25_000, beside: false });
  });
});

describe('an event', () => {
  test('is told to other machines, and one that is not understood lets all mailboxes be listed anew', async () => {
    const changed = vi.spyOn(Outlet.prototype, 'changed');
    const soon = vi.spyOn(Snapshots.prototype, 'soon');
    await rig.start(await configured(EVENTS()));
    soon.mockClear();
    await push('MailboxDelete', 'one.example.jp');
    expect(changed.mock.calls.map(([mailboxes]) => mailboxes)).toEqual([[ALICE]]);
    expect(soon).not.toHaveBeenCalled();
    const peer = await Peer.connect({ kind: 'unix', path: at('events') });
    peer.socket.end('NOTIFY %(METHOD external CLASS EVENT MESSAGE {1+}\r\n? FILEPATH NIL)\r\n');
    await peer.ended();
    expect(soon).toHaveBeenCalled();
  });
});

describe('what Cyrus does', () => {
  test('where it may have been restarted, lets all mailboxes be listed anew', async () => {
    const soon = vi.spyOn(Snapshots.prototype, 'soon');
    await rig.start(await configured());
    const ask = await rig.connected();
    expect(await ask(ALICE)).toBe('OK');
    soon.mockClear();
    await lmtpd.stop();
    expect(await ask('bob@example.jp')).toBe('TEMP');
    expect(soon).toHaveBeenCalled();
  });

  test('where it denies many who were there, and nobody told, is deferred and told; and when they are back', async () => {
    const real = performance.now.bind(performance);
    let ahead = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => real() + ahead);
    await rig.start(await configured(`canary = "${ALICE}"\n`));
    const muchLater = async (key: string): Promise<string> => {
      ahead += 120_000;
      // The process seems to have stood still, so the first who comes is ended unanswered.
      await (await rig.connected())(key).catch(() => undefined);
      return (await rig.connected())(key);
    };
    const users = ['u0', 'u1', 'u2', 'u3', 'u4'].map((local) => `${local}@example.jp`);
    const put = (): void => users.forEach((user) => lmtpd.mailboxes.set(user, REPLIES.deliverable));
    put();
    const ask = await rig.connected();
    for (const user of users) expect(await ask(user)).toBe('OK');
    users.forEach((user) => lmtpd.mailboxes.delete(user));
    expect(await muchLater('u0@example.jp')).toBe('TEMP');
    const told = (verb: string) => rig.lines.find(({ message }) => message === verb)?.fields;
    expect(told('mailboxes-vanished')).toEqual({ backchannel: 'cyrus', mailboxes: 5 });
    put();
    lmtpd.mailboxes.delete('u0@example.jp');
    expect(await muchLater('u0@example.jp')).toBe('NOTFOUND');
    expect(told('mailboxes-back')).toEqual({ backchannel: 'cyrus' });
  });
});

describe('a start that fails', () => {
  test.each([
    ['the socket of the lookups', POLICY, 'socketmap'],
    ['that of the policy service', POLICY, 'policy'],
    ['the control socket', (folder: string) => `[admin]\nlisten = "unix:${folder}/control"\n`, 'control'],
    ['that of the events', (folder: string) => `[events]\nlisten = "unix:${folder}/events"\n`, 'events'],
  ])('at %s leaves nothing open', async (_, more, name) => {
    writeFileSync(at(name), 'no socket');
    const config = await configured(more(rig.folder));
    await expect(Daemon.start(config, recordingLog(rig.lines))).rejects.toThrow(at(name));
    expect(readdirSync(rig.folder).toSorted()).toEqual(['cyrusmapd.toml', 'lmtp', name].toSorted());
  });
});

describe('the daemon', () => {
  test('tells where it listens, and who is connected', async () => {
    const control = `[admin]\nlisten = "unix:${at('control')}"\n`;
    const daemon = await rig.start(await configured(`${control}${EVENTS()}${POLICY(rig.folder)}`));
    expect(daemon.endpoints).toEqual([{ kind: 'unix', path: at('socketmap') }]);
    expect(daemon.adminEndpoints).toEqual([{ kind: 'unix', path: at('control') }]);
    expect(daemon.places.map(({ name }) => name)).toEqual(
      ['socketmap', 'policy', 'events', 'control'].map((name) => `unix:${at(name)}`),
    );
    expect(daemon.operator.standing().listeners).toEqual(
      ['socketmap', 'policy'].map((name) => `unix:${at(name)}`),
    );
    expect(daemon.connections).toBe(0);
    const ask = await rig.connected();
    expect(await ask(ALICE)).toBe('OK');
    expect(daemon.connections).toBe(1);
    expect(daemon.operator.standing().taking).toBe(false);
    await daemon.settled;
  });

  test('saves what is known at a clean stop, and leaves no socket behind', async () => {
    const more = `[cache]\nstate_file = "${at('known')}"\n[admin]\nlisten = "unix:${at('control')}"\n${EVENTS()}`;
    const daemon = await rig.start(await configured(more));
    expect(await (await rig.connected())(ALICE)).toBe('OK');
    expect(existsSync(at('known'))).toBe(false);
    await daemon.stop();
    expect(readdirSync(rig.folder).toSorted()).toEqual(['cyrusmapd.toml', 'known', 'lmtp']);
    await lmtpd.until(() => lmtpd.connections === 0);
    expect(lmtpd.commands.at(-1)).toBe('QUIT');
  });
});

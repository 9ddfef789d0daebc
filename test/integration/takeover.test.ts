// `cyrusmapd serve --takeover` by real processes: nobody who asks meanwhile hears TEMP, and whatever fails leaves the old one whole.
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { HttpFront } from '../../src/admin/http-front.js';
import { sendJson, sendText } from '../../src/admin/respond.js';
import { SHARES_PORTS } from '../../src/net/shared-port.js';
import { REPLIES } from '../fakes/lmtp-server.js';
import type { Serving } from './cyrusmapd-process.js';
import { afterwards } from './socketmap-rig.js';
import { ALICE, BOB, Load, NO_FAULTS, NOBODY, TakeoverRig } from './takeover-rig.js';

/** `npm run test:takeover` does a hundred. */
const TAKEOVERS = Number(process.env['TAKEOVERS'] ?? 5);
/** Short and long sessions: some last over several takeovers. */
const LIVES = [1, 1, 3, 10, 30, 100, 400, 1000];

let rig: TakeoverRig;
beforeEach(async () => {
  rig = await TakeoverRig.start();
});

const EVENTS = (): string => `[events]\nlisten = "unix:${rig.path('events')}"\n`;

describe('a takeover', () => {
  test.each([
    ['', () => ''],
    [' with events', EVENTS],
  ])(
    `is not noticed by anybody who asks, ${TAKEOVERS} times in a row%s`,
    { timeout: 60_000 + TAKEOVERS * 6_000 },
    async (_, more) => {
      rig.configure(more());
      const all: Serving[] = [await rig.serve()];
      const load = new Load(rig, LIVES);
      for (let nth = 0; nth < TAKEOVERS; nth++) {
        const next = await rig.takeOver();
        const old = all.at(-1);
        const passed = await old?.said('takeover', nth === 0 ? 1 : 2);
        expect(passed).toMatchObject({ role: 'predecessor', pid: next.child.pid });
        expect(await next.said('takeover')).toMatchObject({ role: 'successor', pid: old?.child.pid });
        await next.said('takeover-complete');
        all.push(next);
      }
      expect(await load.end()).toMatchObject(NO_FAULTS);
      expect(load.faults.asked).toBeGreaterThan(TAKEOVERS * 100);
      expect(await Promise.all(all.slice(0, -1).map(({ ended }) => ended))).toEqual(
        all.slice(1).map(() => 0),
      );
      expect(readdirSync(rig.folder).filter((name) => name.startsWith('.'))).toEqual([]);
    },
  );

  test('leaves to the old process the sessions that it has, and gives the new one all that come', async () => {
    const old = await rig.serve('--log-level', 'debug');
    const session = await rig.connect();
    const next = await rig.takeOver();
    expect((await session.lookup('cyrus', 'held@example.jp')).status).toBe('NOTFOUND');
    expect(await rig.lookup('new@example.jp')).toBe('NOTFOUND');
    const keys = ({ lines }: Serving) =>
      lines.filter(({ event }) => event === 'notfound').map(({ key }) => key);
    await old.said('notfound');
    await next.said('notfound', 2);
    expect([keys(old), keys(next)]).toEqual([
      ['held@example.jp'],
      ['postmaster@example.jp', 'new@example.jp'],
    ]);
    session.close();
    expect(await old.ended).toBe(0);
  });

  test('hands over what is known, so that it is served while Cyrus is away', async () => {
    await rig.serve();
    expect(await rig.lookup(ALICE)).toBe('OK');
    const next = await rig.takeOver();
    expect(await next.said('takeover-complete')).toMatchObject({ mailboxes: 1 });
    await rig.lmtpd.stop();
    expect(await rig.lookup(ALICE)).toBe('OK');
    expect(await rig.lookup(NOBODY)).toBe('TEMP');
  });

  test('hands over who may vouch where no canary is configured: the first unknown is believed, once each has been asked about anew', async () => {
    writeFileSync(rig.config, readFileSync(rig.config, 'utf8').replace(/^canary.*\n/m, ''));
    rig.lmtpd.mailboxes.set(BOB, REPLIES.deliverable);
    await rig.serve();
    expect([await rig.lookup(ALICE), await rig.lookup(BOB)]).toEqual(['OK', 'OK']);
    const before = rig.lmtpd.recipients.length;
    const next = await rig.takeOver();
    expect(await rig.lookup(NOBODY)).toBe('NOTFOUND');
    expect(rig.lmtpd.recipients.slice(before)).toContain(BOB);
    // What was told is no proof: Cyrus has lost its list, and says so of both.
    await next.said('takeover-complete');
    rig.lmtpd.mailboxes.clear();
    await rig.takeOver();
    expect(await rig.lookup(NOBODY)).toBe('TEMP');
  });

  test('leaves the state file to the new process alone', async () => {
    rig.configure(`[cache]\nstate_file = "${rig.path('known')}"\n`);
    const old = await rig.serve('--log-level', 'debug');
    const next = await rig.takeOver();
    expect(await old.ended).toBe(0);
    expect(existsSync(rig.path('known'))).toBe(false);
    await next.stop();
    expect(readFileSync(rig.path('known'), 'utf8')).toContain('cyrusmapd-known');
  });

  test('ends what is still connected after takeover_grace', async () => {
    rig.configure('', 'takeover_grace = "1s"');
    const old = await rig.serve();
    const session = await rig.connect();
    await rig.takeOver();
    expect(await old.said('retired')).toMatchObject({ connections: 1 });
    expect(await old.ended).toBe(0);
    await expect(session.lookup('cyrus', ALICE)).rejects.toThrow();
  });

  test('makes of a first SIGTERM to the old process no end, and of a second one', async () => {
    const old = await rig.serve();
    const session = await rig.connect();
    await rig.takeOver();
    old.child.kill('SIGTERM');
    await old.said('stop-deferred');
    expect((await session.lookup('cyrus', ALICE)).status).toBe('OK');
    old.child.kill('SIGTERM');
    expect(await old.ended).toBe(0);
  });

  test('is a start where nobody runs', async () => {
    const first = await rig.serve('--takeover');
    expect(first.lines.map(({ event }) => event)).not.toContain('takeover');
    await first.stop('SIGKILL');
    await rig.serve('--takeover');
    expect(await rig.lookup(ALICE)).toBe('OK');
  });

  test('gives up a socket that the new configuration has no more, and opens one that it has', async () => {
    await rig.serve();
    const text = readFileSync(rig.config, 'utf8');
    writeFileSync(rig.config, text.replace(rig.path('socketmap'), rig.path('another')));
    const next = await rig.takeOver();
    await next.said('takeover-complete');
    expect(['socketmap', 'another'].map((name) => existsSync(rig.path(name)))).toEqual([false, true]);
  });

  test('passes HTTP for metrics on', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const address = probe.address();
    const port = typeof address === 'object' ? address?.port : 0;
    probe.close();
    rig.configure(`http = "inet:${port}@127.0.0.1"`);
    await rig.serve();
    const next = await rig.takeOver();
    expect(await next.said('admin-listening', 2)).toMatchObject({ endpoint: `inet:${port}@127.0.0.1` });
  });
});

describe('the old process at a takeover with events', () => {
  test('believes nothing any more that an event would end', async () => {
    rig.configure(EVENTS());
    await rig.serve();
    const session = await rig.connect();
    const ask = async (): Promise<string> => (await session.lookup('cyrus', NOBODY)).status;
    expect([await ask(), await ask()]).toEqual(['NOTFOUND', 'NOTFOUND']);
    await rig.takeOver();
    rig.lmtpd.mailboxes.set(NOBODY, REPLIES.deliverable);
    expect(await ask()).toBe('OK');
    rig.lmtpd.mailboxes.delete(NOBODY);
    expect(await ask()).toBe('NOTFOUND');
  });
});

describe('the new process at a takeover with events', () => {
  test('believes nothing before the old one has no event under way any more', async () => {
    rig.configure(EVENTS());
    await rig.serve();
    const cyrus = connect(rig.path('events'));
    await once(cyrus, 'connect');
    const next = await rig.takeOver();
    const ask = (): Promise<string> => rig.lookup(NOBODY);
    expect([await ask(), await ask()]).toEqual(['NOTFOUND', 'NOTFOUND']);
    // The event of this change goes to the old process.
    rig.lmtpd.mailboxes.set(NOBODY, REPLIES.deliverable);
    expect(await ask()).toBe('OK');
    cyrus.end();
    await next.said('takeover-complete');
    expect(await ask()).toBe('OK');
  });
});

describe('a takeover from an older release', () => {
  test(
    'leaves it to its sessions, and tells it to stop when they have gone',
    { timeout: 60_000 },
    async () => {
      const old = await rig.olderRelease();
      const load = new Load(rig, [1, 5, 20, 100, 100]);
      const session = await rig.connect();
      const next = await rig.takeOver();
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      expect((await session.lookup('cyrus', ALICE)).status).toBe('OK');
      expect(old.child.exitCode).toBeNull();
      session.close();
      expect(await load.end()).toMatchObject(NO_FAULTS);
      await old.said('stopping');
      expect(await old.ended).toBe(0);
      await next.said('takeover-complete');
      expect(await rig.lookup(ALICE)).toBe('OK');
    },
  );

  test('stops it at once where it would miss events', async () => {
    rig.configure(EVENTS());
    const old = await rig.olderRelease();
    const session = await rig.connect();
    await rig.takeOver();
    expect(await old.ended).toBe(0);
    await expect(session.lookup('cyrus', ALICE)).rejects.toThrow();
    expect(await rig.lookup(ALICE)).toBe('OK');
  });

  test('is refused where that has another configuration', async () => {
    await rig.olderRelease();
    writeFileSync(`${rig.config}.2`, readFileSync(rig.config));
    const next = rig.begin('--takeover', '--config', `${rig.config}.2`);
    expect(await next.ended).toBe(78);
    expect(await rig.lookup(ALICE)).toBe('OK');
  });
});

describe('a takeover that fails', () => {
  /** The same file, the same process, and an answer. */
  async function leavesWhole(fails: (old: Serving) => Promise<void>): Promise<void> {
    const old = await rig.serve();
    const load = new Load(rig, [1, 10, 100]);
    const before = places();
    await fails(old);
    expect(await load.end()).toMatchObject(NO_FAULTS);
    expect(places()).toEqual(before);
    expect(await rig.lookup(ALICE)).toBe('OK');
    expect(readdirSync(rig.folder).filter((name) => name.startsWith('.'))).toEqual([]);
    const next = await rig.takeOver();
    expect(await next.said('takeover')).toMatchObject({ pid: old.child.pid });
  }

  const places = (): number[] => ['socketmap', 'control'].map((name) => lstatSync(rig.path(name)).ino);

  async function refused(status: number, reason: string): Promise<void> {
    const next = rig.begin('--takeover');
    expect(await next.ended).toBe(status);
    expect(next.stderr).toContain(reason);
  }

  const good = (): string => readFileSync(rig.config, 'utf8');

  test.each([
    ['a key that is none', (text: string) => `nonsense = 1\n${text}`, 78, 'nonsense is not a key'],
    [
      'a secret that is missing',
      (text: string) => text.replace('canary', 'user = "x"\npassword_file = "/nonexistent"\ncanary'),
      78,
      '/nonexistent',
    ],
    ['a Cyrus that cannot be asked', (text: string) => text.replace('/lmtp"', '/gone"'), 69, 'can ask cyrus'],
    [
      'a folder that is missing',
      (text: string) => text.replace('listen = ["', 'listen = ["unix:/nonexistent/s", "'),
      69,
      '/nonexistent',
    ],
    ['no control socket', (text: string) => text.replace(/\[admin\]\nlisten.*/, ''), 78, 'control socket'],
  ])('for %s leaves the old one whole', async (_, spoil, status, reason) => {
    await leavesWhole(async () => {
      const text = good();
      expect(await rig.lookup(ALICE)).toBe('OK');
      writeFileSync(rig.config, spoil(text));
      await refused(status, reason);
      writeFileSync(rig.config, text);
    });
  });

  test.skipIf(SHARES_PORTS)('for a port that cannot be shared leaves the old one whole', async () => {
    rig.configure('', '');
    writeFileSync(rig.config, good().replace('listen = ["', 'listen = ["inet:17861@127.0.0.1", "'));
    await leavesWholeWithPort();
  });

  async function leavesWholeWithPort(): Promise<void> {
    await rig.serve();
    const before = lstatSync(rig.path('socketmap')).ino;
    await refused(69, 'cannot pass to another process without a gap');
    expect(lstatSync(rig.path('socketmap')).ino).toBe(before);
  }

  test('since its process is killed when it has the sockets gives them back', async () => {
    const old = await rig.serve();
    const session = await rig.connect();
    const next = await rig.takeOver();
    await next.stop('SIGKILL');
    await old.said('takeover-undone');
    expect([(await session.lookup('cyrus', ALICE)).status, await rig.lookup(ALICE)]).toEqual(['OK', 'OK']);
    await rig.takeOver();
    expect(await rig.lookup(ALICE)).toBe('OK');
  });

  test('since another one is at it leaves the first to it', async () => {
    rig.configure(EVENTS());
    const old = await rig.serve();
    const load = new Load(rig, [1, 10, 100]);
    // As long as an event may come, the old one does not let go.
    const cyrus = connect(rig.path('events'));
    await once(cyrus, 'connect');
    const first = await rig.takeOver();
    for (let nth = 0; nth < 2; nth++) await refused(69, 'is just taking over');
    cyrus.end();
    await first.said('takeover-complete');
    expect(await load.end()).toMatchObject(NO_FAULTS);
    expect(await old.ended).toBe(0);
  });

  test('two that begin at once end with one that serves', async () => {
    await rig.serve();
    const load = new Load(rig, [1, 10, 100]);
    const both = [rig.begin('--takeover'), rig.begin('--takeover')];
    const complete = both.map((each) =>
      each.said('takeover-complete').then(
        () => true,
        () => false,
      ),
    );
    expect(await Promise.all(complete)).toContain(true);
    expect(await load.end()).toMatchObject(NO_FAULTS);
    expect(await rig.lookup(ALICE)).toBe('OK');
  });

  test.each([
    [
      'names that are not beside it',
      () => ({ place: rig.path('socketmap'), bound: '/tmp/s' }),
      'no name beside',
    ],
    ['a place of another', () => ({ place: '/tmp/other', bound: '/tmp/.x/s' }), 'not a socket of mine'],
    [
      'what is no socket',
      () => {
        mkdirSync(rig.path('.xxxx'));
        writeFileSync(rig.path('.xxxx/s'), '');
        return { place: rig.path('socketmap'), bound: rig.path('.xxxx/s') };
      },
      'is no socket',
    ],
  ])('by %s is refused by the old one', async (_, succession, reason) => {
    await rig.serve();
    const before = lstatSync(rig.path('socketmap')).ino;
    const query = new URLSearchParams({ pid: '1', ...succession() });
    expect(await post(rig.path('control'), `/takeover?${query.toString()}`)).toMatchObject({
      status: 409,
      body: expect.stringContaining(reason),
    });
    expect(lstatSync(rig.path('socketmap')).ino).toBe(before);
  });

  test.each([
    ['refuses', 409, 'not now'],
    ['has a fault', 500, 'broken'],
    ['says something else', 200, '{}'],
    ['hangs up', 0, ''],
  ])('since the old one %s changes nothing', async (_, status, text) => {
    const serving = createServer().listen(rig.path('socketmap'));
    await once(serving, 'listening');
    afterwards(() => void serving.close());
    serving.on('connection', (socket) => socket.destroy());
    const before = lstatSync(rig.path('socketmap')).ino;
    const control = await HttpFront.open(
      { kind: 'unix', path: rig.path('control') },
      { socketOwner: undefined, socketGroup: undefined, socketMode: 0o600, allowed: undefined },
      (message, response) => {
        const path = message.url?.split('?')[0] ?? '';
        if (message.method === 'POST' && status === 0) response.destroy();
        else if (message.method === 'POST') sendText(response, status, text);
        else if (path === '/version') sendJson(response, 200, { pid: 1, version: 'x', config: rig.config });
        else if (path === '/stats') sendJson(response, 200, { backchannels: [] });
        else sendJson(response, 200, { listeners: [], sharesPorts: false });
        return Promise.resolve();
      },
    );
    afterwards(() => control.close());
    const next = rig.begin('--takeover');
    expect(await next.ended).not.toBe(0);
    expect(await next.said('takeover-refused')).toBeDefined();
    expect(lstatSync(rig.path('socketmap')).ino).toBe(before);
    expect(readdirSync(dirname(rig.config)).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

function post(socketPath: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method: 'POST', agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

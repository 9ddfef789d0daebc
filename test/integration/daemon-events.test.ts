// The whole daemon with a fake lmtpd behind it and a fake Cyrus that pushes events: what is answered before and after.
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import type { Config } from '../../src/config/config.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { ConfigError, UnavailableError } from '../../src/errors.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { afterwards, Peer, recordingLog, temporaryFolder, type Line } from './socketmap-rig.js';

const OK = 'OK %()\r\n';
const ALICE = 'alice@example.jp';

let folder: string;
let lmtpd: LmtpServer;
let lines: Line[];

beforeEach(async () => {
  folder = temporaryFolder();
  lines = [];
  lmtpd = await LmtpServer.listen(join(folder, 'lmtp'));
  afterwards(() => lmtpd.stop());
  lmtpd.mailboxes.set('canary@example.jp', REPLIES.deliverable);
  lmtpd.mailboxes.set(ALICE, REPLIES.deliverable);
});

async function configured(more = '', events = 'events'): Promise<Config> {
  const file = join(folder, 'cyrusmapd.toml');
  writeFileSync(
    file,
    `[socketmap]
     listen = ["unix:${join(folder, 'socketmap')}"]
     [backchannel.cyrus]
     type = "lmtp"
     endpoint = "${lmtpd.endpoint}"
     canary = "canary@example.jp"
     autocreate = "accept"
     ${events === '' ? '' : `[events]\nlisten = "unix:${join(folder, events)}"`}
     ${more}`,
  );
  return (await loadConfig({ config: file })).config;
}

async function start(config: Config): Promise<Daemon> {
  const daemon = await Daemon.start(config, recordingLog(lines));
  afterwards(() => daemon.stop());
  return daemon;
}

async function asking(): Promise<(key: string) => Promise<string>> {
  const client = await SocketmapConnection.connect({ kind: 'unix', path: join(folder, 'socketmap') });
  afterwards(() => client.close());
  return async (key) => {
    const { status, text } = await client.lookup('cyrus', key);
    return `${status} ${text}`;
  };
}

/** Pushes as Cyrus does, and waits for the answer. */
async function push(event: string, fields: object = {}): Promise<void> {
  const message = JSON.stringify({ event, uri: 'imap://h/user/alice%40example.jp', ...fields });
  const peer = await Peer.connect({ kind: 'unix', path: join(folder, 'events') });
  peer.socket.end(
    `NOTIFY %(METHOD external CLASS EVENT MESSAGE {${message.length}+}\r\n${message} FILEPATH NIL)\r\n`,
  );
  expect(await peer.ended()).toBe(OK);
}

function told(level: string): unknown[] {
  return lines.filter((line) => line.level === level).map(({ message }) => message);
}

function refused(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('a change that Cyrus pushes', () => {
  test('is seen by the next lookup, both ways', async () => {
    await start(await configured());
    const ask = await asking();
    expect(await ask(ALICE)).toBe(`OK ${ALICE}`);
    lmtpd.mailboxes.delete(ALICE);
    expect(await ask(ALICE)).toBe(`OK ${ALICE}`);
    await push('MailboxDelete');
    expect(await ask(ALICE)).toBe('NOTFOUND Mailbox does not exist');
    lmtpd.mailboxes.set(ALICE, REPLIES.deliverable);
    expect(await ask(ALICE)).toBe('NOTFOUND Mailbox does not exist');
    await push('MailboxCreate');
    expect(await ask(ALICE)).toBe(`OK ${ALICE}`);
  });

  test('outdates an answer that is under way', async () => {
    await start(await configured());
    const ask = await asking();
    const later = await asking();
    const held = lmtpd.hold(/^RCPT TO:<alice/);
    const before = ask(ALICE);
    await lmtpd.until(() => lmtpd.recipients.includes(ALICE));
    await push('MailboxDelete');
    const after = later(ALICE);
    held.release();
    lmtpd.mailboxes.delete(ALICE);
    expect(await before).toBe(`OK ${ALICE}`);
    expect(await after).toBe('NOTFOUND Mailbox does not exist');
  });

  test('by QuotaExceed is a mark that the next answer lifts, where Cyrus pushes quota events', async () => {
    const config = await configured();
    await start({ ...config, events: config.events && { ...config.events, quota: true } });
    const ask = await asking();
    await push('QuotaExceed');
    expect(await ask(ALICE)).toBe('TEMP Over quota');
    expect(lmtpd.recipients).toEqual([]);
    await push('QuotaChange');
    expect(await ask(ALICE)).toBe(`OK ${ALICE}`);
  });

  test('by QuotaExceed is not believed where Cyrus was not told to push quota events', async () => {
    await start(await configured());
    const ask = await asking();
    await push('QuotaExceed');
    expect(await ask(ALICE)).toBe(`OK ${ALICE}`);
  });

  test('that is not understood forgets everything, and is told once a minute', async () => {
    const daemon = await start(await configured());
    const ask = await asking();
    await ask(ALICE);
    lmtpd.mailboxes.delete(ALICE);
    await push('MailboxVanish');
    expect(await ask(ALICE)).toBe('NOTFOUND Mailbox does not exist');
    await push('MailboxVanish');
    expect(told('warn')).toEqual(['event-gap']);
    await daemon.stop();
  });

  test('is understood by the rules that are in force after a reload', async () => {
    const config = await configured();
    const daemon = await start(config);
    const ask = await asking();
    lmtpd.mailboxes.set('bob', REPLIES.deliverable);
    await daemon.reload(await configured('[lookup]\ndefault_domain = "example.jp"'));
    expect(await ask(ALICE)).toBe(`OK ${ALICE}`);
    lmtpd.mailboxes.delete(ALICE);
    await push('MailboxDelete', { uri: 'imap://h/user/alice' });
    expect(await ask(ALICE)).toBe('NOTFOUND Mailbox does not exist');
    expect(told('warn')).toEqual([]);
  });
});

describe('how long is believed follows the channel that is open', () => {
  const longer = '[cache]\nknown_ttl = "1s"\nnegative_ttl = "1s"';

  test('a reload that takes the events away does not shorten it: the listener stays', async () => {
    const daemon = await start(await configured());
    const ask = await asking();
    await ask('nobody@example.jp');
    await daemon.reload(await configured('', ''));
    await push('MailboxCreate');
    expect(await ask(ALICE)).toBe(`OK ${ALICE}`);
  });

  test('a reload that adds them does not lengthen it: nobody listens', async () => {
    const daemon = await start(await configured(longer, ''));
    const ask = await asking();
    await ask(ALICE);
    lmtpd.mailboxes.delete(ALICE);
    await daemon.reload(await configured(longer));
    expect(existsSync(join(folder, 'events'))).toBe(false);
    while ((await ask(ALICE)).startsWith('OK')) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await ask(ALICE)).toBe('NOTFOUND Mailbox does not exist');
  });
});

describe('the socket', () => {
  test('of a group that there is none of is told by its own key', async () => {
    const config = await configured('socket_group = "nosuch"');
    await expect(Daemon.start(config, recordingLog(lines))).rejects.toThrow(
      /^events\.socket_group is "nosuch": no such group/,
    );
  });

  test('has the mode that is configured, and is gone after the end', async () => {
    const config = await configured('socket_mode = "0600"');
    const daemon = await Daemon.start(config, recordingLog(lines));
    expect(statSync(join(folder, 'events')).mode & 0o777).toBe(0o600);
    expect(told('info')).toContain('listening-for-events');
    await daemon.stop();
    expect(readdirSync(folder).sort()).toEqual(['cyrusmapd.toml', 'lmtp']);
  });

  test.each([0o770, 0o757, 0o777, 0o1777])('in a folder with mode %o is refused', async (mode) => {
    mkdirSync(join(folder, 'open'));
    chmodSync(join(folder, 'open'), mode);
    const config = await configured('', 'open/events');
    const error = await refused(Daemon.start(config, recordingLog(lines)));
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toBe(
      `ConfigError: events.listen is unix:${join(folder, 'open/events')}: the folder must be writable by its ` +
        `owner alone, its mode is ${mode.toString(8).padStart(4, '0')}`,
    );
    expect(existsSync(join(folder, 'socketmap'))).toBe(false);
  });

  test('in a folder that is missing is refused', async () => {
    const error = await refused(Daemon.start(await configured('', 'none/events'), recordingLog(lines)));
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain(`events.listen is unix:${join(folder, 'none/events')}: ENOENT`);
  });

  test('is closed again where the daemon cannot listen for lookups', async () => {
    writeFileSync(join(folder, 'socketmap'), 'no socket');
    const error = await refused(Daemon.start(await configured(), recordingLog(lines)));
    expect(error).toBeInstanceOf(UnavailableError);
    expect(existsSync(join(folder, 'events'))).toBe(false);
  });

  test('that another daemon listens on is refused', async () => {
    await start(await configured());
    const config = await configured();
    const elsewhere = { ...config.socketmap, listen: [] };
    const error = await refused(Daemon.start({ ...config, socketmap: elsewhere }, recordingLog(lines)));
    expect(error).toBeInstanceOf(UnavailableError);
    expect(String(error)).toContain('is in use');
    await push('MailboxCreate');
  });
});

test('what is no mailbox event is handed on where that is configured', async () => {
  const next = await LmtpServer.listen(join(folder, 'next'));
  afterwards(() => next.stop());
  const daemon = await start(await configured(`forward = "unix:${join(folder, 'next')}"`));
  const peer = await Peer.connect({ kind: 'unix', path: join(folder, 'events') });
  peer.socket.end('NOTIFY %(METHOD mailto CLASS SIEVE MESSAGE "you have mail")\r\n');
  expect(await peer.ended()).toBe(OK);
  await next.until(() => next.commands.length > 0);
  expect(next.commands).toEqual(['NOTIFY %(METHOD mailto CLASS SIEVE MESSAGE "you have mail")']);
  await daemon.stop();
});

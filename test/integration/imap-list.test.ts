// The list of all mailboxes, streamed from a fake imapd as it comes.
import { beforeEach, expect, test, vi } from 'vitest';
import { ImapSession } from '../../src/cyrus/imap/session.js';
import { inboxPattern } from '../../src/cyrus/mailbox-name.js';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { DEFAULT_ADDRESS_RULES } from '../../src/validation/recipient.js';
import { Witness } from '../../src/cyrus/witness/witness.js';
import { CLOSE, SILENCE, type Act } from '../fakes/dialogue-server.js';
import { ImapServer, PASSWORD, USER } from '../fakes/imap-server.js';
import { afterwards, standStill, turns } from './lmtp-rig.js';

standStill();

const SILENCE_MS = 10_000;

let imapd: ImapServer;
beforeEach(async () => {
  imapd = await ImapServer.listen(0);
  afterwards(() => imapd.stop());
});

async function open(): Promise<ImapSession> {
  const session = await ImapSession.open({
    endpoint: parseEndpoint(imapd.server.endpoint),
    tls: undefined,
    login: {
      credentials: { user: USER, password: PASSWORD, authorizationId: undefined },
      mechanisms: ['PLAIN'],
      plainAnywhere: false,
    },
    rules: DEFAULT_ADDRESS_RULES,
    witness: new Witness([], { missing() {}, failed() {}, recovered() {} }),
    strictQuota: false,
    connectTimeoutMs: 2_000,
    replyTimeoutMs: SILENCE_MS,
    now: () => performance.now(),
  });
  afterwards(() => session.close());
  return session;
}

async function listed(session: ImapSession, domain = 'example.jp'): Promise<string[]> {
  const mailboxes: string[] = [];
  await session.list(inboxPattern(domain, session.separator), (mailbox) => mailboxes.push(mailbox), 600_000);
  return mailboxes;
}

/** Answers LIST with these lines and its tagged response. */
function lists(...lines: readonly string[]): void {
  imapd.server.override = (command) => {
    const tag = /^(\w+) LIST /.exec(command)?.[1];
    return tag === undefined
      ? undefined
      : [...lines, `${tag} OK Completed`].map((line) => `${line}\r\n`).join('');
  };
}

test('has the INBOXes of a domain, as the cache keeps them', async () => {
  for (const name of ['alice@example.jp', 'first.last@example.jp', 'bob@example.net'])
    imapd.mailboxes.set(`user/${name}`, {});
  expect(await listed(await open())).toEqual(['alice@example.jp', 'first.last@example.jp']);
});

test('has no levels of the hierarchy, no folders, and nobody whom no address leads to', async () => {
  lists(
    String.raw`* LIST (\HasChildren) "/" user/alice@example.jp`,
    String.raw`* LIST (\Noselect \HasChildren) "/" user/dave@example.jp`,
    String.raw`* LIST (\HasChildren \NonExistent) "/" user/erin@example.jp`,
    String.raw`* LIST (\nOsElEcT) "/" user/frank@example.jp`,
    String.raw`* LIST () "/" user/alice/Sent@example.jp`,
    String.raw`* LIST () "/" user/Mixed@example.jp`,
    String.raw`* LIST () "/" "user/a b@example.jp"`,
    String.raw`* LIST () "/" {17}` + '\r\nuser/x@example.jp',
    String.raw`* LIST () "/" "user/bob@example.jp"`,
  );
  expect(await listed(await open())).toEqual(['alice@example.jp', 'x@example.jp', 'bob@example.jp']);
});

test('may be long, while others have their turn', async () => {
  lists(...Array.from({ length: 100_000 }, (_, i) => `* LIST (\\HasNoChildren) "/" user/u${i}@example.jp`));
  const session = await open();
  let turnsTaken = 0;
  let listing = true;
  const count = (): void => {
    turnsTaken += 1;
    if (listing) setImmediate(count);
  };
  setImmediate(count);
  expect(await listed(session)).toHaveLength(100_000);
  listing = false;
  expect(turnsTaken).toBeGreaterThan(50);
});

test('that is refused, cut off or broken is an error, and not a short list', async () => {
  for (const act of [
    (usual: string) => usual.replace(/OK.*/, 'NO Permission denied'),
    (usual: string) => usual.replace(/OK.*/, 'BAD Unrecognized command'),
    (usual: string) => usual.replace(/c\d+ OK/, 'c99 OK'),
    (usual: string) => `* BYE shutting down\r\n${usual}`,
    (usual: string) => usual + usual,
    (): Act => CLOSE,
  ]) {
    imapd.mailboxes.set('user/alice@example.jp', {});
    imapd.server.override = (command, usual) => (/ LIST /.test(command) ? act(usual) : undefined);
    const session = await open();
    await expect(listed(session)).rejects.toThrow();
    imapd.server.override = () => undefined;
  }
});

test('that falls silent is given up', async () => {
  imapd.server.override = (command) => (/ LIST /.test(command) ? SILENCE : undefined);
  const session = await open();
  const list = listed(session);
  const failed = expect(list).rejects.toThrow('no reply within 10000 ms');
  await imapd.server.until(() => imapd.server.commands.some((command) => / LIST /.test(command)));
  await turns();
  await vi.advanceTimersByTimeAsync(SILENCE_MS);
  await failed;
  expect(session.botched).toBe(true);
});

test('stands between questions of the same session', async () => {
  imapd.mailboxes.set('user/alice@example.jp', {});
  const session = await open();
  expect(await listed(session)).toEqual(['alice@example.jp']);
  expect(await listed(session, 'example.net')).toEqual([]);
  expect(session.botched).toBe(false);
});

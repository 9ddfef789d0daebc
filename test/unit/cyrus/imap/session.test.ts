import { beforeEach, describe, expect, test } from 'vitest';
import { ImapSession, type ImapOptions } from '../../../../src/cyrus/imap/session.js';
import { inboxPattern } from '../../../../src/cyrus/mailbox-name.js';
import { Witness } from '../../../../src/cyrus/witness/witness.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../../src/validation/recipient.js';
import type { Verdict } from '../../../../src/validation/verdict.js';
import { SILENCE } from '../../../fakes/dialogue-server.js';
import { PASSWORD, USER } from '../../../fakes/imap-server.js';
import { afterwards } from '../afterwards.js';
import { served, type Server } from './wired.js';

const RULES = { ...DEFAULT_ADDRESS_RULES, postUser: 'post' };

let server: Server;
let early: string[];

beforeEach(async () => {
  server = await served();
  early = [];
  const { mailboxes } = server.imapd;
  for (const local of ['canary', 'alice', 'bob']) mailboxes.set(`user/${local}@example.jp`, {});
  mailboxes.set('user/full@example.jp', { quota: 'STORAGE 11 10' });
  mailboxes.set('user/edge@example.jp', { quota: 'STORAGE 10 10' });
  mailboxes.set('info@example.jp', { acl: 'anyone lp' });
});

function recipient(key: string): Recipient {
  const parsed = parseKey(key, RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.kind);
  return parsed.recipient;
}

async function opened(options: Partial<ImapOptions> = {}): Promise<ImapSession> {
  const alarm = { missing: () => undefined, failed: () => undefined, recovered: () => undefined };
  const session = await ImapSession.open({
    endpoint: server.endpoint,
    tls: undefined,
    login: {
      credentials: { user: USER, password: PASSWORD, authorizationId: undefined },
      mechanisms: ['PLAIN'],
      plainAnywhere: false,
    },
    rules: RULES,
    witness: new Witness([recipient('canary@example.jp')], alarm),
    strictQuota: false,
    connectTimeoutMs: 5_000,
    replyTimeoutMs: 5_000,
    now: () => 1_000,
    ...options,
  });
  afterwards(() => session.close());
  return session;
}

function ask(session: ImapSession, ...locals: string[]): Promise<readonly Verdict[]> {
  return session.ask(
    locals.map((local) => recipient(`${local}@example.jp`)),
    {
      heard: () => undefined,
      early: (index, { kind }) => early.push(`${index} ${kind}`),
      unproven: () => expect.unreachable('each answer has a tag'),
    },
  );
}

async function kinds(session: ImapSession, ...locals: string[]): Promise<string[]> {
  return (await ask(session, ...locals)).map(({ kind }) => kind);
}

describe('a session', () => {
  test('that cannot log in is closed', async () => {
    server.imapd.administrator = false;
    await expect(opened()).rejects.toThrow('is no administrator');
    await server.imapd.server.until(() => server.imapd.server.connections === 0);
  });

  test('shows what is said to whoever wants to see it, but no secret', async () => {
    const lines: string[] = [];
    await opened({ trace: (direction, line) => lines.push(`${direction} ${line}`) });
    expect(lines[0]).toMatch(/^< \* OK /);
    expect(lines).toContain('> c1 CAPABILITY');
    expect(lines).toContainEqual(expect.stringMatching(/^< c1 OK/));
    expect(lines.join()).not.toContain(PASSWORD);
    expect(lines.join()).toContain('AUTHENTICATE PLAIN ***');
  });

  test('ends with LOGOUT, and is not used again', async () => {
    const session = await opened();
    expect([session.botched, session.acceptsEightBit, session.separator]).toEqual([false, false, '/']);
    session.close();
    await server.imapd.server.until(() => server.imapd.server.connections === 0);
    expect(server.imapd.server.commands.at(-1)).toBe('bye LOGOUT');
    expect(session.botched).toBe(true);
  });
});

describe('a batch', () => {
  test.each([
    [
      ['alice', 'full', 'post+info'],
      ['deliverable', 'overquota', 'deliverable'],
    ],
    [
      ['alice', 'post+info', 'bob', 'full', 'post+info', 'alice'],
      ['deliverable', 'deliverable', 'deliverable', 'overquota', 'deliverable', 'deliverable'],
    ],
  ])('of %j has a verdict for each in order, told as soon as it is known', async (locals, expected) => {
    const session = await opened();
    expect(await kinds(session, ...locals)).toEqual(expected);
    expect(early).toEqual(expected.flatMap((kind, i) => (kind === 'deliverable' ? [`${i} ${kind}`] : [])));
  });

  test('about whom nothing needs to be asked asks nothing', async () => {
    const session = await opened();
    const before = server.imapd.server.commands.length;
    const bare = await session.ask([recipient('alice')], {
      heard: () => undefined,
      early: () => undefined,
      unproven: () => undefined,
    });
    expect(bare).toMatchObject([{ kind: 'deferred' }]);
    expect(server.imapd.server.commands).toHaveLength(before);
  });

  test('judges quota as Cyrus does', async () => {
    expect(await kinds(await opened(), 'edge')).toEqual(['deliverable']);
    expect(await kinds(await opened({ strictQuota: true }), 'edge')).toEqual(['overquota']);
  });

  test('has an unknown only with the witness', async () => {
    const session = await opened();
    expect(await kinds(session, 'nobody', 'alice')).toEqual(['unknown', 'deliverable']);
    server.imapd.mailboxes.delete('user/canary@example.jp');
    expect(await kinds(session, 'nobody', 'alice')).toEqual(['deferred', 'deliverable']);
  });

  test('names as evidence the session, where imapd gave it a name', async () => {
    const [plain] = await ask(await opened(), 'full');
    expect(plain).toStrictEqual({ kind: 'overquota' });
    server.imapd.server.override = (command) =>
      / AUTHENTICATE /.test(command) ? `${command.split(' ')[0]} OK hi SESSIONID=<cyrus-9>\r\n` : undefined;
    const [named] = await ask(await opened(), 'full');
    expect(named).toStrictEqual({ kind: 'overquota', evidence: { session: 'cyrus-9' } });
  });
});

describe('a list', () => {
  const listed = async (session: ImapSession): Promise<string[]> => {
    const names: string[] = [];
    await session.list(inboxPattern('example.jp', '/'), (name) => names.push(name), 10_000);
    return names;
  };

  test('has the mailboxes of a domain, by their names in the cache', async () => {
    expect((await listed(await opened())).toSorted()).toEqual(
      ['alice', 'bob', 'canary', 'edge', 'full'].map((local) => `${local}@example.jp`),
    );
  });

  test('leaves out what is only a level above others, and what is no list', async () => {
    const session = await opened();
    server.imapd.server.override = (command) =>
      / LIST /.test(command)
        ? [
            '* LIST (\\HasChildren \\Noselect) "/" user/a@example.jp',
            '* LIST (\\nonexistent) "/" user/b@example.jp',
            '* LIST (\\NoselectNot) "/" user/c@example.jp',
            '* 5 EXISTS',
            '* LIST () "/" shared@example.jp',
            `${command.split(' ')[0]} OK done`,
          ]
            .map((line) => `${line}\r\n`)
            .join('')
        : undefined;
    expect(await listed(session)).toEqual(['c@example.jp']);
  });

  test('that falls silent is given up, and so is one without end', async () => {
    const session = await opened({ replyTimeoutMs: 1_000 });
    server.imapd.server.override = (command) => (/ LIST /.test(command) ? SILENCE : undefined);
    const within = (ms: number) => session.list(inboxPattern('example.jp', '/'), () => undefined, ms);
    await expect(within(30)).rejects.toThrow(/30 ms/);
    const another = await opened({ replyTimeoutMs: 30 });
    const silent = another.list(inboxPattern('example.jp', '/'), () => undefined, 10_000);
    await expect(silent).rejects.toThrow('no reply within 30 ms');
  });

  test('that imapd refuses is none', async () => {
    const session = await opened();
    server.imapd.server.override = (command) =>
      / LIST /.test(command) ? `${command.split(' ')[0]} NO System I/O error\r\n` : undefined;
    await expect(listed(session)).rejects.toThrow('with NO System I/O error');
  });
});

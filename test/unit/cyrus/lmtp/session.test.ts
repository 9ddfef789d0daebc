import { beforeEach, describe, expect, test } from 'vitest';
import { CreationCheck } from '../../../../src/cyrus/lmtp/creation-check.js';
import { LmtpSession, type LmtpOptions } from '../../../../src/cyrus/lmtp/session.js';
import { Witness } from '../../../../src/cyrus/witness/witness.js';
import {
  DEFAULT_ADDRESS_RULES,
  parseKey,
  withMessage,
  type Recipient,
} from '../../../../src/validation/recipient.js';
import type { Verdict } from '../../../../src/validation/verdict.js';
import { REPLIES } from '../../../fakes/lmtp-server.js';
import { afterwards } from '../afterwards.js';
import { served, type Server } from './wired.js';

const CANARY = 'canary@example.jp';
const INVALID_NAME = '451 4.3.0 Invalid mailbox name\r\n';

let server: Server;
let certain: number[];
let unproven: number[];
let heard: number;

beforeEach(async () => {
  server = await served();
  for (const local of ['canary', 'alice', 'bob'])
    server.lmtpd.mailboxes.set(`${local}@example.jp`, REPLIES.deliverable);
  server.lmtpd.mailboxes.set('full@example.jp', REPLIES.overquota);
  certain = [];
  unproven = [];
  heard = 0;
});

function recipient(key: string, messageBytes?: number): Recipient {
  const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.kind);
  return messageBytes === undefined ? parsed.recipient : withMessage(parsed.recipient, messageBytes);
}

async function opened(options: Partial<LmtpOptions> = {}): Promise<LmtpSession> {
  const alarm = { missing: () => undefined, failed: () => undefined, recovered: () => undefined };
  const session = await LmtpSession.open({
    endpoint: server.endpoint,
    tls: undefined,
    login: undefined,
    connectTimeoutMs: 5_000,
    replyTimeoutMs: 5_000,
    clientName: 'mx.example.jp',
    witness: new Witness([recipient(CANARY)], alarm),
    creationCheck: undefined,
    now: () => 1_000,
    ...options,
  });
  afterwards(() => session.close());
  return session;
}

function ask(session: LmtpSession, ...recipients: (string | Recipient)[]): Promise<readonly Verdict[]> {
  const batch = recipients.map((each) => (typeof each === 'string' ? recipient(each) : each));
  return session.ask(batch, {
    heard: () => void (heard += 1),
    early: (index) => certain.push(index),
    unproven: (index) => unproven.push(index),
  });
}

async function kinds(session: LmtpSession, ...recipients: (string | Recipient)[]): Promise<string[]> {
  return (await ask(session, ...recipients)).map(({ kind }) => kind);
}

/** What lmtpd was told after LHLO. */
const told = (): string[] => server.lmtpd.commands.slice(1);

function checking(): CreationCheck {
  return new CreationCheck({
    domains: new Set(['example.jp', 'example.net']),
    rules: DEFAULT_ADDRESS_RULES,
    alarm: { found: () => undefined },
    now: () => 1_000,
    random: () => 0.5,
  });
}

describe('a session', () => {
  test('that cannot begin is closed', async () => {
    server.lmtpd.override = (command) => (command === '' ? '554 5.3.2 no\r\n' : undefined);
    await expect(opened()).rejects.toThrow('lmtpd answered greeting with 554 5.3.2 no');
    await server.lmtpd.until(() => server.lmtpd.connections === 0);
  });

  test('ends with QUIT, and is not used again', async () => {
    const session = await opened();
    expect(session.botched).toBe(false);
    session.close();
    await server.lmtpd.until(() => server.lmtpd.connections === 0);
    expect(told()).toEqual(['QUIT']);
    expect(session.botched).toBe(true);
  });

  test.each([
    ['SIZE', false],
    ['SMTPUTF8', true],
  ])('of an lmtpd that offers %s: 8-bit addresses taken is %s', async (offered, accepts) => {
    server.lmtpd.override = (command) =>
      command.startsWith('LHLO') ? `250-fake.test\r\n250-${offered}\r\n250 Ok\r\n` : undefined;
    expect((await opened()).acceptsEightBit).toBe(accepts);
  });
});

describe('a batch', () => {
  test('is one transaction, with a verdict for each in order', async () => {
    const session = await opened();
    expect(await kinds(session, 'alice@example.jp', 'full@example.jp')).toEqual(['deliverable', 'overquota']);
    expect(told()).toEqual([
      'MAIL FROM:<>',
      'RCPT TO:<alice@example.jp>',
      'RCPT TO:<full@example.jp>',
      'RSET',
    ]);
    expect([certain, unproven, heard]).toEqual([[], [0], 2]);
  });

  test.each([
    ['MAIL', '250 2.1.5 ok\r\n'],
    ['RSET', '250 2.1.0 ok\r\n'],
    ['RSET', '451 4.3.0 no\r\n'],
  ])('in which %s is answered with %j has no verdict', async (command, reply) => {
    const session = await opened();
    server.lmtpd.override = (each) => (each.startsWith(command) ? reply : undefined);
    await expect(ask(session, 'alice@example.jp')).rejects.toThrow(`lmtpd answered ${command} with`);
  });

  test('names as evidence the session that lmtpd gave it: first with LHLO, then with each RSET', async () => {
    const session = await opened();
    const sessionOf = ([verdict]: readonly Verdict[]): unknown => Object(verdict).evidence.session;
    server.lmtpd.mailboxes.set('damaged@example.jp', REPLIES.damaged);
    expect(sessionOf(await ask(session, 'damaged@example.jp'))).toBe('fake-1');
    expect(sessionOf(await ask(session, 'damaged@example.jp'))).toBe('fake-2');
  });

  test('that ends with the name of an earlier transaction has no verdict: those replies have come before', async () => {
    const session = await opened();
    let transactions = 0;
    server.lmtpd.override = (command) =>
      command === 'RSET' ? `250 2.0.0 Ok SESSIONID=<s${transactions++ % 8}>\r\n` : undefined;
    for (let i = 0; i < 8; i++) expect(await kinds(session, 'alice@example.jp')).toEqual(['deliverable']);
    await expect(ask(session, 'alice@example.jp')).rejects.toThrow('the same SESSIONID s0');
  });

  test('may end with a name that another one had long ago', async () => {
    const session = await opened();
    let transactions = 0;
    server.lmtpd.override = (command) =>
      command === 'RSET' ? `250 2.0.0 Ok SESSIONID=<s${transactions++ % 9}>\r\n` : undefined;
    for (let i = 0; i < 20; i++) expect(await kinds(session, 'alice@example.jp')).toEqual(['deliverable']);
  });

  test('of an lmtpd that gives its sessions no names has none as evidence', async () => {
    server.lmtpd.override = (command) => {
      if (command.startsWith('LHLO')) return '250-fake.test\r\n250 Ok\r\n';
      if (command.startsWith('RCPT')) return REPLIES.damaged;
      return undefined;
    };
    const [verdict] = await ask(await opened(), 'alice@example.jp');
    expect(verdict).toStrictEqual({
      kind: 'deferred',
      reason: 'lmtpd said 451 4.3.0 System I/O error',
      evidence: { said: { code: '451', enhanced: '4.3.0', text: 'System I/O error' } },
    });
  });
});

describe('the size of a message', () => {
  test('stands in MAIL, with a transaction for each, in the order of the batch', async () => {
    const session = await opened();
    const batch = [
      recipient('alice@example.jp', 9),
      recipient('bob@example.jp', 9),
      recipient('alice@example.jp', 7),
      recipient('full@example.jp'),
    ];
    expect(await kinds(session, ...batch)).toEqual([
      'deliverable',
      'deliverable',
      'deliverable',
      'overquota',
    ]);
    expect(told().filter((command) => command.startsWith('MAIL'))).toEqual([
      'MAIL FROM:<> SIZE=9',
      'MAIL FROM:<> SIZE=7',
      'MAIL FROM:<>',
    ]);
    expect([certain, unproven]).toEqual([[], [0, 1, 2]]);
  });

  test('is not told to an lmtpd that does not take it', async () => {
    server.lmtpd.override = (command) =>
      command.startsWith('LHLO') ? '250-fake.test\r\n250 Ok\r\n' : undefined;
    expect(await kinds(await opened(), recipient('alice@example.jp', 9))).toEqual(['deliverable']);
    expect(told()[0]).toBe('MAIL FROM:<>');
  });

  test.each(['552 5.2.3 too large\r\n', '400 later\r\n'])(
    'that lmtpd takes for nobody (%j) defers those, and no others',
    async (refusal) => {
      const session = await opened();
      let isRefused = false;
      server.lmtpd.override = (command) => {
        if (command.startsWith('MAIL')) isRefused = command.includes('SIZE=');
        if (!isRefused) return undefined;
        if (command.startsWith('MAIL')) return refusal;
        return command.startsWith('RCPT') ? '503 5.5.1 Need MAIL command\r\n' : undefined;
      };
      expect(await kinds(session, recipient('alice@example.jp', 9), recipient('bob@example.jp'))).toEqual([
        'deferred',
        'deliverable',
      ]);
    },
  );

  test('of which lmtpd says something else to MAIL has no verdict', async () => {
    const session = await opened();
    server.lmtpd.override = (command) => (command.startsWith('MAIL') ? '354 2.1.0 hm\r\n' : undefined);
    await expect(ask(session, recipient('alice@example.jp', 9))).rejects.toThrow('lmtpd answered MAIL');
  });
});

describe('where a RCPT may create a mailbox', () => {
  const NAME = /^RCPT TO:<cyrusmapd%[a-z0-9]+@(.*)>$/;

  test('a name that cannot be created is asked about first, once for each domain', async () => {
    const session = await opened({ creationCheck: checking() });
    expect(await kinds(session, 'alice@example.jp', 'bob@example.jp')).toEqual([
      'deliverable',
      'deliverable',
    ]);
    expect(told().slice(0, 4)).toEqual(['MAIL FROM:<>', expect.stringMatching(NAME), 'RSET', 'MAIL FROM:<>']);
    // One reply to the name, and two to the recipients.
    expect(heard).toBe(3);
    await ask(session, 'alice@example.jp');
    expect(told().slice(7)).toEqual(['MAIL FROM:<>', 'RCPT TO:<alice@example.jp>', 'RSET']);
  });

  test('nobody is asked about there, and all others are, each with his own verdict', async () => {
    server.lmtpd.override = (command) =>
      NAME.exec(command)?.[1] === 'example.net' ? INVALID_NAME : undefined;
    const session = await opened({ creationCheck: checking() });
    const said = await ask(session, 'x@example.net', 'full@example.jp', 'y@example.net', 'alice@example.jp');
    expect(said).toMatchObject([
      { kind: 'deferred', unasked: true, reason: expect.stringContaining('autocreate_post') },
      { kind: 'overquota' },
      { kind: 'deferred', unasked: true },
      { kind: 'deliverable' },
    ]);
    expect([certain, unproven]).toEqual([[], [3]]);
    expect(told().filter((command) => /@example\.net/.test(command))).toEqual([expect.stringMatching(NAME)]);
  });

  test('and nobody else is asked about, nothing is asked, not even of the witness', async () => {
    server.lmtpd.override = (command) =>
      NAME.exec(command)?.[1] === 'example.net' ? INVALID_NAME : undefined;
    const session = await opened({ creationCheck: checking() });
    await ask(session, 'nobody@example.jp', 'x@example.net');
    const before = told().length;
    expect(await kinds(session, 'x@example.net')).toEqual(['deferred']);
    expect(told()).toHaveLength(before);
  });

  test('in a domain of which that cannot be found out, nobody is asked about', async () => {
    const session = await opened({ creationCheck: checking() });
    expect(await ask(session, `a@${'x'.repeat(1_015)}.test`)).toMatchObject([
      { kind: 'deferred', unasked: true, reason: expect.stringContaining('it is not known') },
    ]);
    expect(told()).toEqual([]);
  });

  test('a catch-all mailbox is no such place', async () => {
    server.lmtpd.override = (command) => (NAME.test(command) ? REPLIES.deliverable : undefined);
    const session = await opened({ creationCheck: checking() });
    expect(await kinds(session, 'alice@example.jp')).toEqual(['deliverable']);
  });
});

describe('an unknown', () => {
  test('is believed with the witness before and after it', async () => {
    const session = await opened();
    expect(await kinds(session, 'nobody@example.jp', 'alice@example.jp')).toEqual(['unknown', 'deliverable']);
    expect(told().slice(4)).toEqual([
      'MAIL FROM:<>',
      `RCPT TO:<${CANARY}>`,
      'RCPT TO:<nobody@example.jp>',
      `RCPT TO:<${CANARY}>`,
      'RSET',
    ]);
  });

  test('is not where lmtpd calls everybody unknown', async () => {
    server.lmtpd.mailboxes.clear();
    expect(await kinds(await opened(), 'alice@example.jp')).toEqual(['deferred']);
  });
});

// What becomes of lmtpd's replies, from the socket to the words that Sendmail hears.
import { describe, expect, test } from 'vitest';
import { REPLIES } from '../fakes/lmtp-server.js';
import {
  DEFAULT_ADDRESS_RULES,
  parseKey,
  withMessage,
  type Recipient,
} from '../../src/validation/recipient.js';
import { CANARY, Rig, standStill, temporaryFolder } from './lmtp-rig.js';

standStill();

const MAILBOX = 'Mailbox does not exist';

describe('every line of the reply table', () => {
  test.each([
    [REPLIES.deliverable, 'OK probe@example.jp'],
    [REPLIES.unknown, `NOTFOUND ${MAILBOX}`],
    ['550 5.1.1 User unknown\r\n', `NOTFOUND ${MAILBOX}`],
    [REPLIES.refused, 'NOTFOUND Permission denied'],
    [REPLIES.overquota, 'TEMP Over quota'],
    ['552 5.2.2 Over quota SESSIONID=<x>\r\n', 'TEMP Over quota'],
    [REPLIES.damaged, 'TEMP lmtpd said 451 4.3.0 System I/O error'],
    ['451 4.2.1 Mailbox Disabled\r\n', 'TEMP lmtpd said 451 4.2.1 Mailbox Disabled'],
    ['501 5.5.4 Syntax error in parameters\r\n', 'TEMP lmtpd said 501 5.5.4 Syntax error in parameters'],
    ['550 5.1.2 no\r\n', 'TEMP lmtpd said 550 5.1.2 no'],
    ['550 User unknown\r\n', 'TEMP lmtpd said 550 User unknown'],
    ['450 5.1.1 User unknown\r\n', 'TEMP lmtpd said 450 5.1.1 User unknown'],
    ['250 ok\r\n', 'TEMP lmtpd said 250 ok'],
    ['354 go ahead\r\n', 'TEMP lmtpd said 354 go ahead'],
  ])('%j becomes %s', async (reply, expected) => {
    const rig = await Rig.start();
    rig.lmtpd.mailboxes.set('probe@example.jp', reply);
    expect(await rig.reply('probe@example.jp')).toBe(expected);
  });

  test.each([
    ['ok', 'OK full@example.jp'],
    ['reject', 'NOTFOUND Over quota'],
  ] as const)('over quota becomes what the map makes of it: %s', async (overQuota, expected) => {
    const rig = await Rig.start({ map: { overQuota } });
    expect(await rig.reply('full@example.jp')).toBe(expected);
  });

  test('refused becomes TEMP where the map says so', async () => {
    const rig = await Rig.start({ map: { refused: 'temp' } });
    expect(await rig.reply('closed@example.jp')).toBe('TEMP Permission denied');
  });

  test('OK carries the key as it was asked, with % doubled', async () => {
    const rig = await Rig.start();
    expect(await rig.reply('ALICE+50%@example.jp')).toBe('OK ALICE+50%%@example.jp');
  });
});

describe('the dialogue', () => {
  test('is LHLO once, then MAIL, RCPT and RSET in one write, and never DATA', async () => {
    const rig = await Rig.start();
    await rig.askAll('alice@example.jp', 'bob@example.jp');
    await rig.askAll('full@example.jp');
    const [dialogue, ...others] = rig.lmtpd.dialogues;
    expect(others).toEqual([]);
    expect(dialogue?.writes).toEqual([
      expect.stringMatching(/^LHLO [^ ]+\r\n$/),
      'MAIL FROM:<>\r\nRCPT TO:<alice@example.jp>\r\nRCPT TO:<bob@example.jp>\r\nRSET\r\n',
      'MAIL FROM:<>\r\nRCPT TO:<full@example.jp>\r\nRSET\r\n',
    ]);
  });

  test.each([
    ['a UNIX socket', undefined],
    ['TCP', 0],
  ])('is the same over %s, and however the replies are split', async (_, where) => {
    const rig = await Rig.start(where === undefined ? {} : { where });
    rig.lmtpd.splitting = true;
    expect(await rig.askAll('alice@example.jp', 'nobody@example.jp', 'full@example.jp')).toEqual([
      'deliverable probe',
      'unknown probe',
      'overquota probe',
    ]);
  });

  test('holds up to 128 recipients a transaction, once it is known that lmtpd is fast', async () => {
    const rig = await Rig.start({ backchannel: { connections: 1 } });
    const keys = Array.from({ length: 300 }, (_, i) => `u${i}@example.jp`);
    for (const key of keys) rig.lmtpd.mailboxes.set(key, REPLIES.deliverable);
    expect(await rig.askAll(...keys)).toEqual(Array(300).fill('deliverable probe'));
    const transactions = rig.lmtpd.commands.join('\n').split('MAIL FROM:<>').slice(1);
    expect(transactions.map((each) => each.split('RCPT TO').length - 1)).toEqual([8, 16, 32, 64, 128, 52]);
    expect(rig.lmtpd.recipients).toEqual(keys);
  });

  test('what is asked while a transaction is under way goes out together in the next', async () => {
    const rig = await Rig.start({ backchannel: { connections: 1 } });
    await rig.askAll('bob@example.jp');
    const held = rig.lmtpd.hold(/<alice@/);
    const alice = rig.ask('alice@example.jp');
    await rig.lmtpd.until(() => rig.lmtpd.recipients.includes('alice@example.jp'));
    const others = rig.askAll('full@example.jp', 'closed@example.jp', 'damaged@example.jp');
    await rig.pass(0);
    expect(rig.lmtpd.recipients).toEqual(['bob@example.jp', 'alice@example.jp']);
    held.release();
    expect(await alice.outcome).toBe('deliverable probe');
    expect(await others).toEqual(['overquota probe', 'refused probe', 'deferred probe']);
    expect(rig.lmtpd.dialogues[0]?.writes.at(-1)).toBe(
      'MAIL FROM:<>\r\nRCPT TO:<full@example.jp>\r\nRCPT TO:<closed@example.jp>\r\nRCPT TO:<damaged@example.jp>\r\nRSET\r\n',
    );
  });

  test('names no more recipients than there are mailboxes: everybody who asks shares one RCPT', async () => {
    const rig = await Rig.start();
    const keys = ['alice@example.jp', 'ALICE@example.jp', 'alice+one@example.jp', 'alice+two@example.jp'];
    expect(await rig.askAll(...keys)).toEqual(Array(4).fill('deliverable probe'));
    expect(rig.lmtpd.recipients).toEqual(['alice@example.jp']);
  });
});

describe('a message of a known size', () => {
  const recipientOf = (key: string, messageBytes?: number): Recipient => {
    const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
    if (parsed.kind !== 'recipient') throw new Error(parsed.kind);
    return messageBytes === undefined ? parsed.recipient : withMessage(parsed.recipient, messageBytes);
  };
  const judge = async (rig: Rig, ...recipients: readonly Recipient[]): Promise<string[]> => {
    const [probe] = rig.backchannels.probes;
    if (probe === undefined) throw new Error('no back-channel');
    const due = performance.now() + 10_000;
    const verdicts = await Promise.all(recipients.map((each) => probe.check(each, due)));
    return verdicts.map(({ kind }) => kind);
  };
  const ONE = { backchannel: { connections: 1 } };

  test('is told with MAIL, and one of another size has a transaction of its own, in the order of the questions', async () => {
    const rig = await Rig.start(ONE);
    let bytes = 0;
    rig.lmtpd.override = (command) => {
      if (command.startsWith('MAIL ')) bytes = Number(/SIZE=(\d+)$/.exec(command)?.[1] ?? 0);
      return command.startsWith('RCPT ') && bytes > 1000 ? REPLIES.overquota : undefined;
    };
    const asked = [
      recipientOf('alice@example.jp', 1000),
      recipientOf('bob@example.jp', 1000),
      recipientOf('alice@example.jp', 1001),
      recipientOf('alice@example.jp'),
    ];
    expect(await judge(rig, ...asked)).toEqual(['deliverable', 'deliverable', 'overquota', 'deliverable']);
    expect(rig.lmtpd.commands.slice(1)).toEqual([
      ...['MAIL FROM:<> SIZE=1000', 'RCPT TO:<alice@example.jp>', 'RCPT TO:<bob@example.jp>', 'RSET'],
      ...['MAIL FROM:<> SIZE=1001', 'RCPT TO:<alice@example.jp>', 'RSET'],
      ...['MAIL FROM:<>', 'RCPT TO:<alice@example.jp>', 'RSET'],
    ]);
  });

  test('is not told to a lmtpd that knows no SIZE', async () => {
    const rig = await Rig.start(ONE);
    rig.lmtpd.override = (command, usual) =>
      command.startsWith('LHLO ') ? usual.replace('250-SIZE\r\n', '') : undefined;
    expect(await judge(rig, recipientOf('alice@example.jp', 1000))).toEqual(['deliverable']);
    expect(rig.lmtpd.commands.slice(1)).toEqual(['MAIL FROM:<>', 'RCPT TO:<alice@example.jp>', 'RSET']);
  });

  test('that lmtpd takes for nobody says nothing of the mailbox, and the session goes on', async () => {
    const rig = await Rig.start(ONE);
    let mail = true;
    rig.lmtpd.override = (command) => {
      if (command.startsWith('MAIL ')) mail = !command.includes('SIZE=');
      if (command.startsWith('MAIL ') && !mail)
        return '552 5.2.3 Message size (9) exceeds fixed maximum (8)\r\n';
      return command.startsWith('RCPT ') && !mail ? '503 5.5.1 Need MAIL command\r\n' : undefined;
    };
    expect(await judge(rig, recipientOf('alice@example.jp', 9))).toEqual(['deferred']);
    expect(await judge(rig, recipientOf('alice@example.jp'))).toEqual(['deliverable']);
    expect(rig.lmtpd.dialogues).toHaveLength(1);
  });

  test('makes no witness of the mailbox: that is asked without it', async () => {
    const rig = await Rig.start({ ...ONE, canary: undefined });
    expect(await judge(rig, recipientOf('alice@example.jp', 1000))).toEqual(['deliverable']);
    expect(await judge(rig, recipientOf('nobody@example.jp', 1000))).toEqual(['deferred']);
    expect(await judge(rig, recipientOf('bob@example.jp'))).toEqual(['deliverable']);
    expect(await judge(rig, recipientOf('nobody@example.jp', 1000))).toEqual(['unknown']);
    expect(rig.lmtpd.commands.slice(-9)).toEqual([
      ...['MAIL FROM:<>', 'RCPT TO:<bob@example.jp>', 'RSET'],
      ...['MAIL FROM:<> SIZE=1000', 'RCPT TO:<nobody@example.jp>', 'RSET'],
      ...['MAIL FROM:<>', 'RCPT TO:<bob@example.jp>', 'RSET'],
    ]);
  });
});

describe('the witness', () => {
  test('is asked around an unknown, in a transaction of its own the first time, then along with the batch', async () => {
    const rig = await Rig.start();
    expect(await rig.askAll('alice@example.jp', 'nobody@example.jp')).toEqual([
      'deliverable probe',
      'unknown probe',
    ]);
    expect(rig.lmtpd.recipients).toEqual([
      ...['alice@example.jp', 'nobody@example.jp'],
      ...[CANARY, 'nobody@example.jp', CANARY],
    ]);
    await rig.pass(1_001);
    await rig.askAll('no1@example.jp');
    expect(rig.lmtpd.recipients.slice(5)).toEqual([CANARY, 'no1@example.jp', CANARY]);
  });

  test('the witness after one batch stands before the next, if that follows within 20 ms', async () => {
    const rig = await Rig.start();
    await rig.askAll('no1@example.jp');
    await rig.pass(15);
    await rig.askAll('no2@example.jp');
    expect(rig.lmtpd.recipients.slice(4)).toEqual(['no2@example.jp', CANARY]);
    await rig.pass(25);
    await rig.askAll('no3@example.jp');
    expect(rig.lmtpd.recipients.slice(6)).toEqual([CANARY, 'no3@example.jp', CANARY]);
    await rig.askAll('alice@example.jp');
    await rig.askAll('no4@example.jp');
    expect(rig.lmtpd.recipients.slice(11)).toEqual(['no4@example.jp', CANARY, 'no4@example.jp', CANARY]);
  });

  test('is not asked where nothing is unknown', async () => {
    const rig = await Rig.start();
    await rig.askAll('alice@example.jp', 'full@example.jp', 'closed@example.jp', 'damaged@example.jp');
    expect(rig.lmtpd.recipients).not.toContain(CANARY);
  });

  test('over quota is as good as deliverable', async () => {
    const rig = await Rig.start();
    rig.lmtpd.mailboxes.set(CANARY, REPLIES.overquota);
    expect(await rig.reply('nobody@example.jp')).toBe(`NOTFOUND ${MAILBOX}`);
  });

  test.each([
    ['unknown', REPLIES.unknown],
    ['refused', REPLIES.refused],
    ['damaged', REPLIES.damaged],
  ])(
    '%s: the unknowns of that batch are TEMP, the rest stands, and there is one alarm',
    async (kind, reply) => {
      const rig = await Rig.start();
      rig.lmtpd.mailboxes.set(CANARY, reply);
      for (let i = 0; i < 3; i++) {
        expect(await rig.askAll(`no${i}@example.jp`, 'alice@example.jp')).toEqual([
          'deferred probe',
          `deliverable ${i === 0 ? 'probe' : 'known'}`,
        ]);
      }
      expect(await rig.reason('no4@example.jp')).toContain(
        `${CANARY} is ${kind === 'damaged' ? 'deferred' : kind}`,
      );
      expect(rig.lines).toEqual([`witness-failed ${CANARY}`]);
      rig.lmtpd.mailboxes.set(CANARY, REPLIES.deliverable);
      expect(await rig.reply('no5@example.jp')).toBe(`NOTFOUND ${MAILBOX}`);
      expect(rig.lines).toEqual([`witness-failed ${CANARY}`, `witness-recovered ${CANARY}`]);
    },
  );

  test('a Cyrus whose mailboxes.db is gone says unknown to all: nobody is NOTFOUND', async () => {
    const rig = await Rig.start();
    rig.lmtpd.mailboxes.clear();
    expect(await rig.askAll('alice@example.jp', CANARY, 'nobody@example.jp')).toEqual(
      Array(3).fill('deferred probe'),
    );
  });

  const moments = Array.from({ length: 10 }, (_, moment) => moment);
  test.each([
    ...moments.map((moment) => ({ moved: 'away', moment, isGone: (asked: number) => asked >= moment })),
    ...moments.map((moment) => ({ moved: 'back', moment, isGone: (asked: number) => asked < moment })),
  ])('mailboxes.db moved $moved at RCPT $moment: no existing mailbox is NOTFOUND', async ({ isGone }) => {
    const rig = await Rig.start({ backchannel: { connections: 1 } });
    let asked = 0;
    rig.lmtpd.override = (command) => {
      if (!command.startsWith('RCPT')) return undefined;
      return isGone(asked++) ? REPLIES.unknown : undefined;
    };
    for (let round = 0; round < 3; round++) {
      const outcomes = await rig.askAll('alice@example.jp', 'bob@example.jp', `no${round}@example.jp`);
      expect(outcomes.slice(0, 2)).not.toContain('unknown probe');
      rig.validator.forgetAll();
    }
    expect(asked).toBeGreaterThan(moments.length);
  });

  test('the canary that is asked for itself: its own word alone makes it unknown to nobody', async () => {
    const rig = await Rig.start();
    rig.lmtpd.mailboxes.delete(CANARY);
    expect(await rig.reply(CANARY)).toMatch(/^TEMP/);
  });

  describe('without a canary', () => {
    test('before any mailbox was confirmed unknowns are TEMP, with one line that names the key to set', async () => {
      const rig = await Rig.start({ canary: undefined });
      expect(await rig.askAll('no1@example.jp', 'no2@example.jp')).toEqual(Array(2).fill('deferred probe'));
      expect(await rig.reason('no3@example.jp')).toContain('set the canary');
      expect(rig.lines).toEqual(['witness-missing']);
    });

    test('the mailbox most recently confirmed is asked, even one of the same batch', async () => {
      const rig = await Rig.start({ canary: undefined });
      expect(await rig.askAll('no1@example.jp', 'alice@example.jp', 'bob@example.jp')).toEqual([
        'unknown probe',
        'deliverable probe',
        'deliverable probe',
      ]);
      expect(rig.lmtpd.recipients.slice(3)).toEqual(['bob@example.jp', 'no1@example.jp', 'bob@example.jp']);
      expect(rig.lines).toEqual([]);
    });

    test('one that was deleted since is no witness for itself, and is given up', async () => {
      const rig = await Rig.start({ canary: undefined });
      await rig.askAll('alice@example.jp');
      rig.lmtpd.mailboxes.delete('alice@example.jp');
      rig.validator.forget('alice@example.jp');
      expect(await rig.reply('alice@example.jp')).toMatch(/^TEMP no witness/);
      expect(await rig.reply('no1@example.jp')).toMatch(
        /^TEMP the witness mailbox alice@example.jp is unknown/,
      );
      await rig.askAll('bob@example.jp');
      expect(await rig.reply('alice@example.jp')).toBe(`NOTFOUND ${MAILBOX}`);
    });

    test('one that is over quota is not learned: it may be full because Cyrus is ill', async () => {
      const rig = await Rig.start({ canary: undefined });
      await rig.askAll('full@example.jp');
      expect(await rig.reply('no1@example.jp')).toMatch(/^TEMP/);
    });
  });
});

describe('details', () => {
  test('the user is asked first, then the whole address, each with the witness', async () => {
    const rig = await Rig.start();
    rig.lmtpd.mailboxes.set('post+shared/info@example.jp', REPLIES.deliverable);
    expect(await rig.reply('post+shared/info@example.jp')).toBe('OK post+shared/info@example.jp');
    expect(rig.lmtpd.recipients).toEqual([
      'post@example.jp',
      ...[CANARY, 'post@example.jp', CANARY],
      ...['post+shared/info@example.jp', CANARY],
    ]);
    expect(await rig.reply('post+other@example.jp')).toBe(`NOTFOUND ${MAILBOX}`);
  });

  test('a shared mailbox without the right p is refused', async () => {
    const rig = await Rig.start();
    rig.lmtpd.mailboxes.set('post+shared/closed@example.jp', REPLIES.refused);
    expect(await rig.reply('post+shared/closed@example.jp')).toBe('NOTFOUND Permission denied');
  });

  test('with the post user configured there is one question', async () => {
    const addressRules = { ...DEFAULT_ADDRESS_RULES, postUser: 'post' };
    const rig = await Rig.start({ lookup: { addressRules } });
    rig.lmtpd.mailboxes.set('post+shared/info@example.jp', REPLIES.deliverable);
    expect(await rig.reply('post+shared/info@example.jp')).toBe('OK post+shared/info@example.jp');
    expect(rig.lmtpd.recipients).toEqual(['post+shared/info@example.jp']);
  });

  test('no random detail walks past the cache', async () => {
    const rig = await Rig.start();
    await rig.askAll('alice@example.jp');
    for (let i = 0; i < 50; i++) expect(rig.known(`alice+r${i}@example.jp`)).toBe('deliverable known');
    expect(rig.lmtpd.recipients).toEqual(['alice@example.jp']);
  });
});

describe('keys that nobody is asked about', () => {
  test.each([
    'al ice@example.jp',
    '"alice"@example.jp',
    'alice@example.jp\r\nRCPT TO:<bob@example.jp>',
    'alice@example.jp>\r\nDATA',
    'a@b@example.jp',
    '@example.jp',
    `${'a'.repeat(1100)}@example.jp`,
  ])('%j is NOTFOUND at once', async (key) => {
    const rig = await Rig.start();
    expect(rig.known(key)).toBe('unknown rule');
    expect(await rig.reply(key)).toBe(`NOTFOUND ${MAILBOX}`);
    await rig.pass(0);
    expect(rig.lmtpd.dialogues).toEqual([]);
  });

  test('8-bit is TEMP where that is configured, or where lmtpd offers SMTPUTF8', async () => {
    const temp = await Rig.start({ lookup: { eightBit: 'temp' } });
    expect(await temp.reply('m\xfcller@example.jp')).toMatch(/^TEMP/);
    const rig = await Rig.start({ where: `${temporaryFolder()}/utf8` });
    rig.lmtpd.override = (command, usual) =>
      command.startsWith('LHLO') ? `250-SMTPUTF8\r\n250-SMTPUTF8\r\n${usual}` : undefined;
    for (let i = 0; i < 2; i++) {
      expect(await rig.reply('m\xfcller@example.jp')).toMatch(/^TEMP/);
      await rig.askAll('alice@example.jp');
    }
  });

  test('8-bit is TEMP as long as it is not known whether lmtpd offers SMTPUTF8, which is found out', async () => {
    const rig = await Rig.start();
    expect(await rig.reply('m\xfcller@example.jp')).toMatch(/^TEMP/);
    await rig.lmtpd.until(() => rig.lmtpd.commands.some((command) => command.startsWith('LHLO')));
    await rig.pass(0);
    expect(await rig.reply('m\xfcller@example.jp')).toBe(`NOTFOUND ${MAILBOX}`);
    expect([rig.lmtpd.connections, rig.lmtpd.recipients]).toEqual([1, []]);
  });

  test('an address that is always accepted, and every detail of it', async () => {
    const rig = await Rig.start({ lookup: { alwaysAccept: ['postmaster', 'abuse@example.jp'] } });
    expect(await rig.reply('Postmaster@example.net')).toBe('OK Postmaster@example.net');
    expect(await rig.reply('abuse+x@example.jp')).toBe('OK abuse+x@example.jp');
    expect(await rig.reply('abuse@example.net')).toBe(`NOTFOUND ${MAILBOX}`);
    expect(rig.lmtpd.recipients).not.toContain('abuse@example.jp');
  });
});

// What a lmtpd may do to us. Whatever it is: TEMP in time, and nobody's next question gets another's answer.
import { describe, expect, test, vi } from 'vitest';
import { DEFAULT_POOL_LIMITS } from '../../src/cyrus/pool/pool.js';
import { CLOSE, REPLIES, SILENCE, type Override } from '../fakes/lmtp-server.js';
import { Rig, standStill, turns } from './lmtp-rig.js';

standStill();

const DEADLINE_MS = 5000;
const REPLY_TIMEOUT_MS = 10_000;
const UNPROVEN_MS = DEFAULT_POOL_LIMITS.unprovenTimeoutMs;

/** Misbehaves once: at the first command that matches, or so many times. */
function once(pattern: RegExp, act: (usual: string) => ReturnType<Override>, times = 1): Override {
  let left = times;
  return (command, usual) => {
    if (left === 0 || !pattern.test(command)) return undefined;
    left -= 1;
    return act(usual);
  };
}

/** Each wrong in a way that shows before the batch is over. */
const BROKEN: [string, RegExp, (usual: string) => ReturnType<Override>][] = [
  ['closes instead of a reply to RCPT', /^RCPT/, () => CLOSE],
  ['closes instead of a reply to MAIL', /^MAIL/, () => CLOSE],
  ['closes instead of a reply to RSET', /^RSET/, () => CLOSE],
  ['says 421 to RCPT', /^RCPT/, () => '421 4.3.2 shutting down\r\n'],
  ['says 421 to RSET', /^RSET/, () => '421 4.4.1 bye\r\n'],
  ['answers RCPT twice', /^RCPT/, (usual) => usual + usual],
  ['answers RCPT twice, otherwise', /^RCPT/, (usual) => usual + REPLIES.unknown],
  ['answers MAIL twice', /^MAIL/, (usual) => usual + usual],
  ['answers RSET twice', /^RSET/, (usual) => usual + usual],
  ['says something more after RSET', /^RSET/, (usual) => `${usual}250 2.1.5 ok\r\n`],
  ['says half a line more after RSET', /^RSET/, (usual) => `${usual}25`],
  ['answers RCPT to MAIL', /^MAIL/, () => REPLIES.deliverable],
  ['answers RCPT to RSET', /^RSET/, () => REPLIES.deliverable],
  ['answers MAIL with a bare 250', /^MAIL/, () => '250 ok\r\n'],
  ['answers RSET with a bare 250', /^RSET/, () => '250 ok\r\n'],
  ['refuses MAIL', /^MAIL/, () => '451 4.3.0 not now\r\n'],
  ['wants a login', /^MAIL/, () => '530 Authentication required\r\n'],
  ['says a line without a code', /^RCPT/, () => 'ok\r\n'],
  ['says a line that is too long', /^RCPT/, () => `250 2.1.5 ${'x'.repeat(5000)}\r\n`],
  ['says a line without an end', /^RCPT/, () => `250 2.1.5 ${'x'.repeat(5000)}`],
  ['says a reply without an end', /^RCPT/, () => '250-2.1.5 ok\r\n'.repeat(100)],
  ['changes its code in a reply', /^RCPT/, () => '250-2.1.5 ok\r\n550 5.1.1 User unknown\r\n'],
  ['sends a NUL', /^RCPT/, () => '\0'.repeat(5000)],
];

describe('a broken dialogue', () => {
  test.each(BROKEN)(
    'lmtpd %s: the questions are asked once more on a fresh connection',
    async (_, pattern, act) => {
      const rig = await Rig.start();
      rig.lmtpd.override = once(pattern, act);
      expect(await rig.askAll('alice@example.jp', 'full@example.jp')).toEqual([
        'deliverable probe',
        'overquota probe',
      ]);
      expect(rig.lmtpd.dialogues).toHaveLength(2);
      await rig.lmtpd.until(() => rig.lmtpd.dialogues[0]?.closed === true);
      expect(rig.lines).toEqual([]);
    },
  );

  test.each(BROKEN)(
    'lmtpd %s, always: TEMP, and then it is left alone for a while',
    async (_, pattern, act) => {
      const rig = await Rig.start();
      rig.lmtpd.override = once(pattern, act, Infinity);
      for (let round = 0; round < 5; round++) {
        for (const settled of await rig.askAll('alice@example.jp', 'full@example.jp')) {
          expect(settled).toMatch(/^deferred (?:probe|down)$/);
        }
      }
      const dialogues = rig.lmtpd.dialogues.length;
      expect(dialogues).toBeLessThanOrEqual(8);
      expect(await rig.askAll('alice@example.jp', 'nobody@example.jp')).toEqual(
        Array(2).fill('deferred down'),
      );
      expect(rig.lmtpd.dialogues).toHaveLength(dialogues);
      expect(rig.lines).toEqual(['backend-down']);
      rig.lmtpd.override = () => undefined;
      await rig.pass(1000);
      expect(await rig.askAll('alice@example.jp', 'nobody@example.jp')).toEqual([
        'deliverable probe',
        'unknown probe',
      ]);
      expect(rig.lines).toEqual(['backend-down', 'backend-up']);
    },
  );

  test.each(BROKEN)('lmtpd %s, to the witness: nobody is unknown by it', async (_, pattern, act) => {
    const rig = await Rig.start();
    await rig.askAll('alice@example.jp');
    let transactions = 0;
    rig.lmtpd.override = (command, usual) => {
      if (command.startsWith('MAIL')) transactions += 1;
      return transactions > 1 && pattern.test(command) ? act(usual) : undefined;
    };
    const asked = rig.ask('nobody@example.jp');
    await vi.waitUntil(() => asked.settled !== undefined, { interval: 1 });
    expect(asked.settled).toMatch(/^deferred/);
  });

  const STRAYS: [string, string][] = [
    ['a MAIL', '250 2.1.0 ok\r\n'],
    ['a 421', '421 4.4.1 bye idle for too long\r\n'],
    ['an unknown', REPLIES.unknown],
    ['a dialogue with an unknown', `250 2.1.0 ok\r\n${REPLIES.unknown}250 2.0.0 Ok\r\n`],
  ];
  test.each(STRAYS)(
    '%s that nobody asked for is nobody’s answer, read before the question or after it',
    async (_, bytes) => {
      const rig = await Rig.start({ backchannel: { connections: 1 } });
      for (let round = 0; round < 3; round++) {
        rig.validator.forgetAll();
        await rig.askAll('alice@example.jp');
        rig.lmtpd.say(bytes);
        expect(await rig.askAll('bob@example.jp', 'full@example.jp')).toEqual([
          'deliverable probe',
          'overquota probe',
        ]);
        rig.lmtpd.say(bytes);
        await turns();
        expect(await rig.askAll('nobody@example.jp')).toEqual(['unknown probe']);
      }
      expect(rig.lines).toEqual([]);
    },
  );

  test('nor is a whole dialogue, once it was read', async () => {
    const rig = await Rig.start({ backchannel: { connections: 1 } });
    await rig.askAll('alice@example.jp');
    rig.lmtpd.say('250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 2.0.0 Ok\r\n');
    await turns();
    expect(await rig.askAll('nobody@example.jp')).toEqual(['unknown probe']);
  });
});

describe('a batch that takes long', () => {
  test('and in which a reply comes twice: its yes is nobody’s, and each is asked about once more', async () => {
    const rig = await Rig.start();
    const held = rig.lmtpd.hold(/<bob@/);
    let times = 0;
    rig.lmtpd.override = (command, usual) => {
      if (!command.startsWith('RCPT TO:<alice@') || times++ > 0) return undefined;
      return usual + usual;
    };
    const [alice, nobody, bob] = ['alice', 'nobody', 'bob'].map((local) => rig.ask(`${local}@example.jp`));
    await rig.lmtpd.until(() => rig.lmtpd.commands.includes('RSET'));
    await rig.pass(UNPROVEN_MS);
    expect(await alice?.outcome).toBe('deliverable probe');
    expect(await nobody?.outcome).toBe('unknown probe');
    held.release();
    expect(await bob?.outcome).toBe('deliverable probe');
    expect(rig.lines).toEqual([]);
  });

  test('all replies of a transaction, once more after the next command: they are nobody’s no', async () => {
    const rig = await Rig.start({ backchannel: { connections: 1 } });
    await rig.askAll('nobody@example.jp');
    await rig.pass(1_000);
    let said = '';
    rig.lmtpd.override = (_, usual) => {
      said += usual;
      return undefined;
    };
    // From now on a witness stands before and after, as in the next transaction.
    expect(await rig.askAll('another@example.jp')).toEqual(['unknown probe']);
    await rig.pass(1_000);
    let again = true;
    rig.lmtpd.override = (command) => {
      if (command === '' || command.startsWith('LHLO')) again = false;
      if (!again) return undefined;
      return command.startsWith('MAIL') ? said : SILENCE;
    };
    expect(await rig.askAll('alice@example.jp')).toEqual(['deliverable probe']);
    expect(rig.lmtpd.dialogues).toHaveLength(2);
    expect(rig.lines).toEqual([]);
  });
});

describe('opening', () => {
  const OPENINGS: [string, RegExp, (usual: string) => ReturnType<Override>][] = [
    ['closes without a greeting', /^$/, () => CLOSE],
    ['greets with 421', /^$/, () => "421 4.3.0 lmtpd: can't read mailboxes file\r\n"],
    ['greets with 554', /^$/, () => '554 5.3.2 not now\r\n'],
    ['greets with 250', /^$/, () => '250 hello\r\n'],
    ['greets twice', /^$/, (usual) => usual + usual],
    ['greets with nonsense', /^$/, () => 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['closes after LHLO', /^LHLO/, () => CLOSE],
    ['refuses LHLO', /^LHLO/, () => '500 5.5.2 Syntax error\r\n'],
    ['answers LHLO twice', /^LHLO/, (usual) => usual + usual],
  ];
  test.each(OPENINGS)('a lmtpd that %s: TEMP, and it is left alone for a second', async (_, pattern, act) => {
    const rig = await Rig.start();
    rig.lmtpd.override = once(pattern, act, Infinity);
    expect(await rig.askAll('alice@example.jp', 'nobody@example.jp')).toEqual(
      Array(2).fill('deferred probe'),
    );
    expect(await rig.askAll('alice@example.jp')).toEqual(['deferred down']);
    expect(rig.lmtpd.dialogues).toHaveLength(1);
    expect(rig.lines).toEqual(['backend-down']);
    rig.lmtpd.override = () => undefined;
    await rig.pass(1000);
    expect(await rig.askAll('alice@example.jp')).toEqual(['deliverable probe']);
    expect(rig.lines).toEqual(['backend-down', 'backend-up']);
  });

  test('a lmtpd that greets with nothing for two seconds (maxchild): TEMP then, and at once after that', async () => {
    const rig = await Rig.start();
    rig.lmtpd.override = (command) => (command === '' ? SILENCE : undefined);
    const alice = rig.ask('alice@example.jp');
    await rig.lmtpd.until(() => rig.lmtpd.connections === 1);
    await rig.pass(1999);
    expect(alice.settled).toBeUndefined();
    await rig.pass(1);
    expect(alice.settled).toBe('deferred deadline');
    await rig.lmtpd.until(() => rig.lmtpd.connections === 0);
    expect(await rig.askAll('alice@example.jp')).toEqual(['deferred down']);
    expect(rig.lmtpd.dialogues).toHaveLength(1);
  });

  test('the pauses grow from one second to ten while nobody listens', async () => {
    const rig = await Rig.start();
    await rig.lmtpd.stop();
    for (const pauseMs of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
      expect(await rig.reason('alice@example.jp')).toMatch(/^no connection to unix:/);
      await rig.pass(pauseMs - 1);
      expect(await rig.reason('alice@example.jp')).toMatch(
        /^back-channel .* is down: no connection to unix:/,
      );
      await rig.pass(1);
    }
    expect(rig.lines).toEqual(['backend-down']);
  });
});

describe('silence', () => {
  test.each([
    ['MAIL', /^MAIL/],
    ['RCPT', /^RCPT/],
  ])(
    'after %s: TEMP at the deadline, and after the reply timeout at once; once lmtpd goes on, so do we',
    async (_, pattern) => {
      const rig = await Rig.start();
      const held = rig.lmtpd.hold(pattern);
      const alice = rig.ask('alice@example.jp');
      await rig.lmtpd.until(() => rig.lmtpd.commands.includes('RSET'));
      await rig.pass(DEADLINE_MS - 1);
      expect(alice.settled).toBeUndefined();
      await rig.pass(1);
      expect(alice.settled).toBe('deferred deadline');
      await rig.pass(REPLY_TIMEOUT_MS - DEADLINE_MS);
      expect(await rig.askAll('alice@example.jp')).toEqual(['deferred down']);
      expect(rig.lines).toEqual(['backend-down']);
      // It is not closed: lmtpd would hang on, and each attempt would leave one more that does.
      expect([rig.lmtpd.connections, rig.lmtpd.dialogues.length]).toEqual([1, 1]);
      held.release();
      await rig.pass(0);
      expect(await rig.askAll('alice@example.jp')).toEqual(['deliverable probe']);
      expect(rig.lines).toEqual(['backend-down', 'backend-up']);
      expect(rig.lmtpd.dialogues).toHaveLength(1);
    },
  );

  test('after RSET: who exists is soon asked about once more, alone, and nobody else is', async () => {
    const rig = await Rig.start();
    const held = rig.lmtpd.hold(/^RSET/);
    const [alice, full, closed, nobody] = ['alice', 'full', 'closed', 'nobody'].map((local) =>
      rig.ask(`${local}@example.jp`),
    );
    await rig.lmtpd.until(() => rig.lmtpd.commands.includes('RSET'));
    const asked = rig.lmtpd.commands.length;
    await rig.pass(UNPROVEN_MS - 1);
    expect([alice?.settled, rig.lmtpd.commands.length]).toEqual([undefined, asked]);
    await rig.pass(1);
    expect(await alice?.outcome).toBe('deliverable probe');
    expect(rig.lmtpd.dialogues[1]?.commands.slice(1)).toEqual([
      'MAIL FROM:<>',
      'RCPT TO:<alice@example.jp>',
      'RSET',
    ]);
    await rig.pass(UNPROVEN_MS);
    expect([full, closed, nobody].map((each) => each?.settled)).toEqual(Array(3).fill(undefined));
    held.release();
    await rig.pass(0);
    expect([full, closed, nobody].map((each) => each?.settled)).toEqual([
      'overquota probe',
      'refused probe',
      'unknown probe',
    ]);
  });

  test('where the deadline allows it, who waits behind it is asked on another connection', async () => {
    const rig = await Rig.start();
    let silent = true;
    rig.lmtpd.override = (command) => {
      if (!silent || !command.startsWith('RCPT')) return undefined;
      silent = false;
      return SILENCE;
    };
    const alice = rig.ask('alice@example.jp');
    await rig.lmtpd.until(() => rig.lmtpd.commands.includes('RSET'));
    const bob = rig.ask('bob@example.jp');
    await rig.pass(5);
    expect(await bob.outcome).toBe('deliverable probe');
    await rig.pass(DEADLINE_MS);
    expect(alice.settled).toBe('deferred deadline');
  });
});

describe('a late answer', () => {
  test('is nobody’s reply, but the next one knows it', async () => {
    const rig = await Rig.start({ backchannel: { connections: 1 } });
    const held = rig.lmtpd.hold(/<alice@/);
    const alice = rig.ask('alice@example.jp');
    await rig.lmtpd.until(() => rig.lmtpd.commands.includes('RSET'));
    await rig.pass(DEADLINE_MS);
    expect(alice.settled).toBe('deferred deadline');
    const bob = rig.ask('bob@example.jp');
    held.release();
    expect(await bob.outcome).toBe('deliverable probe');
    expect(alice.settled).toBe('deferred deadline');
    expect(rig.known('alice@example.jp')).toBe('deliverable known');
    expect(rig.lmtpd.dialogues).toHaveLength(1);
  });

  test('of a lmtpd that is slower than the reply timeout comes to nobody at all', async () => {
    const rig = await Rig.start({ backchannel: { connections: 1 } });
    const held = rig.lmtpd.hold(/<alice@/);
    const alice = rig.ask('alice@example.jp');
    await rig.lmtpd.until(() => rig.lmtpd.commands.includes('RSET'));
    await rig.pass(REPLY_TIMEOUT_MS);
    held.release(REPLIES.unknown);
    await rig.pass(1000);
    expect(await rig.askAll('bob@example.jp')).toEqual(['deliverable probe']);
    expect(await alice.outcome).toBe('deferred deadline');
    expect(rig.known('alice@example.jp')).toBeUndefined();
  });
});

describe('a crowd', () => {
  test('gets each its own answer, whatever connection is lost meanwhile', async () => {
    const rig = await Rig.start();
    const expected = new Map<string, string>();
    for (let i = 0; i < 500; i++) {
      const key = `u${i}@example.jp`;
      if (i % 3 === 0) rig.lmtpd.mailboxes.set(key, REPLIES.deliverable);
      if (i % 3 === 1) rig.lmtpd.mailboxes.set(key, REPLIES.overquota);
      expected.set(key, ['deliverable probe', 'overquota probe', 'unknown probe'][i % 3] ?? '');
    }
    const closesAt = new Set(['u5@example.jp', 'u300@example.jp', 'u499@example.jp']);
    rig.lmtpd.override = (command) =>
      closesAt.delete(/<(.*)>/.exec(command)?.[1] ?? '') ? CLOSE : undefined;
    const outcomes = await rig.askAll(...expected.keys());
    expect(outcomes).toEqual([...expected.values()]);
    expect(closesAt.size).toBe(0);
  });
});

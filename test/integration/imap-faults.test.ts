// What an imapd may do to us. Whatever it is: TEMP in time, and nobody's next question gets another's answer.
import { describe, expect, test } from 'vitest';
import { CLOSE, CUT, SILENCE, type Override } from '../fakes/dialogue-server.js';
import { UNASKED_MAX } from '../../src/cyrus/wire/connection.js';
import { PASSWORD, USER } from '../fakes/imap-server.js';
import { standStill, turns } from './lmtp-rig.js';
import { startImap } from './network-rig.js';

standStill();

const IMAP_DATA_MAX = 100;
const STUCK_FOR_MS = 30_000;

const DEADLINE_MS = 5_000;
const REPLY_TIMEOUT_MS = 10_000;
const QUOTAROOT = / GETQUOTAROOT /;

/** Misbehaves at the commands that match, so many times. */
function misbehaving(pattern: RegExp, act: (usual: string) => ReturnType<Override>, times: number): Override {
  let left = times;
  return (command, usual) => {
    if (left === 0 || !pattern.test(command)) return undefined;
    left -= 1;
    return act(usual);
  };
}

/** Each wrong in a way that shows before the batch is over. */
const BROKEN: [string, (usual: string) => ReturnType<Override>][] = [
  ['closes', () => CLOSE],
  ['closes within a line', () => CUT],
  ['takes leave', () => '* BYE Server shutting down\r\n'],
  ['takes leave behind the answer', (usual) => `${usual}* BYE idle for too long\r\n`],
  ['answers twice', (usual) => usual + usual],
  [
    'answers twice, otherwise',
    (usual) => `${usual}${/^c\d+/m.exec(usual)?.[0]} NO Mailbox does not exist\r\n`,
  ],
  ['answers with the tag of the next command', (usual) => usual.replace(/c(\d+)/g, 'c9$1')],
  ['answers with the tag of a former command', (usual) => usual.replace(/c\d+/g, 'c1')],
  [
    'answers about another mailbox',
    (usual) => usual.replace(/^\* QUOTAROOT .*$/m, '* QUOTAROOT user/x@example.jp'),
  ],
  ['answers OK without a quota root', (usual) => usual.replace(/^\* QUOTAROOT.*\r\n/gm, '')],
  ['names two quota roots', (usual) => usual.replace(/^(\* QUOTAROOT.*\r\n)/gm, '$1$1')],
  ['asks to go on', () => '+ go ahead\r\n'],
  ['says BAD without a tag', (usual) => `* BAD Invalid tag\r\n${usual}`],
  ['greets again', (usual) => `* PREAUTH hello\r\n${usual}`],
  ['announces a literal without end', () => '* QUOTAROOT {99999999}\r\n'],
  ['sends a line without end', () => `* QUOTAROOT ${'x'.repeat(70_000)}`],
  ['sends responses without end', (usual) => `${'* OK still here\r\n'.repeat(IMAP_DATA_MAX + 1)}${usual}`],
  ['sends nonsense', () => 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['sends a line end without CR', (usual) => usual.replaceAll('\r\n', '\n')],
];

describe('a broken dialogue', () => {
  test.each(BROKEN)('imapd %s: what it was asked is asked once more', async (_, act) => {
    const { imapd, rig } = await startImap();
    imapd.server.override = misbehaving(QUOTAROOT, act, 1);
    expect(await rig.askAll('alice@example.jp')).toEqual(['deliverable']);
    expect(imapd.logins).toBe(2);
    await imapd.server.until(() => imapd.server.dialogues[0]?.closed === true);
    expect(rig.lines).toEqual([]);
  });

  test.each(BROKEN)('imapd %s, always: TEMP, and few logins', async (_, act) => {
    const { imapd, rig } = await startImap();
    imapd.server.override = misbehaving(QUOTAROOT, act, Infinity);
    const keys = Array.from({ length: 50 }, (_, i) =>
      i % 2 === 0 ? `alice+${i}@example.jp` : `no${i}@example.jp`,
    );
    expect(new Set(await rig.askAll('alice@example.jp', 'no@example.jp'))).toEqual(new Set(['deferred']));
    for (let round = 0; round < 10; round++) {
      expect(new Set(await rig.askAll(...keys))).toEqual(new Set(['deferred']));
    }
    expect(imapd.logins).toBeLessThanOrEqual(10);
    expect(rig.lines.map(({ event }) => event)).toEqual(['backend-down']);
    imapd.server.override = () => undefined;
    await rig.pass(10_000);
    expect(await rig.askAll('alice@example.jp', 'no@example.jp')).toEqual(['deliverable', 'unknown']);
    expect(rig.lines.map(({ event }) => event)).toEqual(['backend-down', 'backend-up']);
  });

  test.each(BROKEN)('imapd %s, to the witness: nobody is unknown by it', async (_, act) => {
    const { imapd, rig } = await startImap();
    await rig.askAll('alice@example.jp');
    imapd.server.override = misbehaving(/ GETQUOTAROOT "user\/canary@/, act, Infinity);
    expect(await rig.askAll('nobody@example.jp')).toEqual(['deferred']);
  });

  test.each([
    ['a tagged OK', 'c9 OK Completed\r\n'],
    ['a tagged NO', 'c6 NO Mailbox does not exist\r\n'],
    ['a BYE', '* BYE idle for too long\r\n'],
    ['an alert', '* OK [ALERT] maintenance\r\n'],
  ])('%s that nobody asked for ends the session, and is nobody’s answer', async (_, bytes) => {
    const { imapd, rig } = await startImap();
    await rig.askAll('alice@example.jp');
    imapd.server.say(bytes);
    expect(await rig.askAll('bob@example.jp', 'full@example.jp')).toEqual(['deliverable', 'overquota']);
    imapd.server.say(bytes);
    await turns();
    expect(await rig.askAll('nobody@example.jp')).toEqual(['unknown']);
    expect(rig.lines).toEqual([]);
  });

  test('an answer without a tag is found out by the next one, where they are asked at once', async () => {
    const { imapd, rig } = await startImap();
    imapd.server.override = misbehaving(QUOTAROOT, (usual) => usual.replace(/^c\d+ /gm, '* '), 1);
    const keys = ['alice', 'bob', 'full', 'nobody', 'none'].map((local) => `${local}@example.jp`);
    expect(await rig.askAll(...keys)).toEqual([
      ...['deliverable', 'deliverable', 'overquota'],
      ...['unknown', 'unknown'],
    ]);
    expect(imapd.logins).toBe(2);
  });

  test('an alert within an answer is none of our business', async () => {
    const { imapd, rig } = await startImap();
    imapd.server.override = (command, usual) =>
      QUOTAROOT.test(command) ? `* OK [ALERT] maintenance\r\n* NO beware\r\n${usual}` : undefined;
    expect(await rig.askAll('alice@example.jp', 'nobody@example.jp')).toEqual(['deliverable', 'unknown']);
    expect(imapd.logins).toBe(1);
  });
});

describe('a warning to all users', () => {
  const ALERT = '* OK [ALERT] The machine goes down at six.\r\n';

  test.each([
    ['behind the greeting', /^$/],
    ['behind the answer to CAPABILITY', / CAPABILITY$/],
    ['behind that to the login', / AUTHENTICATE /],
    ['behind that to a question', QUOTAROOT],
  ])('%s changes nothing', async (_, pattern) => {
    const { imapd, rig } = await startImap();
    imapd.server.override = misbehaving(pattern, (usual) => `${usual}${ALERT}`, 1);
    expect(await rig.askAll('alice@example.jp', 'nobody@example.jp')).toEqual(['deliverable', 'unknown']);
    expect(await rig.askAll('bob@example.jp')).toEqual(['deliverable']);
    expect([imapd.logins, rig.lines]).toEqual([1, []]);
  });

  test('while nothing is asked changes nothing, in single bytes neither', async () => {
    const { imapd, rig } = await startImap();
    await rig.askAll('alice@example.jp');
    imapd.server.splitting = true;
    imapd.server.say(`${ALERT}* 3 EXISTS\r\n`);
    await rig.pass(0);
    expect(await rig.askAll('bob@example.jp')).toEqual(['deliverable']);
    expect(imapd.logins).toBe(1);
  });

  test.each([
    ['without end', ALERT.repeat(UNASKED_MAX + 1)],
    ['that is a farewell', '* BYE Server shutting down\r\n'],
    ['that is an answer', 'c9 OK Completed\r\n'],
  ])('%s ends the session', async (_, bytes) => {
    const { imapd, rig } = await startImap();
    await rig.askAll('alice@example.jp');
    imapd.server.say(bytes);
    await imapd.server.until(() => imapd.server.dialogues[0]?.closed === true);
    expect(await rig.askAll('bob@example.jp')).toEqual(['deliverable']);
    expect(imapd.logins).toBe(2);
  });
});

describe('a login', () => {
  test('with responses without end is given up', async () => {
    const { imapd, rig } = await startImap();
    imapd.server.override = misbehaving(
      / AUTHENTICATE /,
      (usual) => `${'* OK wait\r\n'.repeat(IMAP_DATA_MAX + 1)}${usual}`,
      Infinity,
    );
    expect(await rig.reason('alice@example.jp')).toContain(`over ${IMAP_DATA_MAX} responses to AUTHENTICATE`);
  });

  const SECRET = Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64');

  test.each([
    ['the whole line', (line: string) => `${line}\r\n`],
    ['in a refusal', (line: string) => `${line.split(' ')[0]} NO you said ${line}\r\n`],
    ['in a warning', (line: string) => `* BAD ${line}\r\n`],
    ['cut off', (line: string) => `${line.slice(0, -9)}\r\n`],
  ])('that imapd says back (%s) is in no log, no reply and no trace', async (_, act) => {
    const traced: string[] = [];
    const { imapd, rig } = await startImap({
      keys: 'mechanisms = ["PLAIN"]',
      trace: (_direction, line) => traced.push(line),
    });
    imapd.server.override = (command) => {
      if (/ AUTHENTICATE PLAIN/.test(command)) return act(command);
      return undefined;
    };
    const said = await rig.reason('alice@example.jp');
    const everything = JSON.stringify([said, rig.lines, traced]);
    expect(imapd.server.commands.join()).toContain(SECRET);
    expect(said).toMatch(/\*\*\*/);
    expect(everything).not.toContain(SECRET.slice(0, 12));
  });
});

describe('silence', () => {
  test('is TEMP at the deadline, and the late answer is nobody’s', async () => {
    const { imapd, rig } = await startImap();
    await rig.askAll('bob@example.jp');
    let release: (bytes: string) => void = () => undefined;
    let held = '';
    imapd.server.override = (command, usual) => {
      if (!command.endsWith('"user/alice@example.jp"')) return undefined;
      held = usual;
      return new Promise((resolve) => (release = resolve));
    };
    const asked = rig.askAll('alice@example.jp');
    await imapd.server.until(() => imapd.asked.includes('user/alice@example.jp'));
    await rig.pass(DEADLINE_MS);
    expect(await asked).toEqual(['deferred']);
    const next = rig.askAll('nobody@example.jp');
    imapd.server.override = () => undefined;
    release(held);
    expect(await next).toEqual(['unknown']);
  });

  test('for the whole reply timeout: others are asked for in another session, and after a while that mailbox too', async () => {
    const { imapd, rig } = await startImap();
    imapd.server.override = misbehaving(QUOTAROOT, () => SILENCE, 1);
    const asked = rig.askAll('alice@example.jp');
    await imapd.server.until(() => imapd.asked.length > 0);
    await rig.pass(REPLY_TIMEOUT_MS);
    expect(await asked).toEqual(['deferred']);
    await rig.pass(1_000);
    expect(await rig.askAll('alice@example.jp', 'bob@example.jp')).toEqual(['deferred', 'deliverable']);
    await rig.pass(STUCK_FOR_MS - REPLY_TIMEOUT_MS);
    expect(await rig.askAll('alice@example.jp')).toEqual(['deliverable']);
    expect(imapd.server.connections).toBe(2);
  });

  test('instead of a greeting is TEMP, and imapd is left alone for a while', async () => {
    const { imapd, rig } = await startImap();
    imapd.server.override = misbehaving(/^$/, () => SILENCE, Infinity);
    const asked = rig.askAll('alice@example.jp');
    await imapd.server.until(() => imapd.server.dialogues.length === 1);
    await rig.pass(2_000);
    expect(await asked).toEqual(['deferred']);
    expect(await rig.askAll('bob@example.jp')).toEqual(['deferred']);
    expect(imapd.server.dialogues).toHaveLength(1);
  });
});

test('a session that is not used is closed after 25 minutes, with a word, and another login follows only then', async () => {
  const { imapd, rig } = await startImap();
  await rig.askAll('alice@example.jp');
  await rig.pass(24 * 60_000);
  expect(await rig.askAll('bob@example.jp')).toEqual(['deliverable']);
  expect(imapd.logins).toBe(1);
  await rig.pass(25 * 60_000);
  await imapd.server.until(() => imapd.server.dialogues[0]?.closed === true);
  expect(imapd.server.commands.at(-1)).toBe('bye LOGOUT');
  expect(await rig.askAll('nobody@example.jp')).toEqual(['unknown']);
  expect(imapd.logins).toBe(2);
});

test('all questions of a flood go over one login', async () => {
  const { imapd, rig } = await startImap();
  await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      rig.askAll(...Array.from({ length: 25 }, (_, k) => `u${i}x${k}@example.jp`)),
    ),
  );
  expect(imapd.logins).toBe(1);
});

import { beforeEach, describe, expect, test } from 'vitest';
import { expectReply } from '../../../../src/cyrus/lmtp/dialogue.js';
import type { LmtpReply } from '../../../../src/cyrus/lmtp/reply.js';
import { DeadlineError, ProtocolError, UnavailableError } from '../../../../src/errors.js';
import { SILENCE } from '../../../fakes/lmtp-server.js';
import { wired, type Wired } from './wired.js';

const WITHIN_MS = 5_000;

let rig: Wired;

beforeEach(async () => {
  rig = await wired();
});

describe('the greeting', () => {
  test('is what lmtpd says first, unasked', async () => {
    expect(await rig.dialogue.greeting(WITHIN_MS)).toMatchObject({ code: 220 });
    expect(rig.lmtpd.commands).toEqual([]);
  });

  test('that does not come is too late', async () => {
    rig = await wired(() => SILENCE);
    await expect(rig.dialogue.greeting(1)).rejects.toThrow(DeadlineError);
  });
});

describe('commands', () => {
  beforeEach(() => rig.dialogue.greeting(WITHIN_MS));

  test('go out in one write, and each has its own reply, in order', async () => {
    const told: string[] = [];
    const commands = ['MAIL FROM:<>', 'RCPT TO:<nobody@example.jp>', 'RSET'];
    const replies = await rig.dialogue.exchange(commands, WITHIN_MS, (index, { code }) =>
      told.push(`${index} ${code}`),
    );
    expect(replies.map(({ code }) => code)).toEqual([250, 550, 250]);
    expect(told).toEqual(['0 250', '1 550', '2 250']);
    expect(rig.lmtpd.dialogues[0]?.writes).toEqual([
      'MAIL FROM:<>\r\nRCPT TO:<nobody@example.jp>\r\nRSET\r\n',
    ]);
  });

  test('need nobody who is told of each reply', async () => {
    expect(await rig.dialogue.exchange(['MAIL FROM:<>', 'RSET'], WITHIN_MS)).toHaveLength(2);
  });

  test('are shown as they are, and so is each line of what comes back', async () => {
    rig.lines.length = 0;
    rig.lmtpd.override = (command) =>
      command === 'RSET' ? '250-2.0.0 one\r\n250-two\r\n250 2.0.0 three\r\n' : undefined;
    expect(await rig.dialogue.command('LHLO here', WITHIN_MS)).toMatchObject({ code: 250 });
    expect(rig.lines.slice(0, 2)).toEqual(['> LHLO here', '< 250-fake.test']);
    rig.lines.length = 0;
    await rig.dialogue.exchange(['MAIL FROM:<>', 'RSET'], WITHIN_MS);
    expect(rig.lines).toEqual([
      ...['> MAIL FROM:<>', '> RSET', '< 250 2.1.0 ok'],
      ...['< 250-2.0.0 one', '< 250-two', '< 250 2.0.0 three'],
    ]);
  });

  test('at which lmtpd says that it goes down end the dialogue, whatever else it says', async () => {
    rig.lmtpd.override = (command) => (command.startsWith('RCPT') ? '421 4.3.2 bye\r\n' : undefined);
    const told: number[] = [];
    const asked = rig.dialogue.exchange(['MAIL FROM:<>', 'RCPT TO:<a@x.jp>', 'RSET'], WITHIN_MS, (index) =>
      told.push(index),
    );
    await expect(asked).rejects.toThrow(new UnavailableError('lmtpd said 421 4.3.2 bye'));
    expect(told).toEqual([0]);
    expect(rig.connection.botched).toBe(true);
  });
});

describe('a reply', () => {
  const reply = (code: number, enhanced = ''): LmtpReply => ({
    code,
    enhanced,
    lines: [`${enhanced} text`.trimStart()],
  });

  test.each<[string, LmtpReply, string | undefined]>([
    ['has the code', reply(250), undefined],
    ['has the code, and any status code', reply(250, '2.1.5'), undefined],
    ['has the code and the status code', reply(250, '2.1.0'), '2.1.0'],
  ])('that %s is given back', (_, given, enhanced) => {
    expect(expectReply(given, 250, 'MAIL', enhanced)).toBe(given);
  });

  test.each<[string, LmtpReply]>([
    ['in time', reply(400)],
    ['for good', reply(550, '5.1.1')],
  ])('that refuses (%s) is no answer to go on with', (_, given) => {
    expect(() => expectReply(given, 250, 'MAIL')).toThrow(UnavailableError);
    expect(() => expectReply(given, 250, 'MAIL')).toThrow(`lmtpd answered MAIL with ${given.code} `);
  });

  test.each<[string, LmtpReply]>([
    ['has another code', reply(354, '2.1.0')],
    ['has another status code', reply(250, '2.1.5')],
    ['has no status code', reply(250)],
  ])('that %s belongs to another command', (_, given) => {
    expect(() => expectReply(given, 250, 'MAIL', '2.1.0')).toThrow(ProtocolError);
    expect(() => expectReply(given, 250, 'MAIL', '2.1.0')).toThrow('expected 250 2.1.0');
  });

  test('that did not come is none', () => {
    expect(() => expectReply(undefined, 220, 'greeting')).toThrow(new ProtocolError('no reply to greeting'));
  });
});

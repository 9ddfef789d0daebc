import { beforeEach, describe, expect, test } from 'vitest';
import { DeadlineError, ProtocolError, UnavailableError } from '../../../../src/errors.js';
import { SILENCE } from '../../../fakes/dialogue-server.js';
import { wired, type Wired } from './wired.js';

const WITHIN_MS = 5_000;
const PATIENCE = { silenceMs: 5_000, totalMs: 10_000 };

let rig: Wired;

beforeEach(async () => {
  rig = await wired();
});

/** What imapd says to each command, by its verb; `TAG` stands for the tag of the command. */
function says(replies: Readonly<Record<string, string>>): void {
  rig.imapd.server.override = (command) => {
    const [tag = '', verb = ''] = command.split(' ');
    return replies[verb]?.replaceAll('TAG', tag);
  };
}

describe('the greeting', () => {
  test.each([
    ['* OK hello\r\n', false],
    ['* PREAUTH hello cyrus\r\n', true],
  ])('%j: logged in already is %s', async (greeting, preauthenticated) => {
    rig = await wired(() => greeting);
    expect(await rig.dialogue.greeting(WITHIN_MS)).toEqual({ preauthenticated });
  });

  test('that says BYE is the end, in the words of imapd', async () => {
    rig = await wired(() => '* BYE too many connections\r\n');
    await expect(rig.dialogue.greeting(WITHIN_MS)).rejects.toThrow(
      new UnavailableError('imapd said BYE too many connections'),
    );
  });

  test.each(['* NO hello\r\n', '* CAPABILITY IMAP4rev1\r\n', 'c1 OK hello\r\n', '+ hello\r\n'])(
    '%j is none',
    async (greeting) => {
      rig = await wired(() => greeting);
      await expect(rig.dialogue.greeting(WITHIN_MS)).rejects.toThrow(ProtocolError);
    },
  );

  test('that does not come is too late', async () => {
    rig = await wired(() => SILENCE);
    await expect(rig.dialogue.greeting(1)).rejects.toThrow(DeadlineError);
  });
});

describe('commands', () => {
  beforeEach(() => rig.dialogue.greeting(WITHIN_MS));

  test('have an answer each, with what came before it', async () => {
    says({ ONE: '* OK still here\r\n* 5 EXISTS\r\nTAG OK [CODE] done\r\n', TWO: 'TAG NO no\r\n' });
    const told: number[] = [];
    const answers = await rig.dialogue.ask(['ONE', 'TWO'], WITHIN_MS, ({ length }) => told.push(length));
    expect(answers).toEqual([
      {
        status: 'OK',
        code: 'CODE',
        text: 'done',
        data: [
          { kind: 'status', status: 'OK', code: undefined, text: 'still here' },
          { kind: 'other', name: 'EXISTS' },
        ],
      },
      { status: 'NO', code: undefined, text: 'no', data: [] },
    ]);
    expect(told).toEqual([1, 2]);
    expect(rig.lines.slice(1)).toEqual([
      ...['> c1 ONE', '< * OK still here', '< * 5 EXISTS', '< c1 OK [CODE] done'],
      ...['> c2 TWO', '< c2 NO no'],
    ]);
  });

  test.each([
    [4, ['1', '2', '3', '4']],
    [5, ['5', '5', '5', '5', '5']],
  ])('of which there are %i: how many are sent before each answer', async (count, sent) => {
    const seen: string[] = [];
    rig.imapd.server.override = (command) => {
      const turn = command === '' ? undefined : `${command.split(' ')[0]} OK done\r\n`;
      return (
        turn &&
        new Promise((resolve) => {
          setImmediate(() => {
            seen.push(String(rig.imapd.server.commands.length));
            resolve(turn);
          });
        })
      );
    };
    const commands = Array.from({ length: count }, (_, i) => `X${i}`);
    const told: number[] = [];
    const answers = await rig.dialogue.ask(commands, WITHIN_MS, ({ length }) => told.push(length));
    expect(answers).toHaveLength(count);
    expect(told).toEqual(Array.from({ length: count }, (_, i) => i + 1));
    expect(seen).toEqual(sent);
  });

  test.each([4, 5])(
    'of which there are %i: what comes before an answer belongs to it alone',
    async (count) => {
      says({ X: '* 5 EXISTS\r\nTAG OK done\r\n' });
      const answers = await rig.dialogue.ask(Array<string>(count).fill('X'), WITHIN_MS);
      const answer = {
        status: 'OK',
        code: undefined,
        text: 'done',
        data: [{ kind: 'other', name: 'EXISTS' }],
      };
      expect(answers).toEqual(Array<object>(count).fill(answer));
    },
  );

  test('need nobody who is told of each answer', async () => {
    says({ X: 'TAG OK done\r\n' });
    expect(await rig.dialogue.ask(Array<string>(6).fill('X'), WITHIN_MS)).toHaveLength(6);
  });

  test('answered out of turn end the dialogue', async () => {
    says({ X: 'c9 OK done\r\n' });
    await expect(rig.dialogue.ask(['X'], WITHIN_MS)).rejects.toThrow(
      new ProtocolError('imapd answered c9: expected the answer to c1'),
    );
    expect(rig.connection.botched).toBe(true);
  });

  test.each([
    [100, true],
    [101, false],
  ])('with %i other responses before the answer: taken is %s', async (count, taken) => {
    says({ X: `${'* OK wait\r\n'.repeat(count)}TAG OK done\r\n` });
    const asked = rig.dialogue.ask(['X'], WITHIN_MS);
    if (taken) expect((await asked)[0]?.data).toHaveLength(count);
    else await expect(asked).rejects.toThrow('imapd sent over 100 responses to one command');
  });

  test('that must succeed tell by name where they do not', async () => {
    says({ GOOD: 'TAG OK done\r\n', BAD: 'TAG BAD [X] what\r\n' });
    expect(await rig.dialogue.demand('GOOD', WITHIN_MS)).toMatchObject({ status: 'OK', text: 'done' });
    await expect(rig.dialogue.demand('BAD thing', WITHIN_MS)).rejects.toThrow(
      new UnavailableError('imapd answered BAD thing with BAD [X] what'),
    );
  });
});

describe('an answer of any length', () => {
  beforeEach(() => rig.dialogue.greeting(WITHIN_MS));

  const stream = async (maxResponses?: number): Promise<[object, number]> => {
    let count = 0;
    const answer = await rig.dialogue.stream('LIST', () => void (count += 1), PATIENCE, maxResponses);
    return [answer, count];
  };

  test('is handed on as it comes, and what ends it is told', async () => {
    says({ LIST: `${'* LIST () "/" a\r\n'.repeat(300)}TAG OK [X] done\r\n` });
    expect(await stream()).toEqual([{ status: 'OK', code: 'X', text: 'done', data: [] }, 300]);
    expect(rig.lines).toContain('> c1 LIST');
    says({ LIST: 'TAG NO no\r\n' });
    expect(await stream()).toEqual([{ status: 'NO', code: undefined, text: 'no', data: [] }, 0]);
  });

  test('has an end all the same', async () => {
    says({ LIST: `${'* LIST () "/" a\r\n'.repeat(3)}TAG OK done\r\n` });
    expect((await stream(3))[1]).toBe(3);
    await expect(stream(2)).rejects.toThrow('imapd sent over 2 responses to one command');
  });

  test('with the tag of another command is none', async () => {
    says({ LIST: 'c7 OK done\r\n' });
    await expect(stream()).rejects.toThrow('imapd answered c7: expected the answer to c1');
  });

  test('with a BYE in it is none', async () => {
    says({ LIST: '* LIST () "/" a\r\n* BYE going down\r\nTAG OK done\r\n' });
    await expect(stream()).rejects.toThrow(UnavailableError);
  });
});

test('no tag is given twice', () => {
  expect([rig.dialogue.nextTag(), rig.dialogue.nextTag()]).toEqual(['c1', 'c2']);
});

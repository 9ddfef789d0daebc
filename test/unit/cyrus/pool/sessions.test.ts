import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Question } from '../../../../src/cyrus/pool/question.js';
import { Sessions } from '../../../../src/cyrus/pool/sessions.js';
import { Work } from '../../../../src/cyrus/pool/work.js';
import { HandSession, now, recipientOf, standStill } from './pool-rig.js';

standStill();

let opening: number;

beforeEach(() => {
  opening = 0;
});

/** Whatever it opens never comes. */
function sessionsOf(connections: number): Sessions {
  const open = (): Promise<never> => new Promise(() => void (opening += 1));
  const events = { opened: () => undefined, refused: () => undefined };
  return new Sessions(open, { connections, idleTimeoutMs: 60_000 }, events, now);
}

function working(sessions: Sessions): Work {
  const question = new Question(recipientOf('alice'), now() + 60_000, undefined);
  const nobody = { heard: () => undefined, answered: () => undefined, unproven: () => undefined };
  const work = new Work(
    new HandSession(),
    [question],
    { stallMs: 300, holdMs: 100, replyTimeoutMs: 10_000, now },
    { ...nobody, stalled: () => undefined, silent: () => undefined },
  );
  sessions.begin(work);
  return work;
}

function idle(sessions: Sessions): HandSession {
  const session = new HandSession();
  sessions.put(session);
  return session;
}

describe('a session that is being opened', () => {
  test('counts, can be asked soon, and is the only one that is', () => {
    const sessions = sessionsOf(3);
    expect([sessions.size, sessions.anyUsable, sessions.mayCome(true), sessions.hasRoom]).toEqual([
      ...[0, false, false, true],
    ]);
    sessions.open();
    expect([sessions.size, sessions.anyUsable, sessions.mayCome(true), sessions.hasRoom]).toEqual([
      ...[1, true, true, false],
    ]);
    sessions.open();
    expect(opening).toBe(1);
  });

  test('by a knock counts, too, but is waited for only where no pause lasts', () => {
    const sessions = sessionsOf(3);
    sessions.knock();
    expect([sessions.size, sessions.hasRoom]).toEqual([1, false]);
    expect([sessions.mayCome(false), sessions.mayCome(true)]).toEqual([true, false]);
  });

  test('has its place: one that comes back meanwhile is closed', () => {
    const sessions = sessionsOf(1);
    sessions.open();
    expect(idle(sessions).closed).toBe(true);
  });
});

describe('a session that has nothing to do', () => {
  test('is one that may be asked, and one less that may be opened', () => {
    const sessions = sessionsOf(2);
    const first = idle(sessions);
    expect([sessions.size, sessions.mayCome(true), sessions.anyUsable, sessions.hasRoom]).toEqual([
      ...[1, true, true, true],
    ]);
    const second = idle(sessions);
    expect([first.closed, second.closed, sessions.hasRoom]).toEqual([false, false, false]);
    expect(idle(sessions).closed).toBe(true);
  });

  test('is closed at once where it was ended by its peer, or all are at their end', () => {
    const sessions = sessionsOf(2);
    const ended = new HandSession();
    ended.botched = true;
    sessions.put(ended);
    expect([ended.closed, sessions.size]).toEqual([true, 0]);
    sessions.closeAll();
    expect([idle(sessions).closed, sessions.hasRoom]).toEqual([true, false]);
  });
});

describe('sessions that are asked', () => {
  test('have their places, and leave no room for another one that comes back', () => {
    const sessions = sessionsOf(2);
    working(sessions);
    const second = working(sessions);
    expect([sessions.answering, sessions.hasRoom, idle(sessions).closed]).toEqual([2, false, true]);
    sessions.end(second);
    expect([sessions.answering, sessions.hasRoom, idle(sessions).closed]).toEqual([1, true, false]);
  });

  test('that are stuck have none', async () => {
    const sessions = sessionsOf(1);
    const work = working(sessions);
    await vi.advanceTimersByTimeAsync(300);
    expect([sessions.answering, sessions.stalled, sessions.hasRoom]).toEqual([0, [work], true]);
    expect(idle(sessions).closed).toBe(false);
    sessions.closeAll();
    expect(work.session).toMatchObject({ closed: true });
  });
});

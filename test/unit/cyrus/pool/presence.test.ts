import { beforeEach, describe, expect, test } from 'vitest';
import { Presence } from '../../../../src/cyrus/pool/presence.js';
import { DownError, LoginError, UnavailableError } from '../../../../src/errors.js';
import { silentLog, type Log } from '../../../../src/log/log.js';

const LOST = new UnavailableError('connection lost');
const LIMITS = { backoffMinMs: 1_000, backoffMaxMs: 10_000, loginBackoffMs: 300_000 };

let time: number;
let lines: object[];
let restarts: number;
let presence: Presence;

beforeEach(() => {
  time = 70_000;
  lines = [];
  restarts = 0;
  const at = (level: string) => (fields: object) => void lines.push({ level, ...fields });
  const log: Log = {
    ...silentLog,
    ...{ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    isLevelEnabled: () => true,
  };
  presence = new Presence(LIMITS, {
    name: 'cyrus',
    log,
    now: () => time,
    random: () => 1,
    restarted: () => void (restarts += 1),
  });
});

test('nothing is known at first', () => {
  expect([presence.down, presence.pausing, presence.answeredAt]).toEqual([undefined, false, undefined]);
});

describe('down', () => {
  test('is told once, with the reason and the pause; what fails after that is for who debugs', () => {
    expect(presence.failed(LOST, false)).toBe(true);
    expect(presence.failed(LOST, false)).toBe(true);
    expect(lines).toMatchObject([
      {
        level: 'error',
        event: 'backend-down',
        backchannel: 'cyrus',
        error: 'connection lost',
        pauseMs: 1_000,
      },
      { level: 'debug', event: 'backend-down', pauseMs: 2_000 },
    ]);
    expect([presence.down, presence.pausing]).toEqual([LOST, true]);
  });

  test('is told once more where it is the login that is refused, with its long pause', () => {
    presence.failed(LOST, false);
    for (let i = 0; i < 2; i++) presence.failed(new LoginError('no'), false);
    expect(lines).toMatchObject([
      { level: 'error' },
      { level: 'error', error: 'no', pauseMs: 300_000 },
      { level: 'debug', pauseMs: 300_000 },
    ]);
  });

  test('it is not, as long as another session can be asked: that one was refused is told', () => {
    expect(presence.failed(LOST, true)).toBe(false);
    expect(presence.down).toBeUndefined();
    expect(presence.pausing).toBe(true);
    expect(lines).toMatchObject([
      { event: 'session-refused', backchannel: 'cyrus', error: 'connection lost', pauseMs: 1_000 },
    ]);
  });

  test('is the reason for who asks meanwhile', () => {
    presence.failed(LOST, false);
    const refusal = presence.refusal();
    expect(refusal).toBeInstanceOf(DownError);
    expect(refusal.message).toBe('back-channel cyrus is down: connection lost');
    expect(refusal.cause).toBe(LOST);
  });

  test('and where no failure is known, the session was lost', () => {
    expect(presence.refusal().message).toBe('back-channel cyrus is down: the last session was lost');
  });
});

describe('an answer', () => {
  test('is the end of it, is told, and may mean that Cyrus was restarted', () => {
    presence.failed(LOST, false);
    lines.length = 0;
    time = 71_000;
    presence.answered();
    expect([presence.down, presence.answeredAt, restarts]).toEqual([undefined, 71_000, 1]);
    expect(lines).toMatchObject([{ level: 'info', event: 'backend-up', backchannel: 'cyrus' }]);
    presence.failed(LOST, false);
    expect(lines.at(-1)).toMatchObject({ level: 'error', pauseMs: 1_000 });
  });

  test('is no news where it was not down', () => {
    presence.answered();
    expect([lines, restarts, presence.answeredAt]).toEqual([[], 0, 70_000]);
  });
});

test('eight sessions lost in a row are the fault of Cyrus; an answer in between begins anew', () => {
  for (let i = 0; i < 7; i++) expect(presence.lost()).toBe(false);
  presence.answered();
  for (let i = 0; i < 7; i++) expect(presence.lost()).toBe(false);
  expect(presence.lost()).toBe(true);
  expect(presence.lost()).toBe(true);
});

test('whoever listens again ends the pause, and whoever does not yet is why it is down', () => {
  presence.failed(LOST, false);
  const absent = new UnavailableError('connect ECONNREFUSED');
  presence.absent(absent);
  expect([presence.down, presence.pausing]).toEqual([absent, true]);
  presence.found();
  expect([presence.down, presence.pausing]).toEqual([absent, false]);
});

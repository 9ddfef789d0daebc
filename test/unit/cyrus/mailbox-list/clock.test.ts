import { beforeEach, describe, expect, test } from 'vitest';
import { silentLog, type Log } from '../../../../src/log/log.js';
import { Clock, EMPTY_LIST_BYTES, type ClockParts } from '../../../../src/cyrus/mailbox-list/clock.js';
import type { Identity } from '../../../../src/cyrus/mailbox-list/identity.js';
import type { FileSight, Unseen } from '../../../../src/cyrus/mailbox-list/list-file.js';

const LIST: Identity = { dev: 1, ino: 5, nlink: 1, size: 4_096, mtimeMs: 500.5, ctimeMs: 500.5 };
const EXT4 = 0xef53;
const NFS = 0x6969;

class FakeSight implements FileSight {
  looks = 0;
  verified = 0;
  closed = false;
  seen: Identity | Unseen;

  constructor(seen: Identity | Unseen) {
    this.seen = seen;
  }

  look(): Identity | Unseen {
    this.looks += 1;
    return this.seen;
  }

  verify(): void {
    this.verified += 1;
  }

  close(): void {
    this.closed = true;
  }
}

let sight: FakeSight;
let lines: string[];
let forgotten: string[];
let wallMs: number;
let nowMs: number;

beforeEach(() => {
  sight = new FakeSight(LIST);
  lines = [];
  forgotten = [];
  wallMs = 1_000_000;
  nowMs = 100;
});

function clockWith(parts: Partial<ClockParts> = {}): Clock {
  const write = (fields: object): void => void lines.push(Object(fields).event);
  const log: Log = { ...silentLog, info: write, warn: write, error: write };
  return new Clock({
    path: '/var/lib/cyrus/mailboxes.db',
    sight,
    kind: 'twoskip',
    fileSystem: () => EXT4,
    platform: 'linux',
    mupdate: false,
    companions: new Map(),
    names: undefined,
    forget: (mailbox) => forgotten.push(mailbox),
    now: () => nowMs,
    wall: () => wallMs,
    log,
    ...parts,
  });
}

/** A commit that is long over. */
function commit(): void {
  sight.seen = { ...LIST, size: 4_296, mtimeMs: 900.5, ctimeMs: 900.5 };
}

describe('the floor', () => {
  test('is the time of the first look: nothing is known of what was asked before', () => {
    expect(clockWith().floor(100)).toBe(100);
  });

  test('stands while the identity does', () => {
    const clock = clockWith();
    clock.floor(100);
    expect([clock.floor(200), clock.floor(5_000)]).toEqual([100, 100]);
  });

  test.each([
    ['grew', { size: 4_296 }],
    ['was written to without growing', { mtimeMs: 600.5 }],
    ['was replaced by one of the same size and time', { ino: 6 }],
    ['has lost its name', { nlink: 0 }],
    ['was given another owner', { ctimeMs: 600.5 }],
    ['was mounted over', { dev: 2 }],
  ])('is the time of the look that finds that the file %s', (_, change) => {
    const clock = clockWith();
    clock.floor(100);
    sight.seen = { ...LIST, ...change };
    expect([clock.floor(200), clock.floor(300)]).toEqual([200, 200]);
  });

  test('goes with each look while the identity is young: the next write may leave it as it is', () => {
    const clock = clockWith();
    wallMs = LIST.mtimeMs + 5;
    expect([clock.floor(100), clock.floor(105)]).toEqual([100, 105]);
    // Nothing that was asked in its youth is vouched for when it is old.
    wallMs = LIST.mtimeMs + 30;
    expect([clock.floor(130), clock.floor(140)]).toEqual([130, 130]);
  });

  test('goes with each look again when the clock is set back to the time of the file', () => {
    const clock = clockWith();
    clock.floor(100);
    wallMs = LIST.mtimeMs;
    expect([clock.floor(200), clock.floor(210)]).toEqual([200, 210]);
  });
});

describe('while nothing is read', () => {
  const beforeReading = (then: () => void): void => void read.push(then);
  let read: (() => void)[];

  beforeEach(() => {
    read = [];
  });

  /** A request, or an answer of Cyrus'. */
  function reading(): void {
    for (const then of read.splice(0)) then();
  }

  test('the list is looked at once, and again after that', () => {
    const clock = clockWith({ beforeReading });
    clock.floor(100);
    clock.floor(200);
    reading();
    const before = sight.looks;
    for (let i = 0; i < 10; i++) expect(clock.floor(300 + i)).toBe(100);
    expect(sight.looks).toBe(before + 1);
    reading();
    clock.floor(400);
    expect(sight.looks).toBe(before + 2);
  });

  test('what changed before it is seen by the first look, and what changes after that by the next', () => {
    const clock = clockWith({ beforeReading });
    clock.floor(100);
    reading();
    commit();
    expect([clock.floor(200), clock.floor(201)]).toEqual([200, 200]);
    sight.seen = { ...LIST, size: 5_000, mtimeMs: 950.5, ctimeMs: 950.5 };
    reading();
    expect(clock.floor(300)).toBe(300);
  });

  test('a list that is gone, or too young, is looked at by each', () => {
    const clock = clockWith({ beforeReading });
    clock.floor(100);
    reading();
    sight.seen = 'missing';
    expect([clock.floor(200), clock.floor(201)]).toEqual([Infinity, Infinity]);
    const before = sight.looks;
    sight.seen = { ...LIST, mtimeMs: wallMs, ctimeMs: wallMs };
    for (let i = 0; i < 3; i++) clock.floor(300 + i);
    expect(sight.looks).toBe(before + 3);
  });
});

describe('a list that makes everybody unknown', () => {
  test.each([
    ['missing', 'missing' as const],
    ['empty, as Cyrus makes it anew at its start', { ...LIST, size: EMPTY_LIST_BYTES }],
  ])('is deferred for, where it is %s', (_, seen) => {
    const clock = clockWith();
    sight.seen = seen;
    expect(clock.floor(100)).toBe(Infinity);
    expect(clock.deferUnknown).toBe(true);
    expect(clock.vouchesForUnknown).toBe(false);
    expect(clock.state.standing).toBe('deferring');
    expect(clock.describe()).toBe(
      `clock of /var/lib/cyrus/mailboxes.db: deferring: the mailbox list is ${seen === 'missing' ? 'missing' : 'empty'}`,
    );
  });

  test('outdates all that was asked until it is there again, even if it is the same', () => {
    const clock = clockWith();
    clock.floor(100);
    sight.seen = 'missing';
    clock.floor(200);
    sight.seen = LIST;
    expect(clock.floor(300)).toBe(300);
    expect(clock.deferUnknown).toBe(false);
    expect(clock.vouchesForUnknown).toBe(true);
    expect(lines).toEqual(['clock-vouches', 'clock-deferring', 'clock-vouches']);
  });

  test('is one that could be looked at, and cannot any more', () => {
    const clock = clockWith();
    clock.floor(100);
    sight.seen = 'unreadable';
    expect(clock.floor(200)).toBe(Infinity);
    expect(clock.deferUnknown).toBe(true);
  });

  test('is not one that could never be looked at: there is no clock then, and it is looked for once a second', () => {
    const clock = clockWith();
    sight.seen = 'unreadable';
    expect([clock.floor(100), clock.floor(200), clock.floor(300)]).toEqual([-Infinity, -Infinity, -Infinity]);
    expect(clock.deferUnknown).toBe(false);
    expect(clock.vouchesForUnknown).toBe(false);
    expect(sight.looks).toBe(1);
    sight.seen = LIST;
    expect(clock.floor(1_100)).toBe(1_100);
    expect(clock.vouchesForUnknown).toBe(true);
  });
});

describe('a clock', () => {
  test.each(['twoskip', 'skiplist'])('vouches for an unknown where the list is %s', (kind) => {
    const clock = clockWith({ kind });
    clock.floor(100);
    expect(clock.vouchesForUnknown).toBe(true);
  });

  test.each([
    ['is flat', { kind: 'flat' }],
    ['is fed by mupdate', { mupdate: true }],
    ['lies on NFS', { fileSystem: () => NFS }],
    ['lies on an unknown file system', { fileSystem: () => undefined }],
  ])('outdates, but does not vouch for an unknown, where the list %s', (_, parts) => {
    const clock = clockWith(parts);
    expect(clock.floor(100)).toBe(100);
    expect(clock.vouchesForUnknown).toBe(false);
    commit();
    expect(clock.floor(200)).toBe(200);
    expect(clock.state.standing).toBe('limited');
    expect(clock.state.reason).toMatch(/flat|mupdate|file system/);
  });

  test.each(['sql', 'twom', 'zeroskip'])(
    'is off where the list is %s: not even its absence says anything',
    (kind) => {
      sight.seen = 'missing';
      const clock = clockWith({ kind });
      expect(clock.floor(100)).toBe(-Infinity);
      expect(clock.deferUnknown).toBe(false);
      expect(clock.vouchesForUnknown).toBe(false);
      expect(sight.looks).toBe(0);
      expect(lines).toEqual(['clock-off']);
    },
  );

  test('asks for the file system anew when the list lies on another device', () => {
    let type = EXT4;
    const clock = clockWith({ fileSystem: () => type });
    clock.floor(100);
    type = NFS;
    clock.floor(200);
    expect(clock.vouchesForUnknown).toBe(true);
    sight.seen = { ...LIST, dev: 2 };
    clock.floor(300);
    expect(clock.vouchesForUnknown).toBe(false);
  });

  test('counts the changes that it saw', () => {
    const clock = clockWith();
    clock.floor(100);
    commit();
    clock.floor(200);
    clock.floor(300);
    expect(clock.state.changes).toBe(1);
  });

  test('looks closer once a second, in case the folder was exchanged', () => {
    const clock = clockWith();
    clock.floor(100);
    clock.floor(600);
    clock.floor(1_099);
    expect(sight.verified).toBe(1);
    clock.floor(1_100);
    expect(sight.verified).toBe(2);
  });

  test('closes all that it looked through', () => {
    const companion = new FakeSight(LIST);
    const clock = clockWith({ companions: new Map([['/etc/imapd.conf', companion]]) });
    clock.close();
    expect([sight.closed, companion.closed]).toEqual([true, true]);
  });
});

describe('existence that changed', () => {
  test('while the identity stood since the older question switches the clock off, with one line', () => {
    const clock = clockWith();
    clock.floor(100);
    nowMs = 500;
    clock.contradicted(300);
    clock.contradicted(300);
    expect(clock.vouchesForUnknown).toBe(false);
    expect(clock.floor(600)).toBe(500);
    expect(clock.state.standing).toBe('off');
    expect(clock.state.reason).toContain('stood still');
    expect(lines).toEqual(['clock-vouches', 'clock-off']);
  });

  test('with an identity that changed after the last look is as it should be', () => {
    const clock = clockWith();
    clock.floor(100);
    commit();
    nowMs = 500;
    clock.contradicted(300);
    expect(clock.state.standing).toBe('vouching');
    expect(clock.floor(600)).toBe(500);
  });

  test('since a question from before the identity was settled says nothing', () => {
    const clock = clockWith();
    wallMs = LIST.mtimeMs + 5;
    clock.floor(100);
    nowMs = 105;
    clock.contradicted(101);
    wallMs = LIST.mtimeMs + 30;
    clock.floor(130);
    nowMs = 140;
    clock.contradicted(120);
    expect(clock.state.standing).toBe('vouching');
  });

  test('within two minutes after imapd.conf did says nothing', () => {
    const companion = new FakeSight(LIST);
    const clock = clockWith({ companions: new Map([['/etc/imapd.conf', companion]]) });
    clock.floor(100);
    companion.seen = { ...LIST, size: 9 };
    clock.floor(2_000);
    nowMs = 60_000;
    clock.contradicted(3_000);
    expect(clock.state.standing).toBe('vouching');
    nowMs = 200_000;
    clock.contradicted(130_000);
    expect(clock.state.standing).toBe('off');
  });
});

describe('a file beside the list', () => {
  test('outdates everything within a second of its change', () => {
    const companion = new FakeSight(LIST);
    const clock = clockWith({ companions: new Map([['/etc/imapd.conf', companion]]) });
    clock.floor(100);
    companion.seen = { ...LIST, mtimeMs: 700.5 };
    expect(clock.floor(1_000)).toBe(100);
    expect(clock.floor(1_100)).toBe(1_100);
    expect(clock.floor(2_200)).toBe(1_100);
  });

  test('may come and go', () => {
    const companion = new FakeSight('missing');
    const clock = clockWith({ companions: new Map([['/var/lib/cyrus/user_deny.db', companion]]) });
    clock.floor(100);
    companion.seen = LIST;
    expect(clock.floor(1_200)).toBe(1_200);
    companion.seen = 'missing';
    expect(clock.floor(2_300)).toBe(2_300);
  });
});

describe('where the changed names can be read', () => {
  const names = (...answers: (readonly string[] | undefined)[]) => ({
    breaks: 1,
    following: true,
    changed: () => answers.shift(),
    close: () => undefined,
  });

  test('only they are forgotten, and the floor stands', () => {
    const clock = clockWith({ names: names(undefined, ['alice@example.jp', 'bob']) });
    clock.floor(100);
    commit();
    expect(clock.floor(200)).toBe(100);
    expect(forgotten).toEqual(['alice@example.jp', 'bob']);
  });

  test('commits are followed since the last break, and not at all while the list is not read', () => {
    const reader = { breaks: 0, following: false, changed: () => undefined, close: () => undefined };
    const clock = clockWith({ names: reader });
    expect(clock.followedSince).toBeUndefined();
    Object.assign(reader, { breaks: 1, following: true });
    clock.floor(100);
    expect(clock.followedSince).toBe(100);
    commit();
    clock.floor(200);
    expect(clock.followedSince).toBe(100);
    sight.seen = { ...LIST, size: 5_000 };
    reader.breaks = 2;
    clock.floor(300);
    expect(clock.followedSince).toBe(300);
    reader.following = false;
    expect(clock.followedSince).toBeUndefined();
  });

  test.each<[string, Partial<ClockParts>]>([
    ['whose file system may show a change late', { fileSystem: () => 0x6969 }],
    ['that a mupdate master fills', { mupdate: true }],
    ['of a kind that only outdates', { kind: 'flat' }],
  ])('no commit of a list %s proves a deletion', (_, parts) => {
    const reader = { breaks: 1, following: true, changed: () => undefined, close: () => undefined };
    const clock = clockWith({ ...parts, names: reader });
    clock.floor(100);
    expect([clock.state.standing, clock.followedSince]).toEqual(['limited', undefined]);
  });

  test('nor does any after the clock was found wrong', () => {
    const reader = { breaks: 1, following: true, changed: () => undefined, close: () => undefined };
    const clock = clockWith({ names: reader });
    clock.floor(100);
    expect(clock.followedSince).toBe(100);
    nowMs = 500;
    clock.contradicted(300);
    expect([clock.state.standing, clock.followedSince]).toEqual(['off', undefined]);
  });

  test('youth costs nothing: they are read at each look until it is over', () => {
    const clock = clockWith({ names: names(undefined, [], ['alice'], [], ['bob']) });
    wallMs = LIST.mtimeMs + 1;
    expect([clock.floor(100), clock.floor(101), clock.floor(102)]).toEqual([100, 100, 100]);
    expect(forgotten).toEqual(['alice']);
  });

  test('a reader that is not sure outdates everything', () => {
    const clock = clockWith({ names: names(undefined, undefined, []) });
    clock.floor(100);
    commit();
    expect(clock.floor(200)).toBe(200);
    sight.seen = { ...LIST, size: 5_000 };
    expect(clock.floor(300)).toBe(200);
  });

  test('they are read on while everything is outdated, so that the next change is told from there on', () => {
    const clock = clockWith({ names: names(undefined, ['alice'], ['bob']) });
    clock.floor(100);
    sight.seen = 'missing';
    clock.floor(200);
    commit();
    expect(clock.floor(300)).toBe(300);
    expect(forgotten).toEqual([]);
    sight.seen = { ...LIST, size: 5_000 };
    expect(clock.floor(400)).toBe(300);
    expect(forgotten).toEqual(['bob']);
  });

  test('a change that was not among them is the end of reading, not of the clock', () => {
    const clock = clockWith({ names: names(undefined, [], ['alice']) });
    clock.floor(100);
    commit();
    clock.floor(400);
    nowMs = 500;
    clock.contradicted(300);
    expect(clock.state.standing).toBe('vouching');
    expect(clock.floor(600)).toBe(500);
    sight.seen = { ...LIST, size: 5_000 };
    expect(clock.floor(700)).toBe(700);
    expect(lines).toEqual(['clock-vouches', 'clock-names-off']);
  });
});

test('nobody is unknown while the reader of the list misses mailboxes', () => {
  const reader = {
    breaks: 1,
    following: true,
    changed: () => undefined,
    close: () => undefined,
    deferUnknown: true,
  };
  const clock = clockWith({ names: reader });
  clock.floor(100);
  expect(clock.deferUnknown).toBe(true);
  reader.deferUnknown = false;
  expect(clock.deferUnknown).toBe(false);
});

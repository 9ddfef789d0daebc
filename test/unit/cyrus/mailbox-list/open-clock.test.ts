// With real files: what a clock on this machine sees.
import { appendFileSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChangedNames } from '../../../../src/cyrus/mailbox-list/changed-names.js';
import type { Clock } from '../../../../src/cyrus/mailbox-list/clock.js';
import { listFiles } from '../../../../src/cyrus/mailbox-list/list-reader.js';
import { openClock, type ClockSurroundings } from '../../../../src/cyrus/mailbox-list/open-clock.js';
import { silentLog } from '../../../../src/log/log.js';
import { DEFAULT_ADDRESS_RULES } from '../../../../src/validation/recipient.js';
import { FakeList, inbox } from '../../../fakes/mailbox-list.js';

let folder: string;
let path: string;
let clock: Clock;
let forgotten: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clock-'));
  path = join(folder, 'mailboxes.db');
  forgotten = [];
});

afterEach(() => {
  clock.close();
  rmSync(folder, { recursive: true });
});

function open(more: Partial<ClockSurroundings> = {}): Clock {
  const files = { list: path, kind: 'twoskip', mupdate: false, companions: [join(folder, 'imapd.conf')] };
  return openClock(files, {
    names: undefined,
    forget: (mailbox) => forgotten.push(mailbox),
    now: () => 1_000,
    log: silentLog,
    ...more,
  });
}

/** As if it had been written some time ago, or no identity here would be settled. */
function settle(secondsAgo: number): void {
  const time = Date.now() / 1_000 - secondsAgo + 0.0123;
  utimesSync(path, time, time);
}

/** Nothing is read of anybody but in a turn of the event loop. */
function reading(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('a clock on this machine', () => {
  test('stands until the list is written to, or another takes its name', async () => {
    const list = new FakeList();
    list.commit(inbox('alice'));
    writeFileSync(path, list.bytes);
    settle(60);
    clock = open();
    expect([clock.floor(100), clock.floor(200)]).toEqual([100, 100]);
    expect(clock.state.standing).toMatch(/vouching|limited/);
    appendFileSync(path, 'x');
    settle(50);
    await reading();
    expect([clock.floor(300), clock.floor(400)]).toEqual([300, 300]);
    writeFileSync(`${path}.NEW`, list.bytes);
    renameSync(`${path}.NEW`, path);
    settle(60);
    await reading();
    expect([clock.floor(500), clock.floor(600)]).toEqual([500, 500]);
  });

  test('looks once for all that is answered before anything more is read', async () => {
    const list = new FakeList();
    list.commit(inbox('alice'));
    writeFileSync(path, list.bytes);
    settle(60);
    clock = open();
    clock.floor(100);
    expect(clock.floor(200)).toBe(100);
    appendFileSync(path, 'x');
    settle(50);
    expect(clock.floor(300)).toBe(100);
    await reading();
    expect(clock.floor(400)).toBe(400);
  });

  test('defers while there is none', () => {
    clock = open();
    expect(clock.floor(100)).toBe(Infinity);
    expect(clock.deferUnknown).toBe(true);
  });

  test('forgets only who changed where the list may be read', async () => {
    const list = new FakeList();
    list.commit(inbox('alice'));
    writeFileSync(path, list.bytes);
    clock = open({ names: new ChangedNames(listFiles(path), () => DEFAULT_ADDRESS_RULES) });
    expect(clock.floor(100)).toBe(100);
    list.commit(inbox('bob'), inbox('carol', 'example.jp'));
    writeFileSync(path, list.bytes);
    await reading();
    expect(clock.floor(200)).toBe(100);
    list.repack();
    list.commit(inbox('dave'));
    writeFileSync(`${path}.NEW`, list.bytes);
    renameSync(`${path}.NEW`, path);
    await reading();
    expect(clock.floor(300)).toBe(100);
    expect(forgotten).toEqual(['bob', 'carol@example.jp', 'dave']);
  });
});

import { beforeEach, describe, expect, test } from 'vitest';
import { HeldList, RETRY_MS } from '../../../../src/cyrus/mailbox-list/held-list.js';
import { silentLog, type Log } from '../../../../src/log/log.js';
import { entry, FakeList, gone, inbox } from '../../../fakes/mailbox-list.js';
import { fixtureList, INBOXES, TOMBSTONES, VERSIONS } from '../../../fakes/mailbox-list-fixtures.js';

let file: FakeList;
let held: HeldList;
let lines: string[];
let nowMs: number;

beforeEach(() => {
  file = new FakeList();
  file.commit(inbox('alice', 'example.jp'), inbox('bob'), inbox('carol'));
  lines = [];
  nowMs = 0;
  held = heldList();
});

function heldList(): HeldList {
  const write = (fields: object): void => void lines.push(Object(fields).event);
  const log: Log = { ...silentLog, info: write, warn: write, error: write };
  return new HeldList({ files: file, pause: () => Promise.resolve(), now: () => nowMs, log });
}

/** Until what was begun in the background is over. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}

const states = (...mailboxes: string[]) => mailboxes.map((mailbox) => held.keys?.stateOf(mailbox));

describe('a held list', () => {
  test('holds nothing before it is loaded, and then all', async () => {
    expect([held.standing, held.keys, held.follow()]).toEqual(['waiting', undefined, false]);
    await held.load();
    expect(held.standing).toBe('ready');
    expect(held.keys?.listed).toBe(3);
    expect(states('alice@example.jp', 'bob', 'alice', 'zoe')).toEqual([
      'present',
      'present',
      undefined,
      undefined,
    ]);
  });

  test('follows what is committed, and tells whom it touched', async () => {
    await held.load();
    file.commit(inbox('zoe'), gone(inbox('bob')));
    file.commit(inbox('carol', undefined, 'ed'), { key: 'Nshared', value: entry() });
    expect(held.follow()).toBe(true);
    expect(states('zoe', 'bob', 'carol')).toEqual(['present', undefined, 'absent']);
    expect(held.takeTouched().sort()).toEqual(
      [inbox('bob'), inbox('carol'), inbox('zoe')].map(({ key }) => key),
    );
    expect(held.takeTouched()).toEqual([]);
  });

  test('takes in what is committed while it is loaded', async () => {
    const loading = held.load();
    file.commit(inbox('zoe'));
    file.repack();
    file.commit(gone(inbox('bob')));
    await loading;
    expect(states('zoe', 'bob')).toEqual(['present', undefined]);
    expect(lines).toEqual(['directory-ready']);
  });

  test('is loaded anew where it was replaced, and doubtful until then', async () => {
    await held.load();
    nowMs = RETRY_MS;
    file.restore([inbox('a'), inbox('b'), inbox('c'), inbox('d')], 9);
    expect(held.follow()).toBe(false);
    expect([held.standing, held.keys, held.doubtful]).toEqual(['loading', undefined, true]);
    await settled();
    expect([held.standing, held.doubtful, held.loads]).toEqual(['ready', false, 2]);
    expect(states('a', 'bob')).toEqual(['present', undefined]);
  });

  test('is doubtful where fewer came back than there were, until they do', async () => {
    await held.load();
    nowMs = RETRY_MS;
    file.repair([gone(inbox('bob'))]);
    held.follow();
    await settled();
    expect([held.standing, held.missing, held.doubtful]).toEqual(['ready', 1, true]);
    expect(lines.at(-1)).toBe('directory-shrunk');
    file.commit(inbox('bob'));
    held.follow();
    expect([held.missing, held.doubtful]).toEqual([0, false]);
    expect(lines.at(-1)).toBe('directory-whole');
  });

  test('is not doubtful for what was deleted before its eyes', async () => {
    await held.load();
    file.commit(gone(inbox('bob')), gone(inbox('carol')));
    expect(held.follow()).toBe(true);
    expect([held.doubtful, held.keys?.listed]).toEqual([false, 1]);
  });

  test('waits where the list is missing or empty, and tries again, but not all the time', async () => {
    file.missing = true;
    await held.load();
    expect([held.standing, held.reason]).toEqual(['waiting', 'no such file']);
    file.missing = false;
    await held.load();
    expect(held.standing).toBe('waiting');
    nowMs = RETRY_MS;
    await held.load();
    expect(held.standing).toBe('ready');
    expect(lines).toEqual(['directory-waiting', 'directory-ready']);
  });

  test('is off for this run where what it reads makes no sense three times in an hour', async () => {
    file.flip(600, 1);
    for (let i = 0; i < 5; i++) {
      await held.load();
      nowMs += RETRY_MS;
    }
    expect(held.standing).toBe('off');
    expect(lines).toEqual(['directory-waiting', 'directory-off']);
    file = new FakeList();
    await held.load();
    expect(held.standing).toBe('off');
  });

  test('is off where the number of keys does not fit, again and again', async () => {
    await held.load();
    for (let i = 0; i < 3; i++) {
      nowMs += RETRY_MS;
      file.commit(inbox(`u${i}`));
      file.miscount();
      held.follow();
      void held.load();
      await settled();
    }
    expect(held.standing).toBe('off');
  });

  test('refuses a repacked list that is in another order than that of bytes', async () => {
    file.order = (a, b) => (a > b ? -1 : 1);
    file.repack();
    await held.load();
    expect([held.standing, held.reason]).toEqual(['waiting', expect.stringContaining('order of its own')]);
  });

  test('does not go on loading, and leaves nothing open, when it is closed', async () => {
    const loading = held.load();
    held.close();
    await loading;
    expect([held.keys, held.standing, file.opened, lines]).toEqual([undefined, 'waiting', 0, []]);
    await held.load();
    expect(held.standing).toBe('waiting');
  });
});

describe.each(VERSIONS)('a list of Cyrus %s', (version) => {
  test.each([1, 2, 3] as const)('is held as ctl_mboxlist shows it: %i', async (which) => {
    const read = (into: Buffer, length: number, position: number) =>
      fixtureList(version, which).copy(into, 0, position, position + length);
    const open = () => ({
      dev: 1,
      ino: 1,
      read,
      readSoon: (into: Buffer, length: number, position: number) =>
        Promise.resolve(read(into, length, position)),
      close: () => undefined,
    });
    held = new HeldList({
      files: { identify: open, open },
      pause: () => Promise.resolve(),
      now: () => 0,
      log: silentLog,
    });
    await held.load();
    expect(held.keys?.listed).toBe(INBOXES[which].length);
    for (const mailbox of INBOXES[which]) expect(held.keys?.stateOf(mailbox)).toBe('present');
    for (const mailbox of TOMBSTONES[which]) expect(held.keys?.stateOf(mailbox)).toBe('absent');
    expect(held.keys?.stateOf('nobody@example.jp')).toBeUndefined();
  });
});

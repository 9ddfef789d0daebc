import { beforeEach, describe, expect, test } from 'vitest';
import { ChangedNames } from '../../../../src/cyrus/mailbox-list/changed-names.js';
import { DEFAULT_ADDRESS_RULES } from '../../../../src/validation/recipient.js';
import { entry, FakeList, gone, inbox } from '../../../fakes/mailbox-list.js';
import { fixtureList, VERSIONS } from '../../../fakes/mailbox-list-fixtures.js';

let list: FakeList;
let names: ChangedNames;

beforeEach(() => {
  list = new FakeList();
  list.commit(inbox('alice', 'example.jp'), inbox('bob'));
  names = new ChangedNames(list, () => DEFAULT_ADDRESS_RULES);
});

describe('the commits', () => {
  test('are followed from the first call on, over a repack and over what is deleted without a name', () => {
    expect([names.following, names.breaks]).toEqual([false, 0]);
    names.changed();
    list.commit(gone(inbox('bob')));
    names.changed();
    list.repack();
    names.changed();
    expect([names.following, names.breaks]).toEqual([true, 1]);
  });

  test('are lost where the list was replaced, and where it is missing', () => {
    names.changed();
    list.restore([inbox('zoe')], 7);
    names.changed();
    expect([names.following, names.breaks]).toEqual([true, 2]);
    list.missing = true;
    names.changed();
    expect([names.following, names.breaks]).toEqual([false, 3]);
  });
});

describe('the changed names', () => {
  test('are not known at first, and then each once', () => {
    expect(names.changed()).toBeUndefined();
    expect(names.changed()).toEqual([]);
    list.commit(inbox('alice', 'example.jp'), inbox('zoe'));
    list.commit(inbox('zoe'));
    expect(names.changed()).toEqual(['alice@example.jp', 'zoe']);
    expect(names.changed()).toEqual([]);
  });

  test('are those of users alone', () => {
    names.changed();
    list.commit(
      { key: 'Nshared\x1finfo', value: entry() },
      { key: 'Nuser\x1fbob\x1ffolder', value: entry() },
      { key: 'Ibtot0io7mhp5mkv50m1nqihb', value: entry() },
    );
    expect(names.changed()).toEqual([]);
  });

  test('are followed over a repack', () => {
    names.changed();
    list.commit(inbox('bob'));
    list.repack();
    list.commit(inbox('zoe'));
    expect(names.changed()).toEqual(['bob', 'zoe']);
  });

  test.each<[string, () => void]>([
    ['a key was deleted, which is not named', () => list.commit(gone(inbox('bob')))],
    ['a key is of another layout', () => list.commit({ key: 'user.bob', value: entry() })],
    ['the list was replaced', () => list.restore([inbox('zoe')], 7)],
    ['it was repaired', () => list.repair([gone(inbox('bob'))])],
  ])('are not known where %s, and are again after that', (_, happens) => {
    names.changed();
    happens();
    expect(names.changed()).toBeUndefined();
    list.commit(inbox('carol'));
    expect(names.changed()).toEqual(['carol']);
  });

  test('are not known while the list is missing or empty, or has no sign of a layout', () => {
    list.missing = true;
    expect([names.changed(), names.changed()]).toEqual([undefined, undefined]);
    list = new FakeList();
    list.commit({ key: 'shared', value: entry() });
    names = new ChangedNames(list, () => DEFAULT_ADDRESS_RULES);
    expect([names.changed(), names.changed()]).toEqual([undefined, undefined]);
  });

  test('are not known after a record was damaged', () => {
    names.changed();
    list.commit(inbox('zoe'));
    list.flip(list.bytes.length - 40, 2);
    expect(names.changed()).toBeUndefined();
  });

  test('leave nothing open when it is closed', () => {
    names.changed();
    names.close();
    expect(list.opened).toBe(0);
  });
});

test.each(VERSIONS)('a list that Cyrus %s wrote, and repacked, is followed', (version) => {
  let path: 1 | 2 | 3 = 1;
  const open = () => {
    const opened = path;
    return {
      dev: 1,
      ino: opened === 3 ? 2 : 1,
      read: (into: Buffer, length: number, position: number) =>
        fixtureList(version, opened === 1 ? (Math.min(path, 2) as 1 | 2) : opened).copy(
          into,
          0,
          position,
          position + length,
        ),
      readSoon: () => Promise.resolve(0),
      close: () => undefined,
    };
  };
  names = new ChangedNames({ identify: open, open }, () => DEFAULT_ADDRESS_RULES);
  expect(names.changed()).toBeUndefined();
  expect(names.changed()).toEqual([]);
  path = 2;
  // cyr_expire has deleted a key there.
  expect(names.changed()).toBeUndefined();
  expect(names.changed()).toEqual([]);
  path = 3;
  expect(names.changed()).toEqual([]);
});

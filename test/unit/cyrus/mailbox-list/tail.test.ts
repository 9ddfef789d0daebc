import { beforeEach, describe, expect, test } from 'vitest';
import { FOLLOW_MAX_BYTES, ListTail } from '../../../../src/cyrus/mailbox-list/tail.js';
import { FakeList, gone, inbox, inboxKey } from '../../../fakes/mailbox-list.js';

let list: FakeList;
let tail: ListTail;
let seen: string[];

beforeEach(() => {
  list = new FakeList();
  list.commit(inbox('alice'), inbox('bob'), inbox('zoe'));
  tail = new ListTail(list);
  seen = [];
});

function follow(): string {
  const followed = tail.follow({
    set: (bytes, key, keyEnd) => seen.push(bytes.toString('latin1', key, keyEnd)),
    deleted: (next) => seen.push(next === 0 ? 'last' : `before ${tail.keyAt(next).toString('latin1')}`),
  });
  return followed.kind === 'followed' ? 'followed' : followed.reason;
}

describe('a tail', () => {
  test('begins at the last commit, and follows each once', () => {
    tail.begin();
    expect(follow()).toBe('followed');
    list.commit(inbox('carol'));
    list.commit(inbox('dave'), inbox('alice'));
    expect(follow()).toBe('followed');
    expect(follow()).toBe('followed');
    expect(seen).toEqual([inboxKey('carol'), inboxKey('dave'), inboxKey('alice')]);
  });

  test('tells what follows a deleted key', () => {
    tail.begin();
    list.commit(gone(inbox('bob')));
    list.commit(gone(inbox('zoe')));
    follow();
    expect(seen).toEqual([`before ${inboxKey('zoe')}`, 'last']);
  });

  test('looks at nothing past the last commit', () => {
    tail.begin();
    list.crash(inbox('carol'));
    expect(follow()).toBe('followed');
    list.recover();
    expect(follow()).toBe('followed');
    expect(seen).toEqual([]);
    list.commit(inbox('dave'));
    follow();
    expect(seen).toEqual([inboxKey('dave')]);
  });

  test('follows a repack, with what was committed before and after it, without reading the list anew', () => {
    tail.begin();
    list.commit(inbox('carol'));
    list.repack();
    list.commit(inbox('dave'), gone(inbox('bob')));
    expect(follow()).toBe('followed');
    expect(seen).toEqual([inboxKey('carol'), inboxKey('dave'), `before ${inboxKey('carol')}`]);
    list.commit(inbox('erin'));
    expect(follow()).toBe('followed');
    expect(seen).toHaveLength(4);
  });

  test('keeps one file open, and none when it is closed', () => {
    tail.begin();
    list.repack();
    follow();
    tail.begin();
    expect(list.opened).toBe(1);
    tail.close();
    expect(list.opened).toBe(0);
  });
});

describe('a tail is lost', () => {
  const lost: [string, () => void, string][] = [
    ['at two repacks at once', () => (list.repack(), list.repack()), 'not by a repack'],
    ['at the crash repair of last resort', () => list.repair([gone(inbox('bob'))]), 'not by a repack'],
    ['at a list out of a backup', () => list.restore([inbox('alice')], 1), 'not by a repack'],
    ['while the list is missing', () => (list.missing = true), 'no such file'],
    ['at a wrong CRC', () => (list.commit(inbox('x')), list.flip(list.bytes.length - 30, 3)), 'wrong CRC'],
    ['at a broken header', () => list.flip(30, 3), 'wrong CRC'],
    [
      'at a file that ends too early',
      () => (list.commit(inbox('x')), list.truncate(list.currentSize - 8)),
      'no whole record',
    ],
  ];

  test.each(lost)('%s', (_, happens, reason) => {
    tail.begin();
    happens();
    expect(follow()).toContain(reason);
    expect(follow()).toContain('not open');
    expect(list.opened).toBe(0);
  });

  test('where another list of the next generation was put in its place by hand', () => {
    tail.begin();
    list.restore([inbox('alice')], 1);
    list.repack();
    expect(follow()).toContain('number of keys');
  });

  test('where the file was written anew under the same number', () => {
    tail.begin();
    list.rewrite([inbox('alice')]);
    expect(follow()).toContain('another one in the same file');
  });

  test('where more was added than can be read at once', () => {
    tail.begin();
    list.commit({ key: 'Nx', value: 'x'.repeat(FOLLOW_MAX_BYTES) });
    expect(follow()).toContain('grew by');
  });

  test('where a deleted key is followed by a place that holds no key', () => {
    tail.begin();
    expect(() => tail.keyAt(64)).toThrow('no successor');
    expect(() => tail.keyAt(list.bytes.length - 8)).toThrow();
  });
});

test('a tail that begins at what is no list says so, and leaves nothing open', () => {
  list.flip(3, 1);
  expect(() => tail.begin()).toThrow('no twoskip file');
  expect(list.opened).toBe(0);
});

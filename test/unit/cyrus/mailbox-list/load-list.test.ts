import { expect, test } from 'vitest';
import { loadList } from '../../../../src/cyrus/mailbox-list/load-list.js';
import { FIRST_RECORD } from '../../../../src/cyrus/mailbox-list/twoskip.js';
import { FakeList, inbox } from '../../../fakes/mailbox-list.js';

const keysOf = async (list: FakeList, pause = () => Promise.resolve(), now = () => 0) => {
  const seen: string[] = [];
  await loadList(
    list.open(),
    FIRST_RECORD,
    list.currentSize,
    {
      set: (bytes, key, keyEnd) => seen.push(bytes.toString('latin1', key, keyEnd)),
      deleted: () => undefined,
    },
    { pause, now },
  );
  return seen;
};

test('a list is read in slices, and others have their turn in between', async () => {
  const list = new FakeList();
  const users = Array.from({ length: 2_000 }, (_, i) => inbox(`u${i}`));
  list.commit(...users);
  let pauses = 0;
  const seen = await keysOf(list, () => {
    pauses += 1;
    return Promise.resolve();
  });
  expect(seen).toEqual(users.map(({ key }) => key));
  expect(pauses).toBeGreaterThan(3);
});

test('while others have something to do, slices are shorter, and for some time after that', async () => {
  const list = new FakeList();
  list.commit(...Array.from({ length: 4_000 }, (_, i) => inbox(`u${i}`)));
  let now = 0;
  let pauses = 0;
  const busyOnly = (which: (pause: number) => boolean) => async () => {
    pauses += 1;
    if (which(pauses)) now += 0.05;
  };
  const countPauses = async (pause: () => Promise<void>) => {
    pauses = 0;
    await keysOf(list, pause, () => now);
    return pauses;
  };
  const idle = await countPauses(busyOnly(() => false));
  const busy = await countPauses(busyOnly(() => true));
  expect(busy).toBeGreaterThan(4 * idle);
  now += 1_000;
  expect(await countPauses(busyOnly((pause) => pause === 1))).toBeGreaterThan(4 * idle);
  now += 1_000;
  const calm = async () => {
    pauses += 1;
    now += 0.01;
  };
  expect(await countPauses(calm)).toBe(idle);
});

test('records longer than a slice, and than a chunk, are read', async () => {
  const list = new FakeList();
  list.commit(
    { key: 'Na', value: 'x'.repeat(100_000) },
    { key: 'Nb', value: 'x'.repeat(2_000_000) },
    inbox('c'),
  );
  expect(await keysOf(list)).toEqual(['Na', 'Nb', inbox('c').key]);
});

test('a list that ends before it should is refused, and so is a head that stays torn', async () => {
  const list = new FakeList();
  list.commit(inbox('a'), inbox('b'));
  const size = list.currentSize;
  list.truncate(size - 30);
  await expect(keysOf(list)).rejects.toThrow('no whole record');
  const torn = new FakeList();
  torn.commit(inbox('a'));
  torn.flip(FIRST_RECORD + 9, 1);
  await expect(keysOf(torn)).rejects.toThrow('no whole record');
});

test('who pauses may end it', async () => {
  const list = new FakeList();
  list.commit(inbox('a'));
  await expect(keysOf(list, () => Promise.reject(new Error('closed')))).rejects.toThrow('closed');
});

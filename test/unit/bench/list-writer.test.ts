import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeList } from '../../../bench/list-writer.js';
import { HeldList } from '../../../src/cyrus/mailbox-list/held-list.js';
import { listFiles } from '../../../src/cyrus/mailbox-list/list-reader.js';
import { silentLog } from '../../../src/log/log.js';

test('a list that is written for the bench is read as one of Cyrus, with each mailbox and no other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'list-'));
  try {
    const path = join(folder, 'mailboxes.db');
    const names = Array.from({ length: 1_500 }, (_, i) => `u${String(i).padStart(7, '0')}@example.jp`);
    await writeList(path, names);
    const pause = () => Promise.resolve();
    const list = new HeldList({ files: listFiles(path), pause, now: () => 0, log: silentLog });
    await list.load();
    expect([list.standing, list.reason, list.keys?.listed]).toEqual(['ready', undefined, 1_500]);
    expect(names.every((name) => list.keys?.stateOf(name) === 'present')).toBe(true);
    expect(list.keys?.stateOf('u0001500@example.jp')).toBeUndefined();
    list.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

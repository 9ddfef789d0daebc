// Makes Cyrus' list of mailboxes as large as that of a large provider, by Cyrus' own tools: each further entry is a copy of a real
// one under another name. Their mailboxes are not on disk, so lmtpd knows their names and cannot open them.
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LIST_FOLDER, type CyrusContainer } from './cyrus.js';

const DBTOOL = '/usr/lib/cyrus/bin/cyr_dbtool';
const LIST = `${LIST_FOLDER}/mailboxes.db`;
const WRITTEN_AT_ONCE = 1_000;

/** The name of such a mailbox. */
export function copyOf(number: number): string {
  return `copy${String(number).padStart(7, '0')}@example.jp`;
}

/**
 * Adds `count` mailboxes to a Cyrus of 3.6 or later, within one transaction.
 * @param listFolder the folder on this machine that is the container's LIST_FOLDER
 * @param user of example.jp, whose mailbox is there
 */
export async function enlarge(
  cyrus: CyrusContainer,
  listFolder: string,
  user: string,
  count: number,
): Promise<void> {
  const key = `Nexample.jp\x1duser\x1f${user}`;
  const shown = await cyrus.exec([DBTOOL, LIST, 'twoskip', 'show'], 'cyrus');
  const value = valueOf(shown, key);
  const id = / I (\S+)/.exec(value)?.[1];
  if (id === undefined) throw new Error(`the entry has no id: ${value}`);
  const byId = valueOf(shown, `I${id}`);
  const batch = join(listFolder, 'batch');
  const commands = function* () {
    yield 'BEGIN\n';
    for (let from = 0; from < count; from += WRITTEN_AT_ONCE) {
      const numbers = Array.from({ length: Math.min(WRITTEN_AT_ONCE, count - from) }, (_, i) => from + i);
      // In the order of the list, which has all ids before all names.
      yield numbers
        .map((n) => set(`I${idOf(n)}`, byId.replaceAll(user, localOf(n)).replaceAll(id, idOf(n))))
        .join('');
    }
    for (let from = 0; from < count; from += WRITTEN_AT_ONCE) {
      const numbers = Array.from({ length: Math.min(WRITTEN_AT_ONCE, count - from) }, (_, i) => from + i);
      yield numbers.map((n) => set(key.replace(user, localOf(n)), value.replaceAll(id, idOf(n)))).join('');
    }
    yield 'COMMIT\n';
  };
  await pipeline(Readable.from(commands()), createWriteStream(batch));
  await cyrus.exec(['sh', '-c', `${DBTOOL} ${LIST} twoskip batch < ${LIST_FOLDER}/batch`], 'cyrus');
  await rm(batch);
}

function localOf(number: number): string {
  return copyOf(number).replace(/@.*/, '');
}

function idOf(number: number): string {
  return `copy${String(number).padStart(20, '0')}`;
}

function valueOf(shown: string, key: string): string {
  const line = shown.split('\n').find((each) => each.startsWith(`${key}\t`));
  if (line === undefined) throw new Error(`there is no ${JSON.stringify(key)} in the list`);
  return line.slice(key.length + 1);
}

function set(key: string, value: string): string {
  return `SET {${key.length}+}\r\n${key} {${value.length}+}\r\n${value}\n`;
}

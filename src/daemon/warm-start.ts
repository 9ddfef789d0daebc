// The known store in a file, so that a restart does not forget who exists: saved on a clean stop and every few
// minutes, read at the next start. Written beside its place and renamed, mode 0600, with a version and a checksum;
// a file that is damaged in any way is not believed. What is read back is served only while Cyrus cannot be asked.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { codeOf, messageOf } from '../errors.js';
import type { Log } from '../log/log.js';
import type { Snapshot } from '../validation/snapshot.js';
import type { Validator } from '../validation/validator.js';
import type { VerdictCache } from '../validation/verdict-cache.js';
import { knownLines, restoreLine, type Clocks } from './known-lines.js';
import * as verbs from '../log/verbs/daemon.js';

/** First line of the file; a change of the form changes the number, and older files are ignored. */
const FORMAT = 'cyrusmapd-known 2\n';
/** How much of the file is read between two turns of the event loop. */
const CHUNK_BYTES = 64 * 1024;
const TRAILER = /^sha256 ([0-9a-f]{64})\n$/;
const TRAILER_BYTES = 'sha256 '.length + 64 + 1;

export type WarmStartParts = {
  readonly cache: VerdictCache;
  readonly validator: Validator;
  readonly log: Log;
  readonly clocks: Clocks;
};

/** How a daemon is started in the place of another. */
export type Succeeding = {
  /** Resolves when the other process has told all known mailboxes; undefined where they are read from the state file. */
  readonly restored: Promise<void> | undefined;
};

/** Restores at the start, saves every few minutes and at the end. A file that cannot be used is told of, and changes nothing. */
export class WarmStart {
  readonly #path: string;
  readonly #parts: WarmStartParts;
  readonly #timer: NodeJS.Timeout;
  #work: Promise<void>;
  #suspended = false;

  private constructor(path: string, intervalMs: number, parts: WarmStartParts, restored?: Promise<void>) {
    this.#path = path;
    this.#parts = parts;
    this.#work = restored ?? this.#restore();
    this.#timer = setInterval(() => this.#saveSoon(), intervalMs).unref();
  }

  /**
   * @param restored resolves when everything was read from elsewhere, instead of from the file: until then nothing is saved
   * @returns undefined where no file is configured
   */
  static begin(
    { stateFile, stateIntervalMs }: { stateFile: string | undefined; stateIntervalMs: number },
    parts: WarmStartParts,
    restored?: Promise<void>,
  ): WarmStart | undefined {
    return stateFile === undefined ? undefined : new WarmStart(stateFile, stateIntervalMs, parts, restored);
  }

  /** Another process has the file now. Resolves when we are not writing to it any more. */
  suspend(): Promise<void> {
    this.#suspended = true;
    return this.#work;
  }

  /** The file is ours again. */
  resume(): void {
    this.#suspended = false;
  }

  /** Saves once more. Never rejects. */
  end(): Promise<void> {
    clearInterval(this.#timer);
    this.#saveSoon();
    return this.#work;
  }

  /** One save after the other, and none before the file has been read back. */
  #saveSoon(): void {
    this.#work = this.#work.then(() => this.#save());
  }

  async #save(): Promise<void> {
    if (this.#suspended) return;
    const { cache, clocks, log } = this.#parts;
    try {
      const mailboxes = await saveKnown(this.#path, cache, clocks);
      verbs.saved(log, { file: this.#path, mailboxes });
    } catch (error) {
      verbs.notSaved(log, { file: this.#path, error: messageOf(error) });
    }
  }

  async #restore(): Promise<void> {
    const { validator, clocks, log } = this.#parts;
    const restored = await restoreKnown(this.#path, validator.beginSnapshot(), clocks);
    switch (restored.kind) {
      case 'restored':
        verbs.restored(log, { file: this.#path, mailboxes: restored.mailboxes });
        return;
      case 'damaged':
        verbs.notRestored(log, { file: this.#path, reason: restored.reason });
        return;
      case 'absent':
        return;
    }
  }
}

/**
 * Saves every known mailbox with its age.
 * @returns how many
 * @throws what the file system throws; the former file is left as it was then
 */
export async function saveKnown(path: string, cache: VerdictCache, clocks: Clocks): Promise<number> {
  const temporary = `${path}.new`;
  await requireRegularFile(path);
  // A process that was killed while it saved may have left one; and only a new file has the mode that it is made with.
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', 0o600);
  try {
    const count = await writeKnown(file, cache, clocks);
    await file.sync();
    await file.close();
    await rename(temporary, path);
    return count;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** rename(2) replaces whatever is there, and as root even a device: so only a regular file may be there. */
async function requireRegularFile(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found !== undefined && !found.isFile()) throw new Error(`${path} is no regular file`);
}

async function writeKnown(file: FileHandle, cache: VerdictCache, clocks: Clocks): Promise<number> {
  const hash = createHash('sha256');
  const write = async (text: string) => {
    hash.update(text, 'latin1');
    await file.write(text, null, 'latin1');
  };
  let count = 0;
  await write(FORMAT);
  for (const lines of knownLines(cache, clocks)) {
    count += lines.length;
    await write(lines.map((line) => `${line}\n`).join(''));
  }
  await file.write(`sha256 ${hash.digest('hex')}\n`);
  return count;
}

/** What became of it: restored, not there, or damaged, with the reason. */
export type Restored =
  | { readonly kind: 'restored'; readonly mailboxes: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged'; readonly reason: string };

/**
 * Reads a saved store back. Never throws: a file that cannot be used is told, and the store stays as it was.
 * @param snapshot which knows what has changed since it was begun: that is not restored
 */
export async function restoreKnown(path: string, snapshot: Snapshot, clocks: Clocks): Promise<Restored> {
  let file: FileHandle | undefined;
  try {
    // Without O_NONBLOCK a FIFO would hold us. A file that is just being written is noticed by its checksum.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await file.stat();
    if (!found.isFile()) return { kind: 'damaged', reason: 'is no regular file' };
    const { size } = found;
    const damage = await whatIsWrong(file, size);
    if (damage !== undefined) return { kind: 'damaged', reason: damage };
    await takeLines(file, size - TRAILER_BYTES, snapshot, clocks);
    return { kind: 'restored', mailboxes: snapshot.size };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'absent' };
    return { kind: 'damaged', reason: messageOf(error) };
  } finally {
    snapshot.abandon();
    await file?.close();
  }
}

async function whatIsWrong(file: FileHandle, size: number): Promise<string | undefined> {
  if (!(await textAt(file, 0, FORMAT.length)).startsWith(FORMAT)) {
    return `does not begin with ${FORMAT.trimEnd()}`;
  }
  const bodyEnd = size - TRAILER_BYTES;
  const sum = TRAILER.exec(await textAt(file, Math.max(0, bodyEnd), TRAILER_BYTES))?.[1];
  if (sum === undefined) return 'is cut off';
  const hash = createHash('sha256');
  for await (const chunk of chunksOf(file, bodyEnd)) hash.update(chunk);
  return hash.digest('hex') === sum ? undefined : 'has a wrong checksum';
}

async function takeLines(file: FileHandle, end: number, snapshot: Snapshot, clocks: Clocks): Promise<void> {
  let rest = '';
  for await (const chunk of chunksOf(file, end)) {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) restoreLine(line, snapshot, clocks);
  }
}

/** Each read has a turn of the event loop of its own, so that lookups are answered between two of them. */
async function* chunksOf(file: FileHandle, end: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < end;) {
    const length = Math.min(CHUNK_BYTES, end - from);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, from);
    if (bytesRead === 0) return;
    from += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function textAt(file: FileHandle, position: number, length: number): Promise<string> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.toString('latin1', 0, bytesRead);
}

// The known store in a file, so that a restart does not forget who exists: saved on a clean stop and every few
// minutes, read at the next start. Written beside its place and renamed, mode 0600, with a version and a checksum;
// a file that is damaged in any way is not believed. What is read back is served only while Cyrus cannot be asked.
import { createHash } from 'node:crypto';
import { open, readFile, rename, unlink } from 'node:fs/promises';
import { messageOf } from './errors.js';
import type { Log } from './log.js';
import type { VerdictCache } from './validation/verdict-cache.js';

/** First word of the file; a change of the form changes the number, and older files are ignored. */
const FORMAT = 'cyrusmapd-known 1';
/** Names between two pauses while saving and restoring: less than a millisecond. */
const STEP = 2_000;
const LINE = /^(\d{1,12}) ([\x21-\x7e]{1,2048})$/;
const TRAILER = /^sha256 ([0-9a-f]{64})\n$/;
const TRAILER_BYTES = 'sha256 '.length + 64 + 1;

/** Restores at the start, saves every few minutes and at the end. A file that fails is told, and changes nothing. */
export class WarmStart {
  readonly #path: string;
  readonly #cache: VerdictCache;
  readonly #log: Log;
  readonly #clocks: Clocks;
  readonly #timer: NodeJS.Timeout;
  #work: Promise<void>;

  private constructor(path: string, intervalMs: number, cache: VerdictCache, log: Log, clocks: Clocks) {
    this.#path = path;
    this.#cache = cache;
    this.#log = log;
    this.#clocks = clocks;
    this.#work = this.#restore();
    this.#timer = setInterval(() => this.#saveSoon(), intervalMs).unref();
  }

  /** @returns undefined where no file is configured */
  static begin(
    { stateFile, stateIntervalMs }: { stateFile: string | undefined; stateIntervalMs: number },
    cache: VerdictCache,
    log: Log,
    clocks: Clocks,
  ): WarmStart | undefined {
    return stateFile === undefined
      ? undefined
      : new WarmStart(stateFile, stateIntervalMs, cache, log, clocks);
  }

  /** Saves once more. Never rejects. */
  end(): Promise<void> {
    clearInterval(this.#timer);
    this.#saveSoon();
    return this.#work;
  }

  /** One after the other: a save must not begin before what was saved is read back. */
  #saveSoon(): void {
    this.#work = this.#work.then(() => this.#save());
  }

  async #save(): Promise<void> {
    try {
      const mailboxes = await saveKnown(this.#path, this.#cache, this.#clocks);
      this.#log.debug({ file: this.#path, mailboxes }, 'saved');
    } catch (error) {
      this.#log.error({ file: this.#path, error: messageOf(error) }, 'not-saved');
    }
  }

  async #restore(): Promise<void> {
    const restored = await restoreKnown(this.#path, this.#cache, this.#clocks);
    switch (restored.kind) {
      case 'restored':
        this.#log.info({ file: this.#path, mailboxes: restored.mailboxes }, 'restored');
        return;
      case 'damaged':
        this.#log.warn({ file: this.#path, reason: restored.reason }, 'not-restored: the file is ignored');
        return;
      case 'absent':
        return;
    }
  }
}

export type Clocks = {
  /** Monotonic milliseconds, as the cache counts. */
  readonly now: () => number;
  /** Milliseconds since 1970: the only clock that two processes share. */
  readonly wallClock: () => number;
};

/**
 * Saves every known mailbox with its age.
 * @returns how many
 * @throws what the file system throws; the former file is left as it was then
 */
export async function saveKnown(path: string, cache: VerdictCache, clocks: Clocks): Promise<number> {
  const temporary = `${path}.${process.pid}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    const hash = createHash('sha256');
    const write = async (text: string) => {
      hash.update(text, 'latin1');
      await file.write(text, null, 'latin1');
    };
    const wall = clocks.wallClock() - clocks.now();
    // Least recently used first: that is the order in which they are read back.
    const mailboxes = cache.knownMailboxes().reverse();
    let count = 0;
    await write(`${FORMAT}\n`);
    for (let from = 0; from < mailboxes.length; from += STEP) {
      const lines = mailboxes.slice(from, from + STEP).flatMap((mailbox) => {
        const confirmed = cache.confirmed(mailbox);
        return confirmed === undefined ? [] : [`${Math.round((wall + confirmed) / 1000)} ${mailbox}\n`];
      });
      count += lines.length;
      await write(lines.join(''));
    }
    await file.write(`sha256 ${hash.digest('hex')}\n`);
    await file.sync();
    await file.close();
    await rename(temporary, path);
    return count;
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/** Restored, absent, or damaged for a reason. */
export type Restored =
  | { readonly kind: 'restored'; readonly mailboxes: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged'; readonly reason: string };

/** Reads a saved store back. Never throws: a file that cannot be used is told, and the store stays as it was. */
export async function restoreKnown(path: string, cache: VerdictCache, clocks: Clocks): Promise<Restored> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { kind: 'absent' };
    return { kind: 'damaged', reason: messageOf(error) };
  }
  const damage = whatIsWrong(bytes);
  if (damage !== undefined) return { kind: 'damaged', reason: damage };
  return { kind: 'restored', mailboxes: await takeLines(bytes, cache, clocks) };
}

function whatIsWrong(bytes: Buffer): string | undefined {
  if (!bytes.subarray(0, FORMAT.length + 1).equals(Buffer.from(`${FORMAT}\n`)))
    return `does not begin with ${FORMAT}`;
  const body = bytes.subarray(0, -TRAILER_BYTES);
  const sum = TRAILER.exec(bytes.subarray(-TRAILER_BYTES).toString('latin1'))?.[1];
  if (sum === undefined) return 'is cut off';
  return createHash('sha256').update(body).digest('hex') === sum ? undefined : 'has a wrong checksum';
}

async function takeLines(bytes: Buffer, cache: VerdictCache, { now, wallClock }: Clocks): Promise<number> {
  const monotonic = now() - wallClock();
  let taken = 0;
  let from = FORMAT.length + 1;
  for (let end = bytes.indexOf(0x0a, from); end !== -1; end = bytes.indexOf(0x0a, from)) {
    const [, seconds, mailbox] = LINE.exec(bytes.toString('latin1', from, end)) ?? [];
    from = end + 1;
    if (seconds === undefined || mailbox === undefined) continue;
    // A clock that was set back must not make anything younger than this moment.
    cache.restore(mailbox, Math.min(now(), monotonic + Number(seconds) * 1000));
    taken += 1;
    if (taken % STEP === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return taken;
}

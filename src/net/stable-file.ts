// Reads a file only when it stands still: a list that is being rewritten is half a list, and whoever stands in its second
// half would not exist. Only a regular file: a FIFO would hold the reader, a device has no end. Reads the file it is given.
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Which file it was, and in which state. Any write changes one of these; some file systems tell times in milliseconds only. */
export type FileStamp = {
  readonly ino: bigint;
  readonly dev: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
};

export type FileState = FileStamp & { readonly mode: bigint };

export type NamedFile = FileStamp & { readonly path: string };

export type StableFile = { readonly bytes: Buffer; readonly state: FileState };

export type StableLimits = {
  readonly maxBytes: number;
  /** Milliseconds for which nobody must have written to it; 0 is enough where the reader notices half a file by itself. */
  readonly quietMs?: number;
};

/** The file cannot be used; the message follows its name: `is no regular file`. */
export class FileError extends Error {
  override readonly name = 'FileError';
}

/** How long we wait for it to stand still, in milliseconds; after that we say that it is written all the time. */
const PATIENCE_MS = 1000;
const PAUSE_MS = 50;

/** Without O_NONBLOCK a FIFO that nobody writes would hold us at open(). */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * @param judge is given the state before anything is read, and may throw
 * @throws FileError where it is no regular file, is too long, or is never still; else the error of the system
 */
export async function readStableFile(
  path: string,
  limits: StableLimits,
  judge: (state: FileState) => void = () => undefined,
): Promise<StableFile> {
  return whenStill(PATIENCE_MS, () => readOnce(path, limits, judge));
}

/**
 * Tries, with pauses, until nobody writes any more.
 * @param patienceMs in milliseconds, at least 1
 * @param attempt gives undefined where somebody wrote meanwhile
 * @throws FileError where somebody always does; else what `attempt` throws
 */
export async function whenStill<Read>(
  patienceMs: number,
  attempt: () => Promise<Read | undefined>,
): Promise<Read> {
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += PAUSE_MS) {
    if (waitedMs > 0) await sleep(PAUSE_MS);
    const read = await attempt();
    if (read !== undefined) return read;
  }
  throw new FileError('is being written to: must stand still while it is read');
}

/** Whether it was written to within so many milliseconds. A time in the future comes from another clock, and says nothing. */
export function isYoung({ mtimeNs }: Pick<FileStamp, 'mtimeNs'>, quietMs: number): boolean {
  const ageMs = Date.now() - Number(mtimeNs / 1_000_000n);
  return ageMs >= 0 && ageMs < quietMs;
}

/** @returns undefined where it was written to, or replaced, meanwhile */
async function readOnce(
  path: string,
  { maxBytes, quietMs = 0 }: StableLimits,
  judge: (state: FileState) => void,
): Promise<StableFile | undefined> {
  const file = await open(path, FLAGS);
  try {
    const state = await stateOf(file);
    judge(state);
    if (state.size > maxBytes) throw new FileError(`has ${state.size} bytes: must have ${maxBytes} at most`);
    if (isYoung(state, quietMs)) return undefined;
    const bytes = await readAll(file, Number(state.size));
    const after = await stateOf(file);
    // Replaced meanwhile by rename(2): what was read is whole, but no longer what the name means.
    const named = await open(path, FLAGS).catch(() => undefined);
    const now = named === undefined ? undefined : await stateOf(named).finally(() => named.close());
    const still = now !== undefined && sameState(state, after) && sameState(after, now);
    return still && bytes.length === Number(state.size) ? { bytes, state } : undefined;
  } finally {
    await file.close();
  }
}

export function sameState(a: FileStamp, b: FileStamp): boolean {
  return (
    a.ino === b.ino &&
    a.dev === b.dev &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}

async function stateOf(file: FileHandle): Promise<FileState> {
  const found = await file.stat({ bigint: true });
  if (!found.isFile()) throw new FileError('is no regular file');
  const { ino, dev, size, mtimeNs, ctimeNs, mode } = found;
  return { ino, dev, size, mtimeNs, ctimeNs, mode };
}

/** Up to its size, and no further: what grows meanwhile is read again. */
async function readAll(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await file.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

// The identity of a file: the fields of stat(2) by which two states of it can be told apart, and how old the file's time must be
// before equal identities mean equal contents. No I/O.

/** The fields of fs.Stats that are compared; times in milliseconds since 1970, with their fractions. */
export type Identity = {
  readonly dev: number;
  readonly ino: number;
  readonly nlink: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
};

/**
 * For so many milliseconds a second write may get the same time as the first. Linux uses the time of its last tick, at most
 * 10 ms ago; the rest is for rounding, and for a lag of the clock of up to 8 ms, which we measured.
 */
export const YOUNG_MS = 20;

/** The same for a file system that keeps whole seconds only, such as ext4 with inodes of 128 bytes. */
export const YOUNG_WHOLE_SECONDS_MS = 2_000;

export function sameIdentity(a: Identity, b: Identity): boolean {
  return (
    a.size === b.size &&
    a.mtimeMs === b.mtimeMs &&
    a.ctimeMs === b.ctimeMs &&
    a.ino === b.ino &&
    a.nlink === b.nlink &&
    a.dev === b.dev
  );
}

/**
 * Whether the next write could leave the identity as it is. The file's time may also lie in the future, if the clock was set
 * back, so the difference counts in both directions.
 * @param wallMs the time of day, in milliseconds since 1970
 */
export function isYoung({ mtimeMs }: Identity, wallMs: number): boolean {
  const age = Math.abs(wallMs - mtimeMs);
  if (age < YOUNG_MS) return true;
  return age < YOUNG_WHOLE_SECONDS_MS && mtimeMs % 1_000 === 0;
}

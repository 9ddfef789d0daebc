// The identity of a file: what of stat(2) tells one state of it from another, and how old its time must be before equal
// identities mean equal contents. No I/O.

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
 * Until then a second write may bear the time of the first. Linux stamps with the clock of its last tick, 10 ms at the
 * most; the rest is for rounding and for the clock's lag of up to 8 ms (measured).
 */
export const YOUNG_MS = 20;

/** The same where the file system keeps whole seconds only, as ext4 with inodes of 128 bytes does. */
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
 * Whether the next write could leave the identity as it is. The difference counts in both directions: after the clock
 * was set back, the file's time lies ahead.
 * @param wallMs the time of day, in milliseconds since 1970
 */
export function isYoung({ mtimeMs }: Identity, wallMs: number): boolean {
  const age = Math.abs(wallMs - mtimeMs);
  if (age < YOUNG_MS) return true;
  return age < YOUNG_WHOLE_SECONDS_MS && mtimeMs % 1_000 === 0;
}

// Durations as an administrator writes them: a whole number with its unit, such as "250ms", "5s", "15m". No I/O.

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

/** @returns milliseconds, or undefined where the text is no duration */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  const factor = UNITS.find(([unit]) => unit === match?.[2])?.[1];
  return match === null || factor === undefined ? undefined : Number(match[1]) * factor;
}

/** The shortest text that is read back as the same number. */
export function formatDuration(ms: number): string {
  const [unit, factor] = UNITS.find(([, each]) => ms >= each && ms % each === 0) ?? ['s', 1000];
  return `${ms / factor}${unit}`;
}

/**
 * For a number without a unit: the same with the first unit that makes it fit, seconds before others. It may be what was meant.
 * @returns undefined where it is no number, or fits with none
 */
export function withUnit(written: unknown, fits: (ms: number) => boolean): string | undefined {
  // A table has no text: String() of one throws.
  const digits = typeof written === 'string' || typeof written === 'number' ? String(written) : '';
  if (!/^\d{1,9}$/.test(digits)) return undefined;
  return ['s', 'ms', 'm', 'h', 'd']
    .map((unit) => `${digits}${unit}`)
    .find((text) => fits(parseDuration(text) ?? NaN));
}

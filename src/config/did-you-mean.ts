// Finds the word that a misspelt one was meant to be. No I/O.

/** Words longer than this are not looked at, so that the table below stays small. */
const LONGEST = 64;

/** A beginning with fewer letters would fit too many words. */
const SHORTEST = 4;

/** @returns the nearest of `words`: one that it begins, or where no more than a third of the letters, two at least, differ */
export function nearest(written: string, words: readonly string[]): string | undefined {
  if (written.length > LONGEST) return undefined;
  const most = Math.max(2, Math.floor(written.length / 3));
  const [best] = words
    .map((word) => ({ word, edits: editsBetween(written.toLowerCase(), word.toLowerCase()) }))
    .filter(({ word, edits }) => edits <= most && edits < word.length)
    .toSorted((a, b) => a.edits - b.edits);
  return best?.word ?? words.find((word) => written.length >= SHORTEST && word.startsWith(written));
}

/** Letters that have to be added, taken away, changed or swapped: Damerau and Levenshtein's distance. */
export function editsBetween(from: string, to: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current.push(
        Math.min(
          (last[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (last[column - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}

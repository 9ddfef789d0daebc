// The result of a comparison, as a table for people and as an object for scripts. No I/O.
import { formatAnswer } from './answer.js';
import type { Comparison, Group } from './compare.js';
import { KINDS, type Agrees } from './kind.js';

/** How many addresses of each group the table shows; the object has all of them. */
const EXAMPLES = 5;

const COLUMNS = [18, 10, 9, 9] as const;

export type Names = { readonly ours: string; readonly other: string };

/** Whether somebody must look: there is a difference for which it is not proven that our answer agrees with delivery. */
export function isDoubtful({ groups }: Comparison): boolean {
  return groups.some(({ agrees }) => agrees !== 'ours');
}

/** @param show makes bytes printable, since a stranger may have written them */
export function textReport(found: Comparison, names: Names, show: (bytes: string) => string): string[] {
  const differing = differencesIn(found);
  const same = [...found.same.values()].reduce((sum, count) => sum + count, 0);
  const by = [...found.same].map(([status, count]) => `${count} ${status}`).join(', ');
  const lines = [
    `ours     ${names.ours}`,
    `other    ${names.other}`,
    `asked    ${found.asked}`,
    `same     ${same}${by === '' ? '' : ` (${by})`}`,
    `differs  ${differing}`,
  ];
  if (found.changed > 0)
    lines.push(`changed  ${found.changed}, while they were asked about: not counted as different`);
  if (found.tooLong > 0) lines.push(`too long ${found.tooLong}, not asked: smmapd may end by them`);
  if (found.groups.length === 0) return lines;
  lines.push('', row(['kind', 'addresses', 'ours', 'other'], 'agrees with delivery'));
  for (const group of sorted(found.groups)) lines.push(...ofGroup(group, show));
  return lines;
}

function ofGroup(
  { kind, agrees, ours, other, differences }: Group,
  show: (bytes: string) => string,
): string[] {
  const shown = differences.slice(0, EXAMPLES).map((each) => {
    const { key } = each;
    return `    ${show(key === '' ? '(empty)' : key)}: ${show(formatAnswer(each.ours))} / ${show(formatAnswer(each.other))}`;
  });
  const more = differences.length - shown.length;
  return [
    row([kind, String(differences.length), ours, other], AGREES[agrees]),
    `  ${KINDS[kind]}`,
    ...shown,
    ...(more > 0 ? [`    and ${more} more`] : []),
  ];
}

const AGREES: { readonly [agrees in Agrees]: string } = {
  ours: 'ours',
  other: 'other',
  undecided: 'undecided: look at it',
};

export function jsonReport(found: Comparison, names: Names): object {
  return {
    ...names,
    asked: found.asked,
    same: Object.fromEntries(found.same),
    differs: differencesIn(found),
    changed: found.changed,
    tooLong: found.tooLong,
    doubtful: isDoubtful(found),
    groups: sorted(found.groups).map(({ kind, agrees, differences }) => ({
      kind,
      agrees,
      reason: KINDS[kind],
      addresses: differences.map(({ key, ours, other }) => ({
        address: textOf(key),
        ours: textOf(formatAnswer(ours)),
        other: textOf(formatAnswer(other)),
      })),
    })),
  };
}

/** Undecided groups first; among equals, the largest first. */
function sorted(groups: readonly Group[]): Group[] {
  const rank = { undecided: 0, other: 1, ours: 2 } as const;
  return groups.toSorted(
    (a, b) => rank[a.agrees] - rank[b.agrees] || b.differences.length - a.differences.length,
  );
}

function differencesIn({ groups }: Comparison): number {
  return groups.reduce((sum, { differences }) => sum + differences.length, 0);
}

function row(cells: readonly string[], last: string): string {
  return cells.map((cell, i) => cell.padEnd(COLUMNS[i] ?? 0)).join(' ') + ` ${last}`;
}

/** Reads the bytes as UTF-8 where they are valid UTF-8. */
function textOf(bytes: string): string {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? bytes : text;
}

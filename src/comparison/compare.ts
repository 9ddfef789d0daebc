// Asks two socketmaps about the same addresses, so many in a second, and sorts the differences by their kind. Where the answers
// differ, both are asked again before it counts, since a mailbox may just have been created or deleted. I/O only by the two sides.
import { isSame, type Answer, type AnswerClass } from './answer.js';
import { judge, type Difference, type Facts } from './judge.js';
import type { Agrees, Kind } from './kind.js';

export type Side = { ask(map: string, key: string): Promise<Answer> };

export type Comparing = {
  readonly map: string;
  readonly ours: Side;
  readonly other: Side;
  readonly facts: Facts;
  /** Resolves when the next address may be asked about. */
  readonly pace: () => Promise<void>;
  /** The most bytes of map name, space and key together; longer addresses are not asked about. */
  readonly maxBytes: number;
};

/** Differences of one kind in which the answers are the same. */
export type Group = {
  readonly kind: Kind;
  readonly agrees: Agrees;
  readonly ours: AnswerClass;
  readonly other: AnswerClass;
  readonly differences: Difference[];
};

export type Comparison = {
  asked: number;
  /** How many addresses were not asked about because they were too long for the other socketmap. */
  tooLong: number;
  /** How many addresses differed at first, but not when they were asked about again. */
  changed: number;
  readonly same: Map<AnswerClass, number>;
  /** The groups of differences, in the order in which they were found. */
  readonly groups: Group[];
};

/** @param keys latin1; each once */
export async function compare(keys: Iterable<string>, comparing: Comparing): Promise<Comparison> {
  const found: Comparison = { asked: 0, tooLong: 0, changed: 0, same: new Map(), groups: [] };
  for (const key of keys) {
    if (comparing.map.length + 1 + key.length > comparing.maxBytes) {
      found.tooLong += 1;
      continue;
    }
    await comparing.pace();
    found.asked += 1;
    await compareOne(key, comparing, found);
  }
  return found;
}

async function compareOne(key: string, comparing: Comparing, found: Comparison): Promise<void> {
  const first = await askBoth(key, comparing);
  const { ours, other } = isSame(first.ours, first.other) ? first : await askBoth(key, comparing);
  if (isSame(ours, other)) {
    if (!isSame(first.ours, first.other)) found.changed += 1;
    found.same.set(ours.class, (found.same.get(ours.class) ?? 0) + 1);
    return;
  }
  const plain = withoutDetail(key);
  const asked = plain === undefined ? undefined : await askBoth(plain, comparing);
  add(found, { key, ours, other, plainOurs: asked?.ours, plainOther: asked?.other }, comparing.facts);
}

async function askBoth(
  key: string,
  { map, ours, other }: Comparing,
): Promise<{ readonly ours: Answer; readonly other: Answer }> {
  const [one, two] = await Promise.all([ours.ask(map, key), other.ask(map, key)]);
  return { ours: one, other: two };
}

function add({ groups }: Comparison, difference: Difference, facts: Facts): void {
  const { kind, agrees } = judge(difference, facts);
  const [ours, other] = [difference.ours.class, difference.other.class];
  const group = groups.find(
    (each) => each.kind === kind && each.agrees === agrees && each.ours === ours && each.other === other,
  );
  if (group === undefined) groups.push({ kind, agrees, ours, other, differences: [difference] });
  else group.differences.push(difference);
}

/** The same address without its detail; undefined where it has none. */
export function withoutDetail(key: string): string | undefined {
  const plus = key.indexOf('+');
  const at = key.lastIndexOf('@');
  if (plus <= 0 || (at !== -1 && plus > at)) return undefined;
  return key.slice(0, plus) + (at === -1 ? '' : key.slice(at));
}

// Asks two socketmaps about the same addresses, at a pace, and sorts the differences by their kind. A difference is asked about
// again before it counts: a mailbox may have been made or removed between the two questions. I/O only by its sides.
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
  /** Longest map name, space and key together; those over it are not asked. */
  readonly maxBytes: number;
};

/** Differences of one kind that have the same answers. */
export type Group = {
  readonly kind: Kind;
  readonly agrees: Agrees;
  readonly ours: AnswerClass;
  readonly other: AnswerClass;
  readonly differences: Difference[];
};

export type Comparison = {
  asked: number;
  /** Longer than the other one could take. */
  tooLong: number;
  /** Differed at first, and did not when they were asked again. */
  changed: number;
  readonly same: Map<AnswerClass, number>;
  /** In the order in which they were found. */
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

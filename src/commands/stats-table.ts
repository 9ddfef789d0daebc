// The counters of a daemon as a table for people: what it answers, how fast, how Cyrus is. No I/O.
import { fieldsOf } from './control.js';
import { keyOfArgument, printable } from './terminal.js';

type Fields = ReadonlyMap<string, unknown>;

/** @param former the figures of a moment ago: where they are given, each counter has its rate beside it */
export function statsTable(figures: Fields, former?: Fields): string[] {
  const seconds =
    former === undefined ? 0 : number(figures, 'uptimeSeconds') - number(former, 'uptimeSeconds');
  const rate = (now: number, then: number): string =>
    seconds <= 0 ? '' : `${((now - then) / seconds).toFixed(1)}/s`;
  const replies = counts(figures, 'replies');
  const repliesThen = former === undefined ? replies : counts(former, 'replies');
  const sources = sumBy(figures, 'source');
  const sourcesThen = former === undefined ? sources : sumBy(former, 'source');
  const verdicts = sumBy(figures, 'verdict');
  return [
    row('up', duration(number(figures, 'uptimeSeconds'))),
    row('memory', `${(number(figures, 'memoryBytes') / 1e6).toFixed(1)} MB`),
    row('connections', `${number(figures, 'connections')}, ${number(figures, 'accepted')} since the start`),
    '',
    ...table('replies', replies, repliesThen, rate),
    ...table('verdicts', verdicts, former === undefined ? verdicts : sumBy(former, 'verdict'), rate),
    ...table('known by', sources, sourcesThen, rate),
    ...misses(figures),
    '',
    ...backchannels(figures),
    ...caches(figures),
    ...fleet(figures),
    ...harvest(figures),
    ...shadow(figures),
  ];
}

function table(
  title: string,
  now: ReadonlyMap<string, number>,
  then: ReadonlyMap<string, number>,
  rate: (now: number, then: number) => string,
): string[] {
  return [...now].map(([name, value], i) =>
    row(
      i === 0 ? title : '',
      `${name.padEnd(12)}${String(value).padStart(12)} ${rate(value, then.get(name) ?? 0)}`,
    ),
  );
}

/** From the buckets: the bound below which half of the lookups were, and 99 % of them. */
function misses(figures: Fields): string[] {
  const found = fieldsOf(figures.get('misses'));
  const total = number(found, 'count');
  if (total === 0) return [row('misses', 'none')];
  const bounds = numbers(found.get('bounds'));
  const cumulative = numbers(found.get('cumulative'));
  const below = (share: number): string => {
    const bound = bounds[cumulative.findIndex((count) => count >= share * total)];
    return bound === undefined ? `over ${bounds.at(-1) ?? 0} s` : `${bound * 1000} ms`;
  };
  return [row('misses', `${total}, half within ${below(0.5)}, 99 % within ${below(0.99)}`)];
}

function backchannels(figures: Fields): string[] {
  return list(figures, 'backchannels').map((each, i) => {
    const ago = each.get('answeredAgo');
    const answered = typeof ago === 'number' ? `, answered ${Math.round(ago)} s ago` : '';
    const trouble = each.has('trouble') ? `: ${text(each, 'trouble')}` : '';
    const witness = each.has('witness')
      ? `; witness ${text(each, 'witness')} ${text(each, 'witnessState')}`
      : '';
    const held = each.has('list')
      ? `; ${number(fieldsOf(each.get('list')), 'mailboxes')} users on the list, which came ${number(fieldsOf(each.get('list')), 'loads')} times`
      : '';
    const busy = `, ${number(each, 'sessions')} sessions, ${number(each, 'waiting')} waiting`;
    const said = `${text(each, 'name')}: ${text(each, 'state')}${trouble}${answered}${busy}${witness}${held}`;
    return row(i === 0 ? 'Cyrus' : '', said);
  });
}

function fleet(figures: Fields): string[] {
  if (!figures.has('fleet')) return [];
  const found = fieldsOf(figures.get('fleet'));
  const stateOf = (each: Fields): string => (each.has('trouble') ? `: ${text(each, 'trouble')}` : '');
  const following = list(found, 'following').map((each) => {
    const lease = each.get('lease') === true ? 'lease holds' : 'no lease';
    const place = `${number(each, 'behind')} behind, last id ${text(each, 'lastId')}`;
    return `follows ${text(each, 'stream')}, ${lease}${stateOf(each)}, ${place}`;
  });
  const publishing = found.has('publishing') ? fieldsOf(found.get('publishing')) : new Map<string, unknown>();
  const place = `last id ${text(publishing, 'lastId')}, ${number(publishing, 'waiting')} to be told`;
  const ours = `publishes ${text(publishing, 'stream')}${stateOf(publishing)}, ${number(publishing, 'followers')} followers, ${place}`;
  return [...(publishing.has('stream') ? [ours] : []), ...following].map((said, i) =>
    row(i === 0 ? 'fleet' : '', said),
  );
}

function caches(figures: Fields): string[] {
  return list(figures, 'caches').map((each, i) =>
    row(
      i === 0 ? 'remembered' : '',
      `${text(each, 'store').padEnd(12)}${String(number(each, 'entries')).padStart(12)} of ${number(each, 'max')}`,
    ),
  );
}

function harvest(figures: Fields): string[] {
  const active = fieldsOf(figures.get('harvest')).get('active');
  if (!Array.isArray(active) || active.length === 0) return [];
  const domains = active.map((name) =>
    name === '*' ? 'all domains' : printable(keyOfArgument(String(name))),
  );
  return [row('ATTACK', `unknown recipients come faster than usual: ${domains.join(', ')}`)];
}

function shadow(figures: Fields): string[] {
  const figure = figures.get('shadow');
  // There are no such figures without [shadow].
  if (figure === undefined) return [];
  const beside = fieldsOf(figure);
  if (beside.size === 0) return [];
  const kinds = [...counts(beside, 'differences')].map(([kind, count]) =>
    row('', `${kind.padEnd(20)}${count}`),
  );
  const answers = [...counts(beside, 'answers')].map(([result, count]) => `${count} ${result}`);
  return [row('beside', answers.join(', ')), ...kinds];
}

function row(name: string, value: string): string {
  return `${name.padEnd(12)}${value}`.trimEnd();
}

function duration(seconds: number): string {
  const [days, hours, minutes] = [seconds / 86_400, (seconds / 3600) % 24, (seconds / 60) % 60].map(
    Math.floor,
  );
  return `${days} d ${hours} h ${minutes} min ${Math.floor(seconds % 60)} s`;
}

function sumBy(figures: Fields, field: string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const each of list(figures, 'lookups')) {
    const name = text(each, field);
    sums.set(name, (sums.get(name) ?? 0) + number(each, 'count'));
  }
  return sums;
}

function counts(figures: Fields, field: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const [name, value] of fieldsOf(figures.get(field)))
    if (typeof value === 'number') found.set(name, value);
  return found;
}

function list(figures: Fields, field: string): Fields[] {
  const value = figures.get(field);
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'number') : [];
}

function number(fields: Fields, name: string): number {
  const value = fields.get(name);
  return typeof value === 'number' ? value : 0;
}

function text(fields: Fields, name: string): string {
  const value = fields.get(name);
  return typeof value === 'string' ? printable(keyOfArgument(value)) : '';
}

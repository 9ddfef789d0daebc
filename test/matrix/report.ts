// What the matrix has shown, as Markdown: how many answers disagree with delivery in each version and setup, what differs
// between versions, and why IMAP says something else than LMTP. No I/O.
import type { Suite } from '../containers/cyrus.js';
import { SETUPS, USUAL, type Setup } from '../containers/setup.js';
import { verdictTable } from '../containers/verdict-table.js';
import { disagrees, replyDisagrees } from './agreement.js';
import { NO_REPLY, type Observation, type Seen } from './seen.js';

const NOT_TRIED = 'not tried';

type Version = { readonly suite: Suite; readonly name: string };

/** @param seen in any order; where a version was not tried in a setup, it says so */
export function renderMatrix(seen: readonly Seen[]): string {
  const [first] = seen;
  if (first === undefined) return 'Nothing was tried.\n';
  const versions = versionsOf(seen);
  const names = versions.map(({ name }) => name);
  return [
    `${first.observations.length} addresses, each asked about and then delivered to. How many answers disagree with what became of`,
    'the message, over LMTP · over IMAP · by smmapd (said to exist and not delivered, or refused and delivered):',
    '',
    ...table(['unixhierarchysep', 'virtdomains', ...names], countsOf(seen, versions)),
    '',
    'What differs between the versions, in lmtpd’s replies, in where a message goes, in our verdicts and in smmapd’s replies:',
    '',
    ...table(['what', 'where', ...names], [...differencesOf(seen, versions), ...offersOf(seen, versions)]),
    '',
    'Where IMAP says something else than LMTP:',
    '',
    ...table(['address', 'what it is', 'over LMTP', 'over IMAP', 'because'], reasons()),
    '',
    ...smmapdOf(seen, versions),
  ].join('\n');
}

/** Oldest first. */
function versionsOf(seen: readonly Seen[]): Version[] {
  const names = new Map(seen.map(({ suite, offers }) => [suite, offers.version]));
  const collator = new Intl.Collator('en', { numeric: true });
  return [...names]
    .map(([suite, name]) => ({ suite, name }))
    .sort((a, b) => collator.compare(a.name, b.name));
}

function find(seen: readonly Seen[], { suite }: Version, setup: Setup): Seen | undefined {
  return seen.find(
    (each) =>
      each.suite === suite &&
      each.setup.unixhierarchysep === setup.unixhierarchysep &&
      each.setup.virtdomains === setup.virtdomains,
  );
}

function countsOf(seen: readonly Seen[], versions: readonly Version[]): string[][] {
  return SETUPS.map((setup) => [
    setup.unixhierarchysep,
    setup.virtdomains,
    ...versions.map((version) => countOf(find(seen, version, setup))),
  ]);
}

function countOf(seen: Seen | undefined): string {
  if (seen === undefined) return NOT_TRIED;
  const count = (wrong: (observation: Observation) => boolean): number =>
    seen.observations.filter(wrong).length;
  const lmtp = count(({ lmtp, where }) => disagrees(lmtp.kind, where));
  const imap = count(({ imap, where }) => disagrees(imap.kind, where));
  const smmapd = count(({ smmapd, where }) => replyDisagrees(smmapd, where));
  return `${lmtp} · ${imap} · ${smmapd}`;
}

/** What is compared; undefined where there is nothing to compare. */
const ASPECTS: readonly [string, (observation: Observation) => string | undefined][] = [
  ['lmtpd’s reply', ({ rcpt }) => rcpt],
  ['delivery', ({ where }) => where.join(' ') || 'nowhere'],
  ['over LMTP', ({ lmtp }) => (lmtp.kind === 'deferred' ? lmtp.reason : lmtp.kind)],
  ['over IMAP', ({ imap }) => (imap.kind === 'deferred' ? imap.reason : imap.kind)],
  ['smmapd', ({ smmapd }) => (smmapd === NO_REPLY ? 'ends without a reply' : 'replies')],
  ['smmapd’s reply', ({ smmapd }) => (smmapd === NO_REPLY ? undefined : smmapd.split(' ')[0])],
];

type Difference = {
  readonly what: string;
  readonly cells: readonly string[];
  readonly keys: Set<string>;
  readonly setups: Set<Setup>;
};

/** A line for each kind of difference, with the addresses and the number of setups that show it. */
function differencesOf(seen: readonly Seen[], versions: readonly Version[]): string[][] {
  const differences = new Map<string, Difference>();
  for (const setup of SETUPS) {
    const each = versions.map((version) => find(seen, version, setup));
    for (const [what, aspect] of ASPECTS) {
      for (const { key } of verdictTable(setup)) {
        const said = each.map((one) => one?.observations.find((observation) => observation.key === key));
        const values = said.map((observation) => observation && aspect(observation));
        if (new Set(values.filter((value) => value !== undefined)).size < 2) continue;
        const cells = values.map((value, i) => value ?? (said[i] === undefined ? NOT_TRIED : ''));
        const name = JSON.stringify([what, cells]);
        const difference = differences.get(name) ?? { what, cells, keys: new Set(), setups: new Set() };
        differences.set(name, difference);
        difference.keys.add(key);
        difference.setups.add(setup);
      }
    }
  }
  return [...differences.values()].map(({ what, cells, keys, setups }) => [
    what,
    `${some([...keys])}, in ${setups.size} of ${SETUPS.length} setups`,
    ...cells,
  ]);
}

/** Capabilities that have to do with what we ask, and that not all versions have. */
function offersOf(seen: readonly Seen[], versions: readonly Version[]): string[][] {
  return (['lmtpd', 'imapd'] as const).flatMap((program) => {
    const offers = versions.map(({ suite }) => {
      const all = seen.find((each) => each.suite === suite)?.offers[program] ?? [];
      return all.filter((word) => program === 'lmtpd' || OF_CONCERN.test(word));
    });
    const cells = offers.map((words) =>
      words.filter((word) => !offers.every((others) => others.includes(word))).join(' '),
    );
    return cells.every((cell) => cell === '') ? [] : [[`${program} offers`, 'not all of them', ...cells]];
  });
}

const OF_CONCERN = /^(?:IMAP4|NAMESPACE|ACL|RIGHTS=|QUOTA|X-QUOTA)/;

/** Of every setup, once each; what is only deferred comes last. */
function reasons(): string[][] {
  const rows = SETUPS.flatMap(verdictTable).flatMap(({ key, why, verdict, imap, because }) =>
    because === undefined ? [] : [[code(key), why, verdict, imap, because]],
  );
  const once = [...new Map(rows.map((row) => [row.join('|'), row])).values()];
  return once.sort(([, , , a = ''], [, , , b = '']) => Number(a === 'deferred') - Number(b === 'deferred'));
}

/** Where smmapd disagrees in the usual setup of the newest version in which it replies to everything. */
function smmapdOf(seen: readonly Seen[], versions: readonly Version[]): string[] {
  const usual = versions.flatMap((version) => {
    const found = find(seen, version, USUAL);
    return found === undefined || found.observations.some(({ smmapd }) => smmapd === NO_REPLY) ? [] : [found];
  });
  const last = usual.at(-1);
  if (last === undefined) return [];
  const wrong = new Map<string, string[]>();
  for (const { key, smmapd, where } of last.observations) {
    if (!replyDisagrees(smmapd, where)) continue;
    const reply = smmapd.replace(/^OK .*/, 'OK');
    wrong.set(reply, [...(wrong.get(reply) ?? []), code(key)]);
  }
  const parts = [...wrong].map(([reply, keys]) => `\`${reply}\` for ${keys.join(', ')}`);
  return [`smmapd of ${last.offers.version} is wrong with ${parts.join('; ')}.`, ''];
}

function some(keys: readonly string[]): string {
  const more = keys.length - KEYS_SHOWN;
  return keys.slice(0, KEYS_SHOWN).map(code).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const KEYS_SHOWN = 3;
const KEY_SHOWN_BYTES = 60;

function code(key: string): string {
  return `\`${key.length > KEY_SHOWN_BYTES ? `${key.slice(0, KEY_SHOWN_BYTES)}…` : key}\``;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return ['Nothing.'];
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)];
}

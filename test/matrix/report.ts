// What the matrix has shown, as Markdown: how many answers disagree with delivery in each version and setup, what differs
// between versions, and why IMAP says something else than LMTP. Puts it into a README. No I/O.
import type { Suite } from '../containers/cyrus.js';
import { SETUPS, type Setup } from '../containers/setup.js';
import { verdictTable } from '../containers/verdict-table.js';
import { disagrees, replyDisagrees } from './agreement.js';
import type { Observation } from './observe.js';
import type { Seen } from './seen.js';

const BEGIN = '<!-- matrix -->';
const END = '<!-- /matrix -->';

/** @param seen in any order; a setup that a version was not tried in is shown as such */
export function renderMatrix(seen: readonly Seen[]): string {
  const versions = versionsOf(seen);
  const [first] = seen;
  if (first === undefined) return 'Nothing was seen.\n';
  return [
    `Of ${first.observations.length} addresses, each delivered to as well, so many answers disagree with what became of the`,
    'message, over LMTP · over IMAP · of smmapd:',
    '',
    ...table(
      ['unixhierarchysep', 'virtdomains', ...versions.map(({ name }) => name)],
      countsOf(seen, versions),
    ),
    '',
    'What differs between the versions:',
    '',
    ...table(['what', 'where', ...versions.map(({ name }) => name)], differencesOf(seen, versions)),
    '',
    'What is said over IMAP and not over LMTP:',
    '',
    ...table(['address', 'over LMTP', 'over IMAP', 'because'], REASONS),
    '',
  ].join('\n');
}

/** @throws Error where the two marks do not stand there once each, in order */
export function intoReadme(readme: string, markdown: string): string {
  const [before, ...rest] = readme.split(BEGIN);
  const [, after, ...more] = rest.join(BEGIN).split(END);
  if (before === undefined || after === undefined || rest.length !== 1 || more.length > 0) {
    throw new Error(`README.md must have ${BEGIN} and ${END}, once each`);
  }
  return `${before}${BEGIN}\n\n${markdown}\n${END}${after}`;
}

type Version = { readonly suite: Suite; readonly name: string };

/** Oldest first. */
function versionsOf(seen: readonly Seen[]): Version[] {
  const names = new Map(seen.map(({ suite, offers }) => [suite, offers.version]));
  const collator = new Intl.Collator('en', { numeric: true });
  return [...names]
    .map(([suite, name]) => ({ suite, name }))
    .sort((a, b) => collator.compare(a.name, b.name));
}

function find(seen: readonly Seen[], { suite }: Version, setup: Setup): Seen | undefined {
  return seen.find((each) => each.suite === suite && isSame(each.setup, setup));
}

function isSame(a: Setup, b: Setup): boolean {
  return a.unixhierarchysep === b.unixhierarchysep && a.virtdomains === b.virtdomains;
}

function countsOf(seen: readonly Seen[], versions: readonly Version[]): string[][] {
  return SETUPS.map((setup) => {
    const counts = versions.map((version) => countOf(find(seen, version, setup)));
    return [setup.unixhierarchysep, setup.virtdomains, ...counts];
  });
}

function countOf(seen: Seen | undefined): string {
  if (seen === undefined) return 'not tried';
  const { observations } = seen;
  const count = (wrong: (observation: Observation) => boolean): number => observations.filter(wrong).length;
  const lmtp = count(({ lmtp, where }) => disagrees(lmtp.kind, where));
  const imap = count(({ imap, where }) => disagrees(imap.kind, where));
  const smmapd = count(({ smmapd, where }) => replyDisagrees(smmapd, where));
  return `${lmtp} · ${imap} · ${smmapd}`;
}

/** What is compared of each address. */
const ASPECTS: Readonly<Record<string, (observation: Observation) => string>> = {
  'lmtpd’s reply to RCPT': ({ rcpt }) => rcpt,
  'delivered to': ({ where }) => where.join(' ') || 'nowhere',
  'over LMTP': ({ lmtp }) => (lmtp.kind === 'deferred' ? lmtp.reason : lmtp.kind),
  'over IMAP': ({ imap }) => (imap.kind === 'deferred' ? imap.reason : imap.kind),
  // OK is followed by the address.
  smmapd: ({ smmapd }) => smmapd.replace(/^OK .*/, 'OK'),
};

/** A line for each kind of difference; the addresses and setups that show it are counted in it. */
function differencesOf(seen: readonly Seen[], versions: readonly Version[]): string[][] {
  const lines = new Map<string, { cells: string[]; what: string; keys: Set<string>; setups: number }>();
  for (const setup of SETUPS) {
    const all = versions.map((version) => find(seen, version, setup));
    const keys = all.find((each) => each !== undefined)?.observations.map(({ key }) => key) ?? [];
    for (const [what, aspect] of Object.entries(ASPECTS)) {
      const inThisSetup = new Set<string>();
      keys.forEach((key, i) => {
        const said = all.map((each) => each?.observations[i]).map((each) => each && aspect(each));
        if (new Set(said.filter((each) => each !== undefined)).size < 2) return;
        const cells = said.map((each) => each ?? 'not tried');
        const name = JSON.stringify([what, cells]);
        const line = lines.get(name) ?? { cells, what, keys: new Set(), setups: 0 };
        lines.set(name, line);
        line.keys.add(key);
        if (!inThisSetup.has(name)) line.setups += 1;
        inThisSetup.add(name);
      });
    }
  }
  const found = [...lines.values()].map(({ cells, what, keys, setups }) => [
    what,
    `${some([...keys])}, in ${setups} of ${SETUPS.length} setups`,
    ...cells,
  ]);
  return [...found, ...offersOf(seen, versions)];
}

/** The capabilities that not all versions have. */
function offersOf(seen: readonly Seen[], versions: readonly Version[]): string[][] {
  return (['lmtpd', 'imapd'] as const).flatMap((program) => {
    const offers = versions.map(
      ({ suite }) => seen.find((each) => each.suite === suite)?.offers[program] ?? [],
    );
    const inAll = new Set(offers[0]?.filter((word) => offers.every((words) => words.includes(word))));
    const cells = offers.map((words) => words.filter((word) => !inAll.has(word)).join(' '));
    if (cells.every((cell) => cell === '')) return [];
    return [[`${program} offers`, 'beyond what all do', ...cells]];
  });
}

function some(keys: readonly string[]): string {
  const shown = keys
    .slice(0, KEYS_SHOWN)
    .map((key) => code(key.length > KEY_SHOWN ? `${key.slice(0, KEY_SHOWN)}…` : key));
  const more = keys.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const KEYS_SHOWN = 3;
const KEY_SHOWN = 60;

/** Of every setup, once each. */
const REASONS: readonly string[][] = (() => {
  const rows = SETUPS.flatMap(verdictTable).flatMap(({ key, verdict, imap, because }) =>
    because === undefined ? [] : [[code(key), verdict, imap, because]],
  );
  return [...new Map(rows.map((row) => [row.join('|'), row])).values()];
})();

function code(text: string): string {
  return `\`${text}\``;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return ['Nothing.'];
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)];
}

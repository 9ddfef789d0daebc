// The scenarios of a million mailboxes: known one by one, listed by a snapshot, and held as a directory. Data only; the work is done elsewhere.
import { withSlowCyrus } from './fake-servers.js';
import { measureDirectory } from './large-directory.js';
import { measureListing } from './listing.js';
import { measureLoad, type Bench } from './measure.js';
import { OURS } from './results.js';
import type { Scenario } from './scenario.js';

export function manyKnown(): Scenario {
  const measure = (keys: 'many' | 'ten') => (bench: Bench) =>
    withSlowCyrus(bench, 0, (lmtp) =>
      measureLoad(bench, OURS, {
        ...{ mode: 'open', connections: 8, rate: 8000, keys },
        daemon: { lmtp, config: '[cache]\nmax_known = 2_000_000\nknown_ttl = "1h"\n' },
      }),
    );
  return {
    name: 'million-known',
    title: 'hit with a million mailboxes known',
    connections: 8,
    contestants: [
      { label: OURS, measure: measure('many') },
      { label: 'ten known', measure: measure('ten') },
    ],
    aims: [
      { metric: 'median', against: 'ten known', atMost: 1.1 },
      { metric: 'cpu', against: 'ten known', atMost: 1.1 },
    ],
  };
}

/** A snapshot. A mailbox may cost 150 bytes; a process that knows only ten has some 36 MB. */
export function listing(mailboxes: number): Scenario {
  const measure = (count: number) => (bench: Bench) => measureListing(bench, count);
  return {
    name: 'million-listed',
    title: 'a snapshot of a million mailboxes, and 8000 lookups a second while it is taken anew',
    connections: 8,
    contestants: [
      { label: OURS, measure: measure(mailboxes) },
      { label: 'ten listed', measure: measure(10) },
    ],
    aims: [
      { metric: 'took', atMost: 3333 },
      { metric: 'memory', atMost: 186 },
      { metric: 'p99', against: 'ten listed', atMost: 2 },
    ],
  };
}

/** The directory: the list of a daemon that is started, and one that another list takes the place of, which is loaded anew. */
export function directories(mailboxes: number): Scenario[] {
  const measure = (count: number, anew: boolean) => (bench: Bench) => measureDirectory(bench, count, anew);
  return [
    {
      name: 'million-directory',
      title: 'a directory of a million mailboxes, and 8000 hits a second',
      connections: 8,
      contestants: [
        { label: OURS, measure: measure(mailboxes, false) },
        { label: 'ten in the list', measure: measure(10, false) },
      ],
      aims: [
        { metric: 'took', atMost: 3500 },
        { metric: 'memory', atMost: 186 },
        { metric: 'median', against: 'ten in the list', atMost: 1.1 },
      ],
    },
    {
      name: 'million-directory-anew',
      title: 'a directory of a million mailboxes, and 8000 hits a second while it is loaded anew',
      connections: 8,
      contestants: [
        { label: OURS, measure: measure(mailboxes, true) },
        { label: 'not loaded anew', measure: measure(mailboxes, false) },
      ],
      aims: [{ metric: 'p99', against: 'not loaded anew', atMost: 2 }],
    },
  ];
}

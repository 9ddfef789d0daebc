// The scenarios of a million mailboxes: known one by one, and listed by a snapshot. Data only; the work is done elsewhere.
import { withSlowCyrus } from './fake-servers.js';
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

// Another socketmap beside ours, as [shadow] of the configuration has it: what the front asks instead of our lookups alone, and
// what of it a reload changes. No I/O of its own.
import { factsOf } from '../comparison/facts.js';
import { openShadow } from '../comparison/open-shadow.js';
import type { Shadow } from '../comparison/shadow.js';
import type { Config } from '../config/config.js';
import type { Log } from '../log/log.js';
import type { Endpoint } from '../net/endpoint.js';
import type { Lookup } from '../socketmap/lookup.js';
import { ShadowedLookups, ShadowOnlyLookups } from './shadowed-lookups.js';

export class Beside {
  readonly shadow: Shadow;
  readonly lookup: Lookup;
  #deadlineMs: number;

  /** Nobody is connected to before the first lookup. @param now monotonic milliseconds */
  constructor(endpoint: Endpoint, config: Config, lookups: Lookup, log: Log, now: () => number) {
    this.shadow = openShadow(endpoint, config, log, now);
    this.#deadlineMs = config.lookup.deadlineMs;
    this.lookup = config.shadow.only
      ? new ShadowOnlyLookups(lookups, this.shadow, () => this.#deadlineMs)
      : new ShadowedLookups(lookups, this.shadow);
  }

  /** Takes a new configuration, except which socketmap it is and who answers: these are taken at the start only. */
  take(config: Config): void {
    this.#deadlineMs = config.lookup.deadlineMs;
    this.shadow.facts = factsOf(config);
  }
}

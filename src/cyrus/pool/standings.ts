// What each connection has heard lately. One that hears of unknown mailboxes most of the time guesses names, and its
// questions come behind those of the others. Connections that are closed are forgotten by themselves. No I/O.
import type { Asker } from '../../validation/probe.js';
import type { Verdict } from '../../validation/verdict.js';

type Heard = { unknown: number; other: number };

/** One wrong recipient in a session is a slip. */
const SUSPECT_UNKNOWNS_MIN = 2;
/** So many answers are remembered of a connection; then both counts are halved, so that it can earn its place again. */
const HEARD_MAX = 32;

export class Standings {
  readonly #heard = new WeakMap<Asker, Heard>();

  heard(asker: Asker | undefined, verdict: Verdict): void {
    if (asker === undefined) return;
    let heard = this.#heard.get(asker);
    if (heard === undefined) this.#heard.set(asker, (heard = { unknown: 0, other: 0 }));
    if (verdict.kind === 'unknown') heard.unknown += 1;
    else heard.other += 1;
    if (heard.unknown + heard.other < HEARD_MAX) return;
    heard.unknown /= 2;
    heard.other /= 2;
  }

  /** How many more unknown mailboxes than others it has heard of; 0 at least. */
  excess(asker: Asker | undefined): number {
    const heard = asker === undefined ? undefined : this.#heard.get(asker);
    return heard === undefined ? 0 : Math.max(0, heard.unknown - heard.other);
  }

  /** Whether its questions come behind those of others: also ours, in the background, for which nobody waits. */
  isSuspect(asker: Asker | undefined): boolean {
    if (asker === undefined) return true;
    const heard = this.#heard.get(asker);
    return heard !== undefined && heard.unknown >= SUSPECT_UNKNOWNS_MIN && heard.unknown > heard.other;
  }
}

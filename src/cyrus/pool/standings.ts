// What each connection of a mail server was answered lately. One that is answered "unknown" most of the time guesses names, so its
// questions come behind those of the others. Connections that are closed are forgotten by themselves. No I/O.
import type { Asker } from '../../validation/probe.js';
import type { Verdict } from '../../validation/verdict.js';

type Heard = { unknown: number; other: number };

/** From so many unknown mailboxes on a connection may be suspect: a single one is a typing error. */
const SUSPECT_UNKNOWNS_MIN = 2;
/** After so many answers both counts are halved, so that a connection can earn its place again. */
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

  /** By how much the "unknown" answers to a connection outnumber the others; at least 0. */
  excess(asker: Asker | undefined): number {
    const heard = asker === undefined ? undefined : this.#heard.get(asker);
    return heard === undefined ? 0 : Math.max(0, heard.unknown - heard.other);
  }

  /** Whether a connection's questions come behind those of others. So do our own in the background, for which nobody waits. */
  isSuspect(asker: Asker | undefined): boolean {
    if (asker === undefined) return true;
    const heard = this.#heard.get(asker);
    return heard !== undefined && heard.unknown >= SUSPECT_UNKNOWNS_MIN && heard.unknown > heard.other;
  }
}

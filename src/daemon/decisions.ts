// What was decided lately, and why: the ring behind `explain` and `tail`, so that a flood hides nothing. Accepted recipients
// have a ring of their own: they are many, and must not push out those that were refused. No I/O.
import type { Outcome } from '../validation/outcome.js';
import type { Reply } from '../validation/verdict.js';
import { DecisionRing, type Decision } from './decision-ring.js';

/** Of the answers from memory that are a yes, one in so many is kept. */
const SAMPLED = 8;

export type DecisionListener = (decision: Decision) => void;

export class Decisions {
  readonly #refused: DecisionRing;
  readonly #accepted: DecisionRing;
  readonly #now: () => number;
  readonly #listeners = new Set<DecisionListener>();
  #hits = 0;

  /** @param limit how many are kept of each kind; @param now monotonic milliseconds */
  constructor(limit: number, now: () => number) {
    this.#refused = new DecisionRing(limit);
    this.#accepted = new DecisionRing(limit);
    this.#now = now;
  }

  /** Called for every lookup: so it makes no object unless somebody listens. @param now the time, where the caller has looked at it */
  add(
    map: string,
    key: string,
    connection: number | undefined,
    status: Reply['status'],
    outcome: Outcome,
    ms: number,
    ageMs: number | undefined,
    queueId: string | undefined,
    now?: number,
  ): void {
    // Only each eighth yes from memory is kept: that path must stay fast, and what is remembered tells the reason by itself.
    if (outcome.source === 'known' && status === 'OK' && this.#listeners.size === 0) {
      this.#hits = (this.#hits + 1) % SAMPLED;
      if (this.#hits !== 1) return;
    }
    const ring = status === 'OK' ? this.#accepted : this.#refused;
    const at = now ?? this.#now();
    ring.add(at, map, key, connection ?? 0, status, outcome, ms, ageMs, queueId);
    if (this.#listeners.size === 0) return;
    const decision = { at, map, key, connection: connection ?? 0, status, outcome, ms, ageMs, queueId };
    for (const listener of this.#listeners) listener(decision);
  }

  /** @returns the newest first, of refused and deferred recipients only, or of those too that were accepted */
  newest(which: 'refused' | 'all', matches: (decision: Decision) => boolean, max: number): Decision[] {
    const found = take(this.#refused, matches, max);
    if (which === 'all') found.push(...take(this.#accepted, matches, max));
    return found.toSorted((a, b) => b.at - a.at).slice(0, max);
  }

  /** Tells each decision from now on. @returns what ends it */
  listen(listener: DecisionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function take(ring: DecisionRing, matches: (decision: Decision) => boolean, max: number): Decision[] {
  const found: Decision[] = [];
  for (const decision of ring.newest()) {
    if (found.length === max) break;
    if (matches(decision)) found.push(decision);
  }
  return found;
}

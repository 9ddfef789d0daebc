// A back-channel to a replica, which lags behind its master. What the replica has is believed. What it lacks may be on its way
// from the master, so it is deferred. No I/O; it does not close the probe that it asks.
import type { Asker, Probe } from './probe.js';
import type { Recipient } from './recipient.js';
import { addEvidence, deferred, type Verdict } from './verdict.js';

export class ReplicaProbe implements Probe {
  readonly #probe: Probe;

  constructor(probe: Probe) {
    this.#probe = probe;
  }

  get name(): string {
    return this.#probe.name;
  }

  get acceptsEightBit(): boolean {
    return this.#probe.acceptsEightBit;
  }

  get asksEightBit(): boolean {
    return this.#probe.asksEightBit === true;
  }

  get seesFolders(): boolean {
    return this.#probe.seesFolders === true;
  }

  async check(recipient: Recipient, deadline: number, asker?: Asker): Promise<Verdict> {
    const verdict = await this.#probe.check(recipient, deadline, asker);
    if (verdict.kind !== 'unknown' && verdict.kind !== 'refused') return verdict;
    return addEvidence(deferred(`${this.name} is a replica, and lacks it`), verdict.evidence ?? {});
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

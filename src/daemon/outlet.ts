// Where changes that are found here go to other machines, if there are any: between events, which are open first, the clock, which
// a reload may exchange, and the fleet. No I/O.
import type { Fleet } from '../fleet/fleet.js';
import { joinProofs } from '../validation/joined-proof.js';
import type { Proof } from '../validation/proof.js';

export class Outlet {
  fleet: Fleet | undefined;
  /** What tells of changes here, as now configured. */
  tellers: { readonly events: Proof | undefined; readonly clock: Proof | undefined } = {
    events: undefined,
    clock: undefined,
  };

  /** See Publisher.changed(). */
  changed(mailboxes: readonly string[] | undefined, waits: boolean): Promise<void> | undefined {
    return this.fleet?.changed(mailboxes, waits);
  }

  /** Undefined where nothing tells of changes. */
  get proof(): Proof | undefined {
    const proofs = [this.tellers.events, this.tellers.clock].filter((each) => each !== undefined);
    return proofs.length === 0 ? undefined : joinProofs(proofs);
  }
}

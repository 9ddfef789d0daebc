// The table of faults, and the order in which a seed has them: each of them once, shuffled, then shuffled anew. No I/O.
import type { Random } from '../random.js';
import { CYRUS_FAULTS } from './cyrus.js';
import { DAEMON_FAULTS } from './daemon.js';
import type { Fault } from './fault.js';
import { HOST_FAULTS } from './host.js';
import { WIRE_FAULTS } from './wire.js';

export const FAULTS: readonly Fault[] = [...CYRUS_FAULTS, ...WIRE_FAULTS, ...DAEMON_FAULTS, ...HOST_FAULTS];

export function* schedule(faults: readonly Fault[], random: Random): Generator<Fault, never> {
  for (;;) yield* random.shuffled(faults);
}

// The rooms that mutation testing changes, and the tests that should notice it: those in-process, and quick. MUTATION_ROOM
// chooses one, or files of one: `cyrus/lmtp`, `validation/flights.ts`, `validation/{flights,vanished}.ts`. With MUTATION_TESTS=unit
// only the unit tests judge, with a pattern such as `unit/socketmap/{inbox,turns}.test.ts` only those: that is quicker, and notices no
// more than all of them.
import { dirname } from 'node:path';

const KILLERS = {
  validation: ['unit/validation/**'],
  'cyrus/witness': ['unit/cyrus/witness/**'],
  'cyrus/lmtp': ['unit/cyrus/lmtp/**', 'property/lmtp-reply.test.ts', 'integration/lmtp-*.test.ts'],
  socketmap: [
    'unit/socketmap/**',
    'property/{netstring,inbox,socketmap-*}.test.ts',
    'integration/socketmap-{client,limits,lingering,overflow,server,stall,stop}.test.ts',
  ],
  'cyrus/pool': ['unit/cyrus/pool/**', 'property/pool.test.ts'],
  'cyrus/sasl': ['unit/cyrus/sasl/**'],
  'cyrus/events': [
    'unit/cyrus/events/**',
    'property/dlist.test.ts',
    'integration/{event-receiver,dlist-forwarder}.test.ts',
  ],
  'cyrus/imap': ['unit/cyrus/imap/**', 'property/imap-response.test.ts', 'integration/imap-*.test.ts'],
  daemon: [
    'unit/daemon/**',
    'property/reload.test.ts',
    'integration/{daemon-events,daemon-life,daemon-reload,host-clock,host-directory,warm-start}.test.ts',
  ],
};

/** All of them, in the order of what a fault in them would cost. */
export const ROOMS = Object.keys(KILLERS);

const chosen = process.env.MUTATION_ROOM ?? 'validation';

export const room = chosen.endsWith('.ts') ? dirname(chosen) : chosen;

/** What is changed. */
export const mutated = [`src/${chosen.endsWith('.ts') ? chosen : `${chosen}/**/*.ts`}`];

/** The tests that should notice it. */
export function killers() {
  const tests = KILLERS[room];
  if (tests === undefined) throw new Error(`no room ${room}: must be one of ${ROOMS.join(', ')}`);
  const few = process.env.MUTATION_TESTS;
  const judges =
    few === undefined ? tests : few === 'unit' ? tests.filter((each) => each.startsWith('unit/')) : [few];
  return judges.map((each) => (each.endsWith('.ts') ? each : `${each}/*.test.ts`));
}

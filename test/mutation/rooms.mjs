// The rooms that mutation testing changes, and the tests that should notice it: those in-process, and quick. ROOM, or a file
// below it, is chosen by MUTATION_ROOM.
const KILLERS = {
  validation: ['unit/validation/**', 'property/{recipient,spellings,validator,any-of}.test.ts'],
  'cyrus/witness': ['unit/cyrus/witness/**'],
  'cyrus/lmtp': ['unit/cyrus/lmtp/**', 'property/lmtp-reply.test.ts', 'integration/lmtp-*.test.ts'],
  socketmap: [
    'unit/socketmap/**',
    'property/{netstring,inbox,socketmap-*}.test.ts',
    'integration/socketmap-{client,lingering,overflow,server,stall,stop}.test.ts',
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

export const room = process.env.MUTATION_ROOM ?? 'validation';

/** @param {string} name a room */
export function mutated(name) {
  return [`src/${name}/**/*.ts`];
}

/** @param {string} name a room */
export function killers(name) {
  const tests = KILLERS[name];
  if (tests === undefined) throw new Error(`no room ${name}: must be one of ${ROOMS.join(', ')}`);
  return tests.map((each) => (each.endsWith('.ts') ? each : `${each}/*.test.ts`));
}

// Whatever happens to Valkey, the links, the publisher and the followers: once a change was answered to who made it, no follower
// believes what was before, nor longer than a lease where the publisher was gone; and nobody waits longer than a lease.
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Following } from '../../src/fleet/follow.js';
import { Publisher } from '../../src/fleet/publisher.js';
import { silentLog } from '../../src/log/log.js';
import { EventsProof } from '../../src/validation/events-proof.js';
import { FakeValkey, type Link } from '../fakes/valkey.js';

const LEASE_MS = 1_000;
const STEP_MS = 10;
const MAILBOXES = ['a', 'b', 'c'];
/** In how many steps each is asked about once: what is asked about all the time would be old for no longer than a lapse. */
const PERIODS = [1, 41, 97];
const RUNS = Number(process.env['FLEET_RUNS'] ?? 60);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Cyrus with its publisher: a mailbox is as old as its last change, and known to be so when that was answered. */
class Server {
  readonly committed = new Map<string, number>();
  /** From when on nobody may believe less; of a change of which no publisher was told, a lease later. */
  readonly answered: { readonly mailbox: string; readonly version: number; readonly from: number }[] = [];
  longestMs = 0;
  publisher: Publisher | undefined;
  readonly proof = new EventsProof();
  readonly #valkey: FakeValkey;
  readonly link: Link = { there: 1, back: 1 };
  #instances = 0;

  constructor(valkey: FakeValkey) {
    this.#valkey = valkey;
    this.publisher = this.#start();
  }

  #start(): Publisher {
    return new Publisher({
      stream: 's',
      store: this.#valkey.publisherStore(this.link, LEASE_MS),
      leaseMs: LEASE_MS,
      exact: true,
      since: performance.now(),
      proof: () => this.proof,
      rules: () => '0123456789abcdef',
      now: () => performance.now(),
      newInstance: () => (++this.#instances).toString(16).padStart(16, '0'),
      log: silentLog,
    });
  }

  kill(): void {
    this.publisher?.close();
    this.publisher = undefined;
  }

  restart(): void {
    this.kill();
    this.#retired = false;
    this.publisher = this.#start();
  }

  /** As at the stop of a daemon: while followers may believe, changes still come to it. */
  retire(): void {
    const { publisher } = this;
    void publisher?.retire().then(() => {
      if (publisher !== this.publisher) return;
      publisher.close();
      this.publisher = undefined;
      this.#retired = true;
    });
  }

  /** Nobody believes what is told by none any more. */
  #retired = false;

  change(mailbox: string): void {
    const version = (this.committed.get(mailbox) ?? 0) + 1;
    const at = performance.now();
    this.committed.set(mailbox, version);
    const { publisher } = this;
    const retired = this.#retired;
    const done = (): void => {
      const now = performance.now();
      this.longestMs = Math.max(this.longestMs, now - at);
      // Nobody waits for a publisher that was killed, nor for what it held.
      const told = retired || (publisher !== undefined && (publisher === this.publisher || this.#retired));
      this.answered.push({ mailbox, version, from: told ? now : now + LEASE_MS });
    };
    const held = publisher?.changed([mailbox], true);
    if (held === undefined) done();
    else void held.then(done);
  }

  firm(mailbox: string, now: number): number {
    return Math.max(
      0,
      ...this.answered
        .filter((each) => each.mailbox === mailbox && each.from <= now)
        .map(({ version }) => version),
    );
  }
}

class Mx {
  readonly link: Link = { there: 1, back: 1 };
  readonly following: Following;
  readonly #known = new Map<string, { version: number; asked: number }>();
  readonly #server: Server;
  believed = 0;
  wrong: string[] = [];

  constructor(valkey: FakeValkey, server: Server, id: string) {
    this.#server = server;
    this.following = new Following({
      stream: 's',
      store: valkey.followerStore(this.link, LEASE_MS, id),
      effects: { forget: (mailbox) => void this.#known.delete(mailbox), forgetAll: () => undefined },
      rules: () => '0123456789abcdef',
      knownTtlMs: () => 60_000,
      now: () => performance.now(),
      wall: () => Date.now(),
      log: silentLog,
    });
  }

  look(mailbox: string): void {
    const now = performance.now();
    const kept = this.#known.get(mailbox);
    if (kept !== undefined && kept.asked >= this.following.floor(now)) {
      this.believed += 1;
      const answered = this.#server.firm(mailbox, now);
      if (kept.version < answered)
        this.wrong.push(`${mailbox}: ${kept.version}, though ${answered} was answered, at ${now}`);
      return;
    }
    this.#known.set(mailbox, { version: this.#server.committed.get(mailbox) ?? 0, asked: now });
  }
}

const waits = fc.constantFrom(0, 1, 5, 50, 150, 300, 900, 1_100, Infinity);
const fault = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('change' as const), mailbox: fc.nat(2) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('link' as const), whose: fc.nat(2), there: waits, back: waits }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('heal' as const), whose: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'stop' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'go-on' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'empty' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'trim' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('deaf' as const), whose: fc.nat(1), deaf: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('mute' as const), whose: fc.nat(1), mute: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('told-late' as const), ms: waits }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'gap' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'kill' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'retire' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'restart' as const }) },
);
const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fault), { minLength: 5, maxLength: 60 });

type Fault = typeof fault extends fc.Arbitrary<infer Value> ? Value : never;

function happen(what: Fault, valkey: FakeValkey, server: Server, mxs: readonly Mx[]): void {
  const linkOf = (whose: number): Link => (mxs[whose] ?? server).link;
  switch (what.kind) {
    case 'change':
      server.change(MAILBOXES[what.mailbox] ?? 'a');
      return;
    case 'link':
      Object.assign(linkOf(what.whose), { there: what.there, back: what.back });
      return;
    case 'heal':
      Object.assign(linkOf(what.whose), { there: 1, back: 1 });
      return;
    case 'deaf':
      linkOf(what.whose).deaf = what.deaf;
      return;
    case 'mute':
      linkOf(what.whose).mute = what.mute;
      return;
    case 'told-late':
      server.link.unwatched = what.ms === Infinity;
      server.link.toldMs = what.ms === Infinity ? 0 : what.ms;
      return;
    case 'stop':
      valkey.stop();
      return;
    case 'go-on':
      valkey.goOn();
      return;
    case 'empty':
      valkey.empty();
      return;
    case 'trim':
      valkey.stream = [];
      return;
    case 'gap':
      server.proof.gap(performance.now());
      return;
    case 'kill':
      server.kill();
      return;
    case 'retire':
      server.retire();
      return;
    case 'restart':
      server.restart();
      return;
  }
}

async function run(plan: readonly (readonly [number, Fault])[]): Promise<{ server: Server; mxs: Mx[] }> {
  const valkey = new FakeValkey();
  const server = new Server(valkey);
  const mxs = ['1', '2'].map((id) => new Mx(valkey, server, id));
  let step = 0;
  const pass = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++, step++) {
      for (const [which, mailbox] of MAILBOXES.entries())
        if (step % (PERIODS[which] ?? 1) === 0) for (const mx of mxs) mx.look(mailbox);
      await vi.advanceTimersByTimeAsync(STEP_MS);
    }
  };
  await pass(200);
  for (const [count, what] of plan) {
    happen(what, valkey, server, mxs);
    await pass(count);
  }
  valkey.goOn();
  for (const { link } of [server, ...mxs]) Object.assign(link, { there: 1, back: 1 });
  await pass(20);
  server.kill();
  for (const { following } of mxs) following.close();
  await vi.advanceTimersByTimeAsync(5_000);
  return { server, mxs };
}

test('no follower believes what was before a change that was answered, and no answer waits for more than a lease', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const { server, mxs } = await run(plan);
      expect(mxs.flatMap(({ wrong }) => wrong)).toEqual([]);
      expect(server.longestMs).toBeLessThanOrEqual(LEASE_MS + 1);
    }),
    { numRuns: RUNS, endOnFailure: false },
  );
}, 300_000);

test('with links that are well a follower believes, and an answer waits for milliseconds', async () => {
  const changes = Array.from({ length: 50 }, (_, i) => [20, { kind: 'change', mailbox: i % 3 }] as const);
  const { server, mxs } = await run(changes);
  expect(mxs.flatMap(({ wrong }) => wrong)).toEqual([]);
  expect(Math.min(...mxs.map(({ believed }) => believed))).toBeGreaterThan(1_000);
  expect(server.longestMs).toBeLessThan(40);
});

/** In each round the first wait is another one, so that the mailbox is asked about at another time. */
function rounds(faults: readonly (readonly [number, Fault])[]): (readonly [number, Fault])[] {
  return Array.from({ length: 20 }, (_, i) => i).flatMap((i) => [
    [150 + 13 * i, { kind: 'heal', whose: 0 }] as const,
    ...faults,
  ]);
}

test.each<[string, readonly (readonly [number, Fault])[]]>([
  [
    'that was made right after the publisher was stopped in order',
    [
      [10, { kind: 'retire' }],
      [1, { kind: 'change', mailbox: 2 }],
      [200, { kind: 'change', mailbox: 1 }],
      [1_300, { kind: 'restart' }],
    ],
  ],
  [
    'that no publisher saw, since it was just restarted',
    [
      [2, { kind: 'kill' }],
      [2, { kind: 'change', mailbox: 2 }],
      [300, { kind: 'restart' }],
    ],
  ],
  [
    'whose entry was trimmed before it was read',
    [
      [1, { kind: 'deaf', whose: 0, deaf: true }],
      [20, { kind: 'change', mailbox: 2 }],
      [1, { kind: 'trim' }],
      [1, { kind: 'deaf', whose: 0, deaf: false }],
      [20, { kind: 'change', mailbox: 0 }],
      [300, { kind: 'heal', whose: 0 }],
    ],
  ],
])(
  'no follower goes on believing what was before a change %s',
  async (_, faults) => {
    const { mxs } = await run(rounds(faults));
    expect(mxs.flatMap(({ wrong }) => wrong)).toEqual([]);
  },
  60_000,
);

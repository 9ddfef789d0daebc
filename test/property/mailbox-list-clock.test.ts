// Whatever Cyrus writes and whenever the daemon looks, asks and is answered, with whatever clock the file system stamps:
// an answer that the clock lets stand says what the list held when the request came, or later.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Clock } from '../../src/cyrus/mailbox-list/clock.js';
import type { Identity } from '../../src/cyrus/mailbox-list/identity.js';
import type { FileSight } from '../../src/cyrus/mailbox-list/list-file.js';
import { silentLog } from '../../src/log/log.js';

type Step =
  | { readonly does: 'pass'; readonly ms: number }
  | { readonly does: 'set'; readonly ms: number }
  /** The next step of the writer under way, or of a new one. */
  | { readonly does: 'write'; readonly grows: number; readonly ends: 'commit' | 'abort' | 'repack' }
  | { readonly does: 'request'; readonly writesDuringLook: number }
  /** The oldest question reaches Cyrus, or its answer reaches us; or both, for all. */
  | { readonly does: 'read' | 'answer' | 'serve' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('pass'),
      ms: fc.constantFrom(0.01, 0.5, 3, 8, 15, 25, 400, 2_500),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('set'), ms: fc.constantFrom(-900, -30, 40, 5_000) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('write'),
      // Few lengths, so that an aborted and a later commit are often as long.
      grows: fc.constantFrom(200, 200, 400),
      ends: fc.constantFrom('commit', 'commit', 'abort', 'repack'),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      does: fc.constant('request'),
      writesDuringLook: fc.constantFrom(0, 0, 0, 0, 0, 1, 2),
    }),
  },
  { weight: 10, arbitrary: fc.record({ does: fc.constantFrom('read', 'answer', 'serve', 'serve') }) },
);

type Write = Extract<Step, { does: 'write' }>;

/** A file system and Cyrus' writers on it; what it holds is a number that each commit makes another. */
class World {
  now = 1_000;
  wall = 1_700_000_000_000;
  contents = 0;
  locked = false;
  readonly #grainMs: number;
  #ino = 10;
  #freed = 11;
  #size = 1_000;
  #stamp = 0;
  #before = 1_000;
  #under: Write | undefined;

  /** @param grainMs of the file system's times: the last multiple of it before the write */
  constructor(grainMs: number) {
    this.#grainMs = grainMs;
    this.#touch();
  }

  pass(ms: number): void {
    this.now += ms;
    this.wall += ms;
  }

  /** First and last step of a transaction; all in between look like the first. */
  write(next: Write): void {
    if (this.#under === undefined) {
      this.#under = next;
      this.locked = true;
      this.#before = this.#size;
      this.#size += next.grows;
      this.#touch();
      return;
    }
    const { ends } = this.#under;
    if (ends === 'abort') this.#size = this.#before;
    else this.contents += 1;
    if (ends === 'repack') {
      // As ext4 does it, the number of the file before the last is given again.
      [this.#ino, this.#freed] = [this.#freed, this.#ino];
      this.#size = 1_000;
    }
    this.#touch();
    this.#under = undefined;
    this.locked = false;
  }

  identity(): Identity {
    return { dev: 1, ino: this.#ino, nlink: 1, size: this.#size, mtimeMs: this.#stamp, ctimeMs: this.#stamp };
  }

  #touch(): void {
    this.#stamp = Math.floor(this.wall / this.#grainMs) * this.#grainMs;
    // A stamp of a finer clock than a second is on no whole second.
    if (this.#grainMs < 1_000) this.#stamp += 0.25;
  }
}

type Flight = { readonly asked: number; readonly requests: number[]; read: number | undefined };

/** A daemon that knows one mailbox: believes, joins a flight, or asks. */
class Daemon {
  readonly #world: World;
  readonly #clock: Clock;
  readonly #flights: Flight[] = [];
  #writesDuringLook: Write[] = [];
  #entry: { readonly asked: number; readonly said: number } | undefined;
  believed = 0;

  constructor(world: World) {
    this.#world = world;
    const sight: FileSight = {
      look: () => {
        for (const write of this.#writesDuringLook.splice(0)) world.write(write);
        return world.identity();
      },
      verify: () => undefined,
      close: () => undefined,
    };
    this.#clock = new Clock({
      path: 'mailboxes.db',
      sight,
      kind: 'twoskip',
      fileSystem: () => 0xef53,
      platform: 'linux',
      mupdate: false,
      companions: new Map(),
      names: undefined,
      forget: () => undefined,
      now: () => world.now,
      wall: () => world.wall,
      log: silentLog,
    });
  }

  request(writesDuringLook: Write[]): void {
    const { contents } = this.#world;
    this.#writesDuringLook = writesDuringLook;
    const floor = this.#clock.floor(this.#world.now);
    if (this.#entry !== undefined && this.#entry.asked >= floor) {
      this.believed += 1;
      expect(this.#entry.said).toBeGreaterThanOrEqual(contents);
      return;
    }
    // Later by a little: questions are stamped after the look.
    this.#world.pass(0.001);
    const joined = this.#flights.find(({ asked }) => asked >= floor);
    if (joined === undefined)
      this.#flights.push({ asked: this.#world.now, requests: [contents], read: undefined });
    else joined.requests.push(contents);
  }

  /** Cyrus' own reader waits for the lock. */
  read(): void {
    if (this.#world.locked) return;
    const waiting = this.#flights.find(({ read }) => read === undefined);
    if (waiting !== undefined) waiting.read = this.#world.contents;
  }

  /** All that were asked. */
  serve(): void {
    for (let rest = this.#flights.length; rest > 0; rest--) {
      this.read();
      this.answer();
    }
  }

  answer(): void {
    const index = this.#flights.findIndex(({ read }) => read !== undefined);
    if (index === -1) return;
    const [{ asked, requests, read: said = -1 } = { asked: 0, requests: [] }] = this.#flights.splice(
      index,
      1,
    );
    for (const contents of requests) expect(said).toBeGreaterThanOrEqual(contents);
    if (this.#entry !== undefined && said !== this.#entry.said) this.#clock.contradicted(this.#entry.asked);
    if (this.#entry === undefined || asked > this.#entry.asked) this.#entry = { asked, said };
    // It is never accused of what it did see, or will see at the next look.
    expect(this.#clock.state.standing).not.toBe('off');
  }
}

test.each([
  ['each write differs', 0.001],
  ['Linux before 6.13 with HZ=250', 4],
  ['Linux before 6.13 with HZ=100', 10],
  ['whole seconds', 1_000],
])('nothing outdated is believed where %s', (_, grainMs) => {
  let believed = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 120 }), (steps) => {
      const world = new World(grainMs);
      const daemon = new Daemon(world);
      const writes = steps.filter((one): one is Write => one.does === 'write');
      for (const one of steps) {
        world.pass(0.001);
        if (one.does === 'pass') world.pass(one.ms);
        else if (one.does === 'set') world.wall += one.ms;
        else if (one.does === 'write') world.write(one);
        else if (one.does === 'request') daemon.request(writes.slice(0, one.writesDuringLook));
        else if (one.does === 'answer') daemon.answer();
        else if (one.does === 'read') daemon.read();
        else daemon.serve();
      }
      believed += daemon.believed;
    }),
    { numRuns: 1_000 },
  );
  // Or it would show nothing.
  expect(believed).toBeGreaterThan(50);
});

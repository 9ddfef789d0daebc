import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { decodeBeacon, decodeEntry, encodeBeacon } from '../../../src/fleet/entry-codec.js';
import type { PublisherParts } from '../../../src/fleet/publisher-parts.js';
import { Publisher } from '../../../src/fleet/publisher.js';
import { EventsProof } from '../../../src/validation/events-proof.js';
import { FakeValkey, type Link } from '../../fakes/valkey.js';
import { recordingLog } from '../recording-log.js';

const LEASE_MS = 1_000;
const RULES = 'fedcba9876543210';
const FOLLOWER = 'mx1';

let valkey: FakeValkey;
let link: Link;
let proof: EventsProof | undefined;
let publisher: Publisher;
let lines: object[];
let instances: number;

beforeEach(() => {
  vi.useFakeTimers();
  valkey = new FakeValkey();
  link = { there: 1, back: 1 };
  proof = new EventsProof();
  instances = 0;
  publisher = start();
});
afterEach(() => {
  publisher.close();
  vi.useRealTimers();
});

function start(more: Partial<PublisherParts> = {}): Publisher {
  const recording = recordingLog();
  lines = recording.lines;
  return new Publisher({
    stream: 'cyrus',
    store: valkey.publisherStore(link, LEASE_MS),
    leaseMs: LEASE_MS,
    exact: true,
    since: performance.now(),
    proof: () => proof,
    rules: () => RULES,
    now: () => performance.now(),
    newInstance: () => (++instances).toString(16).padStart(16, '0'),
    log: recording.log,
    ...more,
  });
}

const beacon = () => decodeBeacon(valkey.beacon);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const entries = () => valkey.stream.map(([, fields]) => decodeEntry(fields));

/** A follower that has acknowledged so much, and tells so. */
function follow(seq: number, follower = FOLLOWER): void {
  const what = { instance: publisher.state.instance, follower, seq };
  valkey.acknowledge(what);
  valkey.tell(what);
}

/** One that may believe from now on: its question was read. */
async function join(): Promise<void> {
  follow(0);
  await pass(LEASE_MS / 5 + 5);
}

/** How long Cyrus waits for the answer to its event, in milliseconds. */
async function heldFor(held: Promise<void> | undefined): Promise<number> {
  const start = performance.now();
  let end: number | undefined;
  void (held ?? Promise.resolve()).then(() => (end = performance.now()));
  for (let i = 0; i < 3 * LEASE_MS && end === undefined; i++) await pass(1);
  return (end ?? Infinity) - start;
}

describe('the stream', () => {
  test('gets a beginning, and each change with its number', async () => {
    await pass(100);
    void publisher.changed(['alice@example.jp'], true);
    void publisher.changed(undefined, false);
    await pass(100);
    const { instance } = publisher.state;
    expect(entries()).toEqual([
      { kind: 'begin', instance },
      { kind: 'change', instance, seq: 1, mailboxes: ['alice@example.jp'] },
      { kind: 'change', instance, seq: 2, mailboxes: undefined },
    ]);
    expect(publisher.state).toMatchObject({ seq: 2, lastId: '3-0', waiting: 0 });
  });

  test('gets what nobody waits for with the next change, or with the next beat, in one entry', async () => {
    await pass(100);
    const { instance } = publisher.state;
    void publisher.changed(['alice@example.jp'], false);
    void publisher.changed(['alice@example.jp', 'bob@example.jp'], false);
    expect(publisher.state).toMatchObject({ seq: 0, waiting: 2 });
    void publisher.changed(['carol@example.jp'], true);
    await pass(20);
    const all = ['alice@example.jp', 'bob@example.jp', 'carol@example.jp'];
    expect(entries().slice(1)).toEqual([{ kind: 'change', instance, seq: 1, mailboxes: all }]);
    void publisher.changed(['alice@example.jp'], false);
    await pass(LEASE_MS / 5 + 10);
    expect(entries().slice(2)).toEqual([
      { kind: 'change', instance, seq: 2, mailboxes: ['alice@example.jp'] },
    ]);
    // Whoever is answered from now on must have forgotten that.
    expect(beacon()?.seq).toBe(2);
  });

  test('gets what could not be told meanwhile', async () => {
    await pass(100);
    link.there = Infinity;
    void publisher.changed(['alice@example.jp'], false);
    await pass(3_000);
    expect(publisher.state.waiting).toBe(1);
    link.there = 1;
    await pass(3_000);
    expect(publisher.state.waiting).toBe(0);
    expect(entries()).toContainEqual(expect.objectContaining({ mailboxes: ['alice@example.jp'] }));
    expect(lines).toContainEqual(expect.objectContaining({ event: 'fleet-trouble', role: 'publisher' }));
    expect(lines).toContainEqual(expect.objectContaining({ event: 'fleet-well' }));
  });

  test('that is emptied begins anew, by another number', async () => {
    await pass(100);
    const { instance } = publisher.state;
    valkey.empty();
    await pass(1_000);
    expect(beacon()?.instance).not.toBe(instance);
    expect(beacon()?.seq).toBe(0);
    expect(lines).toContainEqual({ event: 'fleet-stream-lost', stream: 'cyrus' });
  });

  test('begins anew where very many changes could not be told', async () => {
    await pass(100);
    const { instance } = publisher.state;
    link.refused = true;
    await pass(250);
    for (let i = 0; i <= 1_000; i++) void publisher.changed([`u${i}`], true);
    link.refused = false;
    await pass(3_000);
    expect(beacon()?.instance).not.toBe(instance);
    expect(publisher.state.waiting).toBe(0);
  });
});

describe('the beacon', () => {
  test('answers the questions that were read', async () => {
    await pass(100);
    valkey.questions = 42;
    await pass(400);
    expect(beacon()).toEqual({
      instance: publisher.state.instance,
      answers: 42,
      seq: 0,
      lastId: '1-0',
      leaseMs: LEASE_MS,
      exact: true,
      rules: RULES,
    });
  });

  test('answers nothing while nothing tells of changes here', async () => {
    await pass(500);
    proof = undefined;
    valkey.questions = 42;
    await pass(500);
    expect(beacon()?.answers).not.toBe(42);
    expect(publisher.state.trouble).toBe('nothing tells of changes here');
  });

  test('answers nothing while events may go to another process', async () => {
    await pass(500);
    proof?.suspend();
    valkey.questions = 42;
    await pass(500);
    expect(beacon()?.answers).not.toBe(42);
  });

  test('counts a gap before it answers again', async () => {
    await pass(500);
    proof?.gap(performance.now());
    await pass(500);
    expect(entries().at(-1)).toMatchObject({ seq: 1, mailboxes: undefined });
    expect(beacon()?.seq).toBe(1);
  });
});

describe('the answer to Cyrus', () => {
  beforeEach(() => pass(LEASE_MS + 500));

  test('waits until each follower has acknowledged', async () => {
    await join();
    const held = publisher.changed(['alice@example.jp'], true);
    setTimeout(() => follow(1), 30);
    const ms = await heldFor(held);
    expect(ms).toBeGreaterThanOrEqual(30);
    expect(ms).toBeLessThan(60);
  });

  test('waits for a round trip where nobody follows', async () => {
    expect(await heldFor(publisher.changed(['alice@example.jp'], true))).toBeLessThan(10);
  });

  test('never waits where nobody waits for it, nor where that is not wanted', () => {
    follow(0);
    expect(publisher.changed(['alice@example.jp'], false)).toBeUndefined();
    const lax = start({ exact: false });
    expect(lax.changed(['alice@example.jp'], true)).toBeUndefined();
    lax.close();
  });

  test('waits for a follower that is silent for a lease, once', async () => {
    await join();
    const ms = await heldFor(publisher.changed(['alice@example.jp'], true));
    expect(ms).toBeGreaterThan(LEASE_MS / 2);
    expect(ms).toBeLessThanOrEqual(LEASE_MS);
    await pass(10);
    expect(lines).toContainEqual({ event: 'fleet-followers-lost', stream: 'cyrus', followers: 1 });
    expect(await heldFor(publisher.changed(['alice@example.jp'], true))).toBeLessThan(10);
  });

  test('comes at once when the last follower has told that it has forgotten, without a look at the list', async () => {
    await join();
    valkey.looks = 0;
    const held = publisher.changed(['alice@example.jp'], true);
    setTimeout(() => follow(1), 13);
    expect(await heldFor(held)).toBeLessThanOrEqual(13 + 2);
    expect(valkey.looks).toBe(0);
  });

  test('comes soon where a follower does not tell, or is not heard', async () => {
    await join();
    const acknowledge = (seq: number): void =>
      valkey.acknowledge({ instance: publisher.state.instance, follower: FOLLOWER, seq });
    const first = publisher.changed(['alice@example.jp'], true);
    setTimeout(() => acknowledge(1), 3);
    expect(await heldFor(first)).toBeLessThanOrEqual(20 + 4);
    await pass(LEASE_MS / 5);
    // By then it is known to be silent.
    const second = publisher.changed(['bob@example.jp'], true);
    setTimeout(() => acknowledge(2), 13);
    expect(await heldFor(second)).toBeLessThanOrEqual(13 + 8);
    link.unwatched = true;
    const third = publisher.changed(['carol@example.jp'], true);
    setTimeout(() => follow(3), 13);
    expect(await heldFor(third)).toBeLessThanOrEqual(13 + 8);
  });

  test('waits for who was taken off the list and has just come back, though its place was not read yet', async () => {
    await join();
    follow(0, 'mx2');
    await pass(LEASE_MS / 5);
    const first = publisher.changed(['alice@example.jp'], true);
    follow(1, 'mx2');
    expect(await heldFor(first)).toBeGreaterThan(LEASE_MS / 2);
    // By then the list has been read without it.
    await pass(LEASE_MS / 5 + 5);
    valkey.acknowledge({ instance: publisher.state.instance, follower: FOLLOWER, seq: 1 });
    const second = publisher.changed(['bob@example.jp'], true);
    setTimeout(() => follow(2, 'mx2'), 5);
    setTimeout(() => follow(2), 50);
    expect(await heldFor(second)).toBeGreaterThanOrEqual(50);
  });

  /** Of a RENAME Cyrus pushes several events, each when the one before was answered. */
  async function heldForThree(): Promise<number> {
    let ms = 0;
    for (const name of ['a', 'b', 'c'])
      ms += (await heldFor(publisher.changed([`${name}@example.jp`], true))) + 1;
    return ms;
  }

  const AWAY: readonly [string, () => void][] = [
    ['a follower is gone', () => undefined],
    ['a follower stands still, and goes on later', () => void setTimeout(() => follow(3), 1_500)],
    ['Valkey is gone', () => void (link.refused = true)],
    ['Valkey is silent', () => valkey.stop()],
    ['the link drops what is sent', () => void (link.there = Infinity)],
    ['the link drops what comes', () => void (link.back = Infinity)],
    [
      'a follower is heard of, and hears nothing',
      () => {
        const { instance } = publisher.state;
        // Each beat puts it on the list again, with what it acknowledged last.
        const beats = setInterval(() => valkey.followers.get(instance)?.set(FOLLOWER, 0), 50);
        setTimeout(() => clearInterval(beats), 3_000);
      },
    ],
    ['Valkey is emptied', () => valkey.empty()],
  ];
  test.each(AWAY)(
    'waits for one lease at most, once, for three events in turn, where %s',
    async (_, happen) => {
      await join();
      happen();
      expect(await heldForThree()).toBeLessThanOrEqual(LEASE_MS + 10);
    },
  );

  test('waits again for a follower that has caught up', async () => {
    await join();
    await heldFor(publisher.changed(['alice@example.jp'], true));
    follow(1);
    expect(await heldFor(publisher.changed(['bob@example.jp'], true))).toBeGreaterThan(LEASE_MS / 2);
  });

  test('waits for a lease at most while Valkey cannot be reached, and then not at all', async () => {
    await join();
    link.there = Infinity;
    expect(await heldFor(publisher.changed(['alice@example.jp'], true))).toBeLessThanOrEqual(LEASE_MS);
    expect(publisher.changed(['bob@example.jp'], true)).toBeUndefined();
  });

  test('goes by no list of followers that may lack some, after the connection was lost', async () => {
    link.refused = true;
    await pass(250);
    const held = publisher.changed(['alice@example.jp'], true);
    link.refused = false;
    expect(await heldFor(held)).toBeGreaterThan(LEASE_MS / 4);
  });

  test('is given at once when the publisher ends', async () => {
    await join();
    const held = publisher.changed(['alice@example.jp'], true);
    publisher.close();
    expect(await heldFor(held)).toBeLessThan(10);
  });
});

test('a restart: for its first lease no list of followers is trusted, since those of the one before still believe', async () => {
  await pass(100);
  expect(await heldFor(publisher.changed(['alice@example.jp'], true))).toBeGreaterThan(LEASE_MS / 2);
});

test('a restart: what is read late waits for no more than is left of a lease since changes come here', async () => {
  const since = performance.now();
  await pass(300);
  publisher.close();
  publisher = start({ since });
  expect(await heldFor(publisher.changed(['alice@example.jp'], true))).toBeLessThanOrEqual(LEASE_MS - 300);
  await pass(LEASE_MS);
  expect(await heldFor(publisher.changed(['bob@example.jp'], true))).toBeLessThan(10);
});

test('two publishers: both say so, and neither trusts a list', async () => {
  await pass(1_500);
  const one = publisher;
  const linesOfOne = lines;
  const other = start();
  await pass(3_000);
  for (const each of [linesOfOne, lines])
    expect(each).toContainEqual({ event: 'fleet-two-publishers', stream: 'cyrus' });
  expect(await heldFor(one.changed(['alice@example.jp'], true))).toBeGreaterThan(LEASE_MS / 2);
  other.close();
});

describe('an end', () => {
  /** Followers have leases. */
  beforeEach(() => pass(LEASE_MS + 500));

  test('is told, and heard by all before Cyrus is left alone', async () => {
    await join();
    const { instance } = publisher.state;
    setTimeout(() => follow(1), 30);
    const ms = await heldFor(publisher.retire());
    expect(ms).toBeGreaterThanOrEqual(30);
    expect(ms).toBeLessThan(60);
    expect(entries().at(-1)).toEqual({ kind: 'end', instance, seq: 1 });
  });

  test('takes a lease at most where a follower is silent or Valkey cannot be reached, and no time when leases are over', async () => {
    await join();
    link.there = Infinity;
    const ms = await heldFor(publisher.retire());
    expect(ms).toBeGreaterThan(LEASE_MS / 2);
    expect(ms).toBeLessThanOrEqual(LEASE_MS);
    expect(await heldFor(publisher.retire())).toBe(0);
  });

  test('is followed by no answer to a question, whatever was under way', async () => {
    await join();
    link = Object.assign(link, { there: 150, back: 150 });
    for (let i = 0; i < 10; i++) {
      valkey.questions += 1;
      await pass(20);
    }
    publisher.suspend();
    valkey.questions += 1;
    await pass(2_000);
    expect(beacon()?.answers).toBeLessThan(valkey.questions);
  });

  test('lets a change that still comes wait for those who have not heard it', async () => {
    await join();
    publisher.suspend();
    const held = publisher.changed(['alice@example.jp'], true);
    setTimeout(() => follow(1), 30);
    const ms = await heldFor(held);
    expect(ms).toBeGreaterThanOrEqual(30);
    expect(ms).toBeLessThan(60);
    expect(publisher.changed(['alice@example.jp'], false)).toBeUndefined();
  });
});

test('a takeover: names nothing while another process does, and begins anew when that is undone', async () => {
  await pass(500);
  const { instance } = publisher.state;
  publisher.suspend();
  await pass(10);
  const seen = valkey.stream.length;
  void publisher.changed(['alice@example.jp'], true);
  await pass(2 * LEASE_MS);
  expect(publisher.changed(['alice@example.jp'], true)).toBeUndefined();
  expect(valkey.stream).toHaveLength(seen);
  publisher.resume();
  await pass(500);
  expect(beacon()?.instance).not.toBe(instance);
});

test('a beacon of another release is replaced', async () => {
  publisher.close();
  valkey.beacon = encodeBeacon({
    instance: 'x',
    answers: 0,
    seq: 0,
    lastId: '0-0',
    leaseMs: 1,
    exact: true,
    rules: '',
  });
  publisher = start();
  await pass(500);
  expect(beacon()?.instance).toBe(publisher.state.instance);
});

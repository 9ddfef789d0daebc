// What doctor asks Valkey: whether our user may carry out what a publisher or a follower needs, whether it may do more, and who
// publishes. Nothing is changed but the number of questions, as by a follower's beat. Its I/O is the visit's.
import { UnavailableError } from '../errors.js';
import { decodeBeacon, type Beacon } from './entry-codec.js';
import { keysOf } from './keys.js';
import type { Command, Reply, Visit } from './store.js';

export type StreamOfOurs = { readonly name: string; readonly role: 'publisher' | 'follower' };

export type StreamSeen = StreamOfOurs & {
  /** `silent`: nobody answers questions there, as far as our user can tell. */
  readonly standing: 'heard' | 'silent' | 'contested';
};

export type Survey = {
  /** What our user needs and may not, as `XADD cyrusmapd:{cyrus}:stream`. */
  readonly denied: readonly string[];
  /** What it does not need and may. */
  readonly excess: readonly string[];
  /** None where something is denied. */
  readonly streams: readonly StreamSeen[];
};

type SurveyTime = {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
};

/** Of no publisher, so that there is no such list of followers. */
const NOBODY = 'doctor';
/** Between two looks at a beacon: two publishers write it in turn, five times in a lease each. */
const LOOK_MS = 10;
/** How long is looked, where no beacon says how long a lease is; and at most. */
const LOOKING_MS = { least: 1_000, most: 10_000 };
/** What comes of a command that is written so that it can only fail. */
const FUTILE = /^ERR (?!unknown)/;

/** @throws UnavailableError where Valkey does not answer, or not as one that can be used */
export async function surveyFleet(
  visit: Visit,
  streams: readonly StreamOfOurs[],
  time: SurveyTime,
): Promise<Survey> {
  const needed = streams.flatMap(needs);
  const denied = (await visit.ask(needed)).map(isDenied);
  const beyond = notNeeded(streams);
  const permitted = (await visit.ask(beyond)).map(({ error }) => error === undefined || FUTILE.test(error));
  const seen = denied.includes(true) ? [] : await watch(visit, streams, time);
  const hearing = heard(streams);
  const deaf = (await visit.ask(hearing)).map(isDenied);
  return {
    denied: [...needed.filter((_, i) => denied[i]), ...hearing.filter((_, i) => deaf[i])].map(shown),
    excess: beyond.filter((_, i) => permitted[i]).map(shown),
    streams: seen,
  };
}

/** Asked last: nothing else may be asked afterwards. */
function heard(streams: readonly StreamOfOurs[]): Command[] {
  const published = streams.filter(({ role }) => role === 'publisher');
  return published.map(({ name }): Command => ['subscribe', keysOf(name).acknowledgements]);
}

/** Valkey looks at the rights first. So these change nothing: they read, fail, or name what is not there. */
function needs({ name, role }: StreamOfOurs): Command[] {
  const { stream, beacon, questions, followers, acknowledgements } = keysOf(name);
  const list = followers(NOBODY);
  if (role === 'follower')
    return [
      ['get', beacon],
      ['get', questions],
      ['xread', 'COUNT', 1, 'STREAMS', stream, '$'],
      ['incr', questions],
      ['zadd', list, 'XX', 0, NOBODY],
      // It tells nothing.
      ['publish', acknowledgements, ''],
    ];
  return [
    ['get', beacon],
    ['get', questions],
    futileSet(beacon),
    ['del', list],
    // No entry can have this id.
    ['xadd', stream, '0-0', NOBODY, ''],
    ['zadd', list, 'XX', 0, NOBODY],
    ['zcard', list],
    ['zrange', list, 0, 0],
    ['zremrangebyscore', list, '-inf', '-inf'],
    ['pexpire', list, 1],
  ];
}

/** Only where it is there, and only where it is not. */
function futileSet(key: string): Command {
  return ['set', key, '', 'NX', 'XX', 'GET'];
}

/** Of no right of ours; and the beacons, where we only follow: whoever writes them makes believe. */
function notNeeded(streams: readonly StreamOfOurs[]): Command[] {
  const follows = streams.every(({ role }) => role === 'follower');
  return [['dbsize'], ...(follows ? streams.map(({ name }) => futileSet(keysOf(name).beacon)) : [])];
}

function isDenied({ error }: Reply): boolean {
  if (error === undefined || FUTILE.test(error)) return false;
  if (error.startsWith('NOPERM')) return true;
  throw new UnavailableError(error);
}

function shown([name, ...words]: Command): string {
  const of = words.find((word) => String(word).startsWith('cyrusmapd:'));
  return [name.toUpperCase(), ...(of === undefined ? [] : [of])].join(' ');
}

/** For a lease: in that time each publisher writes its beacon, and answers what was asked before. */
async function watch(
  visit: Visit,
  streams: readonly StreamOfOurs[],
  { now, pause }: SurveyTime,
): Promise<StreamSeen[]> {
  const from = now();
  const read = async (key: 'beacon' | 'questions') =>
    (await visit.ask(streams.map(({ name }): Command => ['get', keysOf(name)[key]]))).map(
      ({ value }) => value,
    );
  const questions = (await read('questions')).map((value) => Number(value ?? 0));
  const sightings = streams.map(() => new Sighting());
  let until = from;
  do {
    const beacons = await read('beacon');
    sightings.forEach((sighting, i) => sighting.see(beacons[i]));
    until = from + Math.max(LOOKING_MS.least, ...sightings.map(({ leaseMs }) => leaseMs));
    await pause(LOOK_MS);
  } while (now() < until);
  return streams.map((stream, i) => ({
    ...stream,
    standing: sightings[i]?.standing(questions[i] ?? 0) ?? 'silent',
  }));
}

/** The beacons of one stream, one after the other. */
class Sighting {
  readonly #instances = new Set<string>();
  #last: Beacon | undefined;
  #contested = false;

  see(value: unknown): void {
    const beacon = decodeBeacon(typeof value === 'string' ? value : null);
    // A publisher that is restarted has another number, and none comes back to a former one.
    if (beacon !== undefined && beacon.instance !== this.#last?.instance)
      this.#contested ||= this.#instances.has(beacon.instance);
    if (beacon !== undefined) this.#instances.add(beacon.instance);
    this.#last = beacon;
  }

  get leaseMs(): number {
    return Math.min(this.#last?.leaseMs ?? 0, LOOKING_MS.most);
  }

  standing(question: number): StreamSeen['standing'] {
    if (this.#contested) return 'contested';
    return this.#last === undefined || this.#last.answers < question ? 'silent' : 'heard';
  }
}

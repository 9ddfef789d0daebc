// Mutates seeds and words of a dictionary, and keeps the inputs that reach code of src/ which none had reached (V8's precise
// coverage): so it finds its way into a parser. Random numbers come from a seed: a run can be repeated.
import { Session } from 'node:inspector';

export type Target = {
  readonly name: string;
  /** What it reads as it is meant, and what once made it fail: latin1, a character a byte. */
  readonly seeds: readonly (string | Buffer)[];
  /** Words of what it reads, which chance would hardly find. */
  readonly dictionary: readonly (string | Buffer)[];
  /** @throws where the invariant does not hold */
  readonly run: (input: Buffer) => void | Promise<void>;
};

export type Effort = { readonly inputs: number; readonly ms: number; readonly seed: number };

export type Report = { readonly inputs: number; readonly kept: number; readonly slowestMs: number };

/** Of processor time. What takes longer hangs, or is on the way to it. */
const HANG_MS = 1000;
const MAX_BYTES = 4096;
const BATCH = 100;
const POOL = 2000;

/** @throws naming the input, which belongs among the seeds */
export async function fuzz(target: Target, { inputs, ms, seed }: Effort): Promise<Report> {
  const random = randomFrom(seed);
  const coverage = new Coverage();
  const seeds = target.seeds.map(bytesOf);
  const pool = [...seeds];
  const words = target.dictionary.map(bytesOf);
  const end = performance.now() + ms;
  let batch: Buffer[] = [];
  let slowestMs = 0;
  let done = 0;
  let kept = 0;
  try {
    coverage.news();
    for (; done < inputs; done++) {
      const input = seeds[done] ?? mutated(pool, words, random);
      const tookMs = await tried(target, input);
      slowestMs = Math.max(slowestMs, tookMs);
      batch.push(input);
      if (batch.length < BATCH) continue;
      const news = coverage.news();
      if (news.length > 0) {
        pool[pool.length < POOL ? pool.length : random(POOL)] = await reacher(batch, news, target, coverage);
        kept += 1;
      }
      batch = [];
      if (performance.now() > end) break;
    }
  } finally {
    coverage.stop();
  }
  return { inputs: done, kept, slowestMs: Math.round(slowestMs) };
}

/** Which of them reached something that is new: found by running halves of them again. */
async function reacher(
  batch: readonly Buffer[],
  news: readonly string[],
  { run }: Target,
  coverage: Coverage,
): Promise<Buffer> {
  let left = batch;
  while (left.length > 1) {
    const half = left.slice(0, left.length / 2);
    for (const input of half) await run(input);
    const reached = new Set(coverage.reached());
    left = news.some((place) => reached.has(place)) ? half : left.slice(half.length);
  }
  return left[0] ?? Buffer.alloc(0);
}

async function tried({ name, run }: Target, input: Buffer): Promise<number> {
  // Of this process, not of the clock: others may use the machine as well.
  const start = process.cpuUsage();
  try {
    const running = run(input);
    if (running !== undefined) await running;
  } catch (cause) {
    throw new Error(`${name} fails for ${JSON.stringify(input.toString('latin1'))}`, { cause });
  }
  const { user, system } = process.cpuUsage(start);
  const tookMs = Math.round((user + system) / 1000);
  if (tookMs < HANG_MS) return tookMs;
  throw new Error(`${name} takes ${tookMs} ms for ${JSON.stringify(input.toString('latin1'))}`);
}

function bytesOf(text: string | Buffer): Buffer {
  return typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
}

type Random = (below: number) => number;

/** The generator `mulberry32`. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** One to eight changes of something that is kept. */
function mutated(pool: readonly Buffer[], words: readonly Buffer[], random: Random): Buffer {
  let input = pool[random(pool.length)] ?? Buffer.alloc(0);
  for (let left = 1 + random(random(8) + 1); left > 0; left--) {
    const from = random(input.length + 1);
    const to = Math.min(input.length, from + random(random(64) + 1));
    input = replaced(input, from, to, pool, words, random).subarray(0, MAX_BYTES);
  }
  return input;
}

function replaced(
  input: Buffer,
  from: number,
  to: number,
  pool: readonly Buffer[],
  words: readonly Buffer[],
  random: Random,
): Buffer {
  const put = (start: number, bytes: Buffer, end: number): Buffer =>
    Buffer.concat([input.subarray(0, start), bytes, input.subarray(end)]);
  const other = pool[random(pool.length)] ?? input;
  switch (random(9)) {
    case 0: // one bit
      return put(from, Buffer.from([(input[from] ?? 0) ^ (1 << random(8))]), from + 1);
    case 1: // one byte of those at which things change
      return put(from, Buffer.from([BYTES[random(BYTES.length)] ?? 0]), from + random(2));
    case 2:
      return put(from, words[random(words.length)] ?? input, random(2) === 0 ? from : to);
    case 3:
      return put(from, Buffer.alloc(0), to);
    case 4: // again, a few times or many
      return put(
        from,
        Buffer.concat(Array.from({ length: 1 + random(random(100) + 1) }, () => input.subarray(from, to))),
        to,
      );
    case 5: // goes on as another one does
      return put(from, other.subarray(random(other.length + 1)), input.length);
    case 6:
      return put(from, other.subarray(from, to), to);
    case 7: // a number near a limit
      return put(from, Buffer.from(NUMBERS[random(NUMBERS.length)] ?? ''), to);
    default:
      return put(from, Buffer.from(Array.from({ length: random(8) }, () => random(256))), to);
  }
}

const BYTES = Buffer.from('\0\t\n\r "#%()*+,-./0159:;<=>?@AZ[\\]^_`az{|}~\x7f\x80\x85\xa0\xc3\xff', 'latin1');
const NUMBERS = [
  '0',
  '00',
  '-1',
  '1',
  '255',
  '4096',
  '10000',
  '65536',
  '4294967295',
  '4294967296',
  '9007199254740993',
  '99999999999999999999',
];

/** Which parts of src/ have run. */
class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** @returns what has run since the last call, whoever asked, for the first time */
  news(): string[] {
    const news = this.reached().filter((place) => !this.#seen.has(place));
    for (const place of news) this.#seen.add(place);
    return news;
  }

  /** @returns what has run since the last call */
  reached(): string[] {
    const places: string[] = [];
    // It answers at once.
    this.#session.post('Profiler.takePreciseCoverage', (_, { result }) => {
      for (const { url, functions } of result) {
        if (!url.includes('/src/')) continue;
        for (const { ranges } of functions) {
          for (const { startOffset, endOffset, count } of ranges)
            if (count > 0) places.push(`${url}:${startOffset}:${endOffset}`);
        }
      }
    });
    return places;
  }

  stop(): void {
    this.#session.disconnect();
  }
}

// The load generator for the runs: bench/load.c, which is compiled first, or bench/load.ts where there is no C compiler.
// Compiles, starts processes and reads what they print.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { BUILD, PROGRAMS, SOURCES } from './paths.js';

export type Language = 'c' | 'ts';

export type Generator = {
  readonly language: Language;
  readonly command: readonly string[];
};

export type Load = {
  readonly socket: string;
  /** The file of keys, with lines `KEY<TAB>REPLY`. */
  readonly keys: string;
  readonly mode: 'closed' | 'open' | 'session' | 'burst' | 'once';
  readonly connections: number;
  readonly seconds: number;
  readonly idle?: number | undefined;
  /** How many lookups in a second, for an open loop. */
  readonly rate?: number | undefined;
  /** Which part of the lookups is for names that nobody asked for before: 0 to 1. */
  readonly unknownShare?: number | undefined;
  readonly seed: number;
};

const COUNT = v.pipe(v.number(), v.integer(), v.minValue(0));
const BUCKETS = v.array(v.tuple([v.number(), v.number()]));
const RESULT = v.object({
  seconds: v.number(),
  lookups: COUNT,
  lookupsInTime: COUNT,
  sessions: COUNT,
  wrong: COUNT,
  wrongExample: v.string(),
  lost: COUNT,
  unanswered: COUNT,
  cpuSeconds: v.number(),
  latency: BUCKETS,
  lag: BUCKETS,
});
export type LoadResult = v.InferOutput<typeof RESULT>;

/** Called while the load's connections are open: just before it begins and just after it has ended. */
export type Observer = {
  readonly before: () => void;
  readonly after: () => void;
};

/** @param wanted undefined: C where there is a compiler */
export async function buildGenerator(
  wanted: Language | undefined,
  say: (line: string) => void,
): Promise<Generator> {
  const typescript: Generator = { language: 'ts', command: [process.execPath, join(PROGRAMS, 'load.js')] };
  if (wanted === 'ts') return typescript;
  try {
    return { language: 'c', command: [await compile('load')] };
  } catch (error) {
    if (wanted === 'c') throw error;
    say(`${String(error)}\nusing the load generator in TypeScript, which costs more than what it measures`);
    return typescript;
  }
}

/** Compiles bench/NAME.c. @returns the path of the program */
export async function compile(name: string): Promise<string> {
  const compiler = process.env['CC'] ?? 'cc';
  const program = join(BUILD, name);
  const flags = ['-O2', '-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra'];
  await mkdir(BUILD, { recursive: true });
  try {
    await promisify(execFile)(compiler, [...flags, '-o', program, join(SOURCES, `${name}.c`)]);
  } catch (error) {
    const hint = `needs a C compiler for Linux as ${compiler}, on Debian: apt-get install gcc libc6-dev`;
    throw new Error(`bench/${name}.c was not compiled: ${hint}`, { cause: error });
  }
  return program;
}

/** Runs one load. Wrong and missing answers are counted in the result; nothing is thrown for them. */
export async function runLoad(
  { command }: Generator,
  load: Load,
  observer: Observer = { before: () => undefined, after: () => undefined },
): Promise<LoadResult> {
  const [program = '', ...first] = command;
  const child = spawn(program, [...first, ...optionsOf(load)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  try {
    await nextLine(lines);
    observer.before();
    child.stdin.write('go\n');
    const result = v.parse(RESULT, JSON.parse(await nextLine(lines)));
    observer.after();
    return result;
  } finally {
    child.stdin.end();
    await ended;
  }
}

function optionsOf(load: Load): string[] {
  const options: [name: string, value: string | number | undefined][] = [
    ['socket', load.socket],
    ['keys', load.keys],
    ['mode', load.mode],
    ['connections', load.connections],
    ['seconds', load.seconds],
    ['idle', load.idle],
    ['rate', load.rate],
    ['unknown-share', load.unknownShare],
    ['seed', load.seed],
  ];
  return options.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
}

async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  const line = await lines.next();
  if (line.done === true) throw new Error('the load generator ended early: see above');
  return line.value;
}

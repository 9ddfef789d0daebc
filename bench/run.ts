// `npm run bench`: measures every scenario in rounds. In each round all servers are measured one after the other, so that a change
// of the machine's speed affects them all. Writes a table, JSON and plots. Starts everything, and stops it again.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareWithBaseline, readBaseline, writeBaseline } from './compare.js';
import { Cyrus } from './cyrus.js';
import { buildGenerator, compile, type Language } from './generator.js';
import { EVIDENCE, evidenceFigures, intoPart, PLOTS } from './evidence.js';
import type { Bench, Keys } from './measure.js';
import { BUILD, ROOT } from './paths.js';
import { plots } from './plots.js';
import { reportOf } from './report.js';
import { parseResults, type Results, type ScenarioResult } from './results.js';
import type { Contestant, Scenario } from './scenario.js';
import { scenarios } from './scenarios.js';
import { Servers } from './servers.js';

type Settings = {
  readonly smoke: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly hot: number;
  readonly cold: number;
  readonly many: number;
};

const FULL: Settings = {
  ...{ smoke: false, rounds: 5, seconds: 3, warmSeconds: 1 },
  ...{ hot: 1000, cold: 4000, many: 1_000_000 },
};
const SMOKE: Settings = {
  ...{ smoke: true, rounds: 1, seconds: 0.15, warmSeconds: 0.05 },
  ...{ hot: 100, cold: 300, many: 5000 },
};

const { values: options } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string', multiple: true },
    generator: { type: 'string' },
    out: { type: 'string', default: join(BUILD, 'results') },
    'write-baseline': { type: 'boolean', default: false },
    'write-evidence': { type: 'boolean', default: false },
    from: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const USAGE = `usage: npm run bench -- [options]
  --smoke            everything once and briefly, only to see that it runs
  --only NAME        this scenario, may be repeated; a name ending in - takes all that begin so
  --rounds N         instead of ${FULL.rounds}
  --seconds S        of each measurement, instead of ${FULL.seconds}
  --generator c|ts   the load generator; c where there is a compiler
  --out FOLDER       for results.json, report.md and the plots (bench/build/results)
  --write-baseline   keep the ratios in bench/baseline.json, which later runs are compared with
  --write-evidence   put figures and plots into docs/evidence.md
  --from FILE        measure nothing: take the results.json of an earlier run
scenarios: ${scenarios(false)
  .map(({ name }) => name)
  .join(', ')}
`;

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (interrupted = true));

if (options.help) process.stdout.write(USAGE);
else process.exitCode = await main();

async function main(): Promise<number> {
  const settings = settingsOf();
  if (options.from !== undefined) {
    return publish(parseResults(await readFile(options.from, 'utf8')), settings);
  }
  const chosen = scenarios(settings.smoke).filter(({ name }) => isChosen(name));
  if (chosen.length === 0) throw new Error(`--only ${options.only?.join(' ')}: no such scenario\n${USAGE}`);
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    const results = await withCyrus(folder, settings, (bench) => measureAll(bench, chosen, settings));
    return await publish(results, settings);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withCyrus(
  folder: string,
  settings: Settings,
  work: (bench: Bench) => Promise<Results>,
): Promise<Results> {
  const { smoke, seconds, warmSeconds } = settings;
  const generator = await buildGenerator(languageOf(options.generator), say);
  if (generator.language === 'c') await compile('responder');
  const cyrus = await Cyrus.start(join(folder, 'cyrus'));
  try {
    const mailboxes = namesOf(0, settings.hot + settings.cold);
    say(`creating ${mailboxes.length} mailboxes`);
    await cyrus.createMailboxes(mailboxes);
    const keys = await writeKeys(folder, settings);
    const servers = new Servers(folder, cyrus, await keysFile(folder, 'all', mailboxes), mailboxes[0] ?? '');
    return await work({ servers, generator, keys, folder, seconds, warmSeconds, smoke });
  } finally {
    await cyrus.stop();
  }
}

async function measureAll(bench: Bench, chosen: readonly Scenario[], settings: Settings): Promise<Results> {
  const faults: string[] = [];
  const results: ScenarioResult[] = chosen.map(({ name, title, connections, aims, contestants }) => ({
    ...{ name, title, connections, aims: [...aims] },
    contestants: contestants.map(({ label }) => ({ label, samples: [] })),
  }));
  for (let round = 0; round < settings.rounds; round++) {
    for (const [index, scenario] of chosen.entries()) {
      for (const contestant of rotated(scenario.contestants, round)) {
        const samples = results[index]?.contestants.find(({ label }) => label === contestant.label)?.samples;
        if (interrupted) throw new Error('interrupted');
        try {
          const { values, latency } = await contestant.measure(bench);
          samples?.push({ round, values, latency: latency.map(([ns, count]) => [ns, count]) });
          say(`round ${round + 1}/${settings.rounds} ${scenario.name} ${contestant.label} ${shown(values)}`);
        } catch (error) {
          const fault = `${scenario.name}, ${contestant.label}, round ${round + 1}: ${String(error)}`;
          faults.push(fault);
          say(`FAULT ${fault}`);
        }
      }
    }
  }
  const { rounds, seconds, hot, cold } = settings;
  return {
    command: ['npm run bench --', ...process.argv.slice(2)].join(' ').replace(/ --$/, ''),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Linux ${release()}, Node ${process.version}`,
    settings: `${rounds} rounds of ${seconds} s, load generator in ${bench.generator.language}, ${hot + cold} mailboxes`,
    scenarios: results,
    faults,
  };
}

async function publish(results: Results, settings: Settings): Promise<number> {
  await mkdir(options.out, { recursive: true });
  const baseline = await readBaseline();
  const worse = settings.smoke ? [] : compareWithBaseline(results, baseline);
  const report = reportOf(results, worse);
  await writeFile(join(options.out, 'results.json'), JSON.stringify(results));
  await writeFile(join(options.out, 'report.md'), report);
  for (const [name, svg] of plots(results)) await writeFile(join(options.out, name), svg);
  if (options['write-baseline']) await writeBaseline(results);
  if (options['write-evidence']) await writeEvidence(results);
  process.stdout.write(report);
  return results.faults.length > 0 || worse.length > 0 ? 1 : 0;
}

async function writeEvidence(results: Results): Promise<void> {
  const drawn = plots(results);
  await mkdir(join(ROOT, PLOTS), { recursive: true });
  for (const [name, svg] of drawn) await writeFile(join(ROOT, PLOTS, name), svg);
  const file = join(ROOT, EVIDENCE);
  const figures = evidenceFigures(
    results,
    drawn.map(([name]) => name),
  );
  await writeFile(file, intoPart(await readFile(file, 'utf8'), 'bench', figures));
}

function settingsOf(): Settings {
  const settings = options.smoke ? SMOKE : FULL;
  const { rounds, seconds } = options;
  return {
    ...settings,
    ...(rounds === undefined ? {} : { rounds: positive('rounds', rounds) }),
    ...(seconds === undefined ? {} : { seconds: positive('seconds', seconds) }),
  };
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`--${name} is ${text}: must be a number above 0`);
  return number;
}

function languageOf(text: string | undefined): Language | undefined {
  if (text === undefined || text === 'c' || text === 'ts') return text;
  throw new Error(`--generator is ${text}: must be c or ts`);
}

function isChosen(name: string): boolean {
  const { only } = options;
  return (
    only === undefined || only.some((each) => (each.endsWith('-') ? name.startsWith(each) : name === each))
  );
}

async function writeKeys(folder: string, { hot, cold, many }: Settings): Promise<Keys> {
  return {
    hot: await keysFile(folder, 'hot', namesOf(0, hot)),
    cold: await keysFile(folder, 'cold', namesOf(hot, cold)),
    ten: await keysFile(folder, 'ten', namesOf(0, 10)),
    many: await keysFile(folder, 'many', namesOf(0, many)),
  };
}

async function keysFile(folder: string, name: string, mailboxes: readonly string[]): Promise<string> {
  const path = join(folder, `${name}.keys`);
  await writeFile(path, mailboxes.map((mailbox) => `${mailbox}\tOK ${mailbox}\n`).join(''));
  return path;
}

function namesOf(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `u${String(first + i).padStart(7, '0')}@example.jp`);
}

/** The server that is the first in one round is the last in the next. */
function rotated(contestants: readonly Contestant[], round: number): Contestant[] {
  const first = round % contestants.length;
  return [...contestants.slice(first), ...contestants.slice(0, first)];
}

function shown(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([metric, value]) => `${metric}=${value.toPrecision(4)}`)
    .join(' ');
}

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

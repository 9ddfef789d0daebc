// `node test/mutation/quick.mjs ROOM [FILE.ts]…`: the same mutations as Stryker makes, judged in one process. Each test that reaches
// a mutated place is run again with it, until one fails. It takes minutes where Stryker takes hours. What it cannot do is to judge
// what runs once, when a module is loaded. Ends with 1 where less than 92 % are noticed.
import { createRequire } from 'node:module';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startVitest } from 'vitest/node';

// A part of Stryker, which makes the changes.
const ofStryker = createRequire(createRequire(import.meta.url).resolve('@stryker-mutator/core'));
const { Instrumenter } = await import(ofStryker.resolve('@stryker-mutator/instrumenter'));

const [room, ...chosen] = process.argv.slice(2);
process.env.MUTATION_ROOM = room;
const root = join(import.meta.dirname, '../..');
const kept = join(root, 'node_modules/.cache/stryker');
const report = join(kept, `${room.replaceAll('/', '-')}.quick.json`);
process.env.MUTATION_FOUND = report;
mkdirSync(kept, { recursive: true });
writeFileSync(report, '{"noticed":{},"unnoticed":{},"unstable":[],"loaded":[]}');

const ENOUGH = 92;
const folder = join(root, 'src', room);
const names = chosen.length > 0 ? chosen : readdirSync(folder).filter((name) => name.endsWith('.ts'));
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: console.warn, isDebugEnabled: () => false };
const sources = names.map((name) => ({
  name: join(folder, name),
  mutate: true,
  content: readFileSync(join(folder, name), 'utf8'),
}));
const { files, mutants } = await new Instrumenter(log).instrument(sources, {
  plugins: null,
  excludedMutations: ['StringLiteral'],
  ignorers: [],
});
const instrumented = new Map(files.map(({ name, content }) => [name, content]));

const vitest = await startVitest(
  'test',
  [],
  {
    config: join(import.meta.dirname, 'vitest.config.mjs'),
    watch: false,
    runner: join(import.meta.dirname, 'quick-runner.mjs'),
    // Threads have no umask of their own, which a UNIX socket needs.
    pool: 'forks',
    maxWorkers: 1,
    reporters: ['dot'],
    dangerouslyIgnoreUnhandledErrors: true,
  },
  {
    plugins: [
      {
        name: 'mutations',
        enforce: 'pre',
        load: (id) => instrumented.get(id.split('?')[0]),
      },
    ],
  },
);
await vitest?.close();

const { noticed, unnoticed, unstable, loaded } = JSON.parse(readFileSync(report, 'utf8'));
let [killed, all] = [0, 0];
for (const name of names) {
  // What runs only when a module is loaded is left out, as `ignoreStatic` of Stryker does.
  const own = mutants.filter(
    ({ fileName, id, status }) =>
      fileName === join(folder, name) &&
      status !== 'Ignored' &&
      (noticed[id] !== undefined || unnoticed[id] !== undefined || !loaded.includes(id)),
  );
  const survivors = own.filter(({ id }) => noticed[id] === undefined);
  const content = readFileSync(join(folder, name), 'utf8').split('\n');
  for (const { location, mutatorName, replacement, id } of survivors) {
    const { line, column } = location.start;
    console.log(
      `${name}:${line + 1}:${column + 1} ${mutatorName} (reached by ${unnoticed[id] ?? 'no'} tests)`,
    );
    console.log(
      `  - ${content[line]?.trim()}\n  + ${replacement
        .split('\n')
        .map((each) => each.trim())
        .join(' ')
        .slice(0, 150)}`,
    );
  }
  killed += own.length - survivors.length;
  all += own.length;
  console.log(`${name}: ${own.length} changes, ${own.length - survivors.length} noticed`);
}
const score = (100 * killed) / all;
console.log(`src/${room}: ${killed} of ${all} noticed, ${score.toFixed(1)} %`);
for (const each of unstable) console.log(`not used, since it fails when it is run again: ${each}`);
process.exit(score < ENOUGH ? 1 : 0);

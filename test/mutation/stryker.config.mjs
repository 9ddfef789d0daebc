// Mutation testing: changes one thing at a time in a room of src/ and asks whether a test fails. `npm run test:mutation
// ROOM`, described in CONTRIBUTING.md. The rooms, and the tests that guard each, are in rooms.mjs.
import { mutated, room } from './rooms.mjs';

const kept = 'node_modules/.cache/stryker';

export default {
  plugins: ['@stryker-mutator/vitest-runner'],
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.mjs', related: false },
  coverageAnalysis: 'perTest',
  mutate: mutated,
  mutator: {
    // Texts are for people: of a message in other words no test should know. Where a text decides, it is compared, and
    // the comparison is changed by the other mutators.
    excludedMutations: ['StringLiteral'],
  },
  // What runs once, when a module is loaded, such as a table or a limit: each would cost a run of all tests.
  ignoreStatic: true,
  // One at a time: the tests wait for clocks and sockets, which a busy machine delays.
  concurrency: Number(process.env.MUTATION_CONCURRENCY ?? 1),
  timeoutMS: 10_000,
  timeoutFactor: 2,
  incremental: true,
  incrementalFile: `${kept}/${room.replaceAll('/', '-')}.incremental.json`,
  tempDirName: '.stryker-tmp',
  cleanTempDir: 'always',
  ignorePatterns: ['dist', 'docs', 'docker', 'port', 'deb', 'bench/plots', 'bench/build', 'test/matrix'],
  reporters: ['clear-text', 'html', 'json'],
  clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: `${kept}/${room.replaceAll('/', '-')}.html` },
  jsonReporter: { fileName: `${kept}/${room.replaceAll('/', '-')}.json` },
  thresholds: { high: 95, low: 92, break: 92 },
};

// How the tests are run: each kind in its folder, one kind after the other, since what is timed would be disturbed.
// How many files at a time: integration tests mostly wait, and two cores are what the smallest machines have.
// Nothing is ever tried again: a test that fails sometimes has found something.
import { basename, join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type Reporter, type TestSpecification } from 'vitest/node';
import { useOneTemporaryFolder } from './temporary.js';
import { Totals } from './totals.js';

useOneTemporaryFolder();

const SECOND = 1000;
/** Of tests at a time that mostly wait for containers. */
const WAITING = 3;

/** Those that take longest. The last one to begin would otherwise keep everybody waiting, while one core has nothing to do. */
const LONGEST = [
  'debian-host',
  'fuzz',
  'rc-upgrade',
  'rc',
  'live-view',
  'doctor-sendmail',
  'backchannel-auth',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      LONGEST.includes(basename(moduleId, '.test.ts'));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/**
 * For testcontainers: no reaper, which is an image from a registry (docker/engine.sh removes what an interrupted run
 * leaves), and no guess at a gateway, for which it would take one more image where this machine is itself a container.
 */
const CONTAINERS = { TESTCONTAINERS_RYUK_DISABLED: 'true', TESTCONTAINERS_HOST_OVERRIDE: '127.0.0.1' };

export default defineConfig({
  // Beside the root's own modules, not in a folder node_modules under test/.
  cacheDir: '../node_modules/.vite',
  test: {
    root: import.meta.dirname,
    reporters: ['default', new Totals(), ...(await matrixReporter())],
    retry: 0,
    sequence: { sequencer: LongestFirst },
    projects: [
      // Long, since some fill a cache with a million entries, on machines that do other things as well.
      {
        test: {
          name: 'unit',
          include: ['unit/**/*.test.ts'],
          testTimeout: 30 * SECOND,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'property',
          include: ['property/**/*.test.ts'],
          testTimeout: 60 * SECOND,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['integration/**/*.test.ts'],
          testTimeout: 30 * SECOND,
          maxWorkers: 4,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'load',
          include: ['flood/**/*.test.ts', 'abuse/**/*.test.ts', 'soak/**/*.test.ts'],
          testTimeout: 30 * SECOND,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'system',
          include: ['system/**/*.test.ts', 'chaos/**/*.test.ts', 'letters/**/*.test.ts'],
          env: CONTAINERS,
          testTimeout: 120 * SECOND,
          hookTimeout: 300 * SECOND,
          maxWorkers: WAITING,
          sequence: { groupOrder: 4 },
        },
      },
      // Beside the system tests, with the processor time that these leave.
      {
        test: {
          name: 'fuzz',
          include: ['fuzz/**/*.test.ts'],
          testTimeout: 60 * SECOND,
          maxWorkers: WAITING,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});

/** For test/matrix/run. */
async function matrixReporter(): Promise<Reporter[]> {
  const { CYRUSMAPD_MATRIX, CYRUSMAPD_MATRIX_PAGE } = process.env;
  if (CYRUSMAPD_MATRIX !== 'all') return [];
  const { MatrixReporter } = await import('./matrix/reporter.js');
  return [new MatrixReporter(join(import.meta.dirname, 'matrix/report.md'), CYRUSMAPD_MATRIX_PAGE)];
}

// How the tests are run that should notice a mutation: without projects, and only those that guard the room.
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';
import { useOneTemporaryFolder } from '../temporary.ts';
import { killers } from './rooms.mjs';

useOneTemporaryFolder();

const SECOND = 1000;

/** The quick ones first, where vitest begins with those that took longest: most mutations are noticed by them, and then no other runs. */
class QuickFirst extends BaseSequencer {
  async sort(files) {
    const sorted = (await super.sort(files)).reverse();
    const isQuick = ({ moduleId }) => moduleId.includes('/unit/');
    return [...sorted.filter(isQuick), ...sorted.filter((file) => !isQuick(file))];
  }
}

export default defineConfig({
  cacheDir: join(import.meta.dirname, '../../node_modules/.vite-mutation'),
  test: {
    root: join(import.meta.dirname, '..'),
    include: killers(),
    sequence: { sequencer: QuickFirst },
    testTimeout: 120 * SECOND,
    retry: 0,
  },
});

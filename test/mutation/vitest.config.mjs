// How the tests are run that should notice a mutation: without projects, and only those that guard the room.
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { killers } from './rooms.mjs';

const SECOND = 1000;

export default defineConfig({
  cacheDir: join(import.meta.dirname, '../../node_modules/.vite-mutation'),
  test: {
    root: join(import.meta.dirname, '..'),
    include: killers(),
    testTimeout: 120 * SECOND,
    retry: 0,
  },
});

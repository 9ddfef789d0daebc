// The tree holds what somebody wrote, and nothing that a program left.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, trackedFiles } from './source.js';

/** Profiles and dumps of V8, cores, packed packages, logs of npm. */
const LEFT =
  /(^|\/)(isolate-.*\.log|core(\.\d+)?|npm-debug\.log.*)$|\.(cpuprofile|heapprofile|heapsnapshot|tgz|deb)$/;

describe.runIf(existsSync(join(ROOT, '.git')))('the tree', () => {
  test('holds no file that a program left', () => {
    expect(trackedFiles().filter((path) => LEFT.test(path))).toEqual([]);
  });

  test.each(['isolate-0x55.log', 'a/core', 'core.123', 'x.heapsnapshot', 'cyrusmapd-0.1.0.tgz'])(
    'would be found out with %s',
    (path) => expect(path).toMatch(LEFT),
  );
});

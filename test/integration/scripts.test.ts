// Every shell script of the repository, in the eyes of shellcheck: what provides the engine, builds the images and runs the
// tests works unseen until a machine is a little different.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readText, ROOT, trackedFiles } from '../unit/source.js';
import { lacks } from './tools.js';

const CHECKED_OUT = existsSync(join(ROOT, '.git'));

describe.skipIf(!CHECKED_OUT || lacks('shellcheck'))('the shell scripts', () => {
  const scripts = (CHECKED_OUT ? trackedFiles() : []).filter((path) =>
    /^#(!.*\/(env )?(ba)?sh$| shellcheck shell=)/m.test(readText(path).split('\n', 1)[0] ?? ''),
  );

  test('are found', () => {
    expect(scripts).toEqual(
      expect.arrayContaining(['.ci/run', 'docker/engine.sh', 'rc.d/cyrusmapd', 'test/run']),
    );
  });

  test.each(scripts)('%s has nothing that shellcheck warns of', (script) => {
    const args = ['--severity=style', '--external-sources', '--source-path=SCRIPTDIR', script];
    const { stdout, error } = spawnSync('shellcheck', args, { cwd: ROOT, encoding: 'utf8' });
    expect(error).toBeUndefined();
    expect(stdout).toBe('');
  });
});

// The manual pages as mandoc(1) reads them.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { lacks } from './tools.js';

const FOLDER = fileURLToPath(new URL('../../rc.d/man/', import.meta.url));

describe.skipIf(lacks('mandoc'))('rc.d/man', () => {
  test.each(readdirSync(FOLDER))('%s has nothing that mandoc warns of', (page) => {
    const { status, stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', `${FOLDER}${page}`]);
    expect(stdout.toString()).toBe('');
    expect(status).toBe(0);
  });
});

// docs/several-machines.md: each configuration that it shows is one that `config --check` passes as it stands, but for the
// folders and a group, which are not there on the machine of the test.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { parsePage } from '../docs/pages.js';
import { run } from './cyrusmapd-process.js';

const PAGE = fileURLToPath(new URL('../../docs/several-machines.md', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-page-'));
afterAll(() => rmSync(folder, { recursive: true }));

mkdirSync(join(folder, 'run'));
mkdirSync(join(folder, 'events'), { mode: 0o700 });
writeFileSync(join(folder, 'password'), 'hunter2\n', { mode: 0o600 });

const shown = parsePage(readFileSync(PAGE, 'utf8')).code.filter(({ language }) => language === 'toml');

describe('the configurations of docs/several-machines.md', () => {
  test('are one for each arrangement, two for a fleet, and one for after a failover', () => {
    expect(shown).toHaveLength(7);
  });

  test.each(shown)('line $line', async ({ text }) => {
    const file = join(folder, 'cyrusmapd.toml');
    const here = text
      .replaceAll('/var/run/cyrusmapd/', `${folder}/run/`)
      .replaceAll('/var/run/cyrusmapd-events/', `${folder}/events/`)
      .replace('socket_group = "cyrus"\n', '')
      .replaceAll('/usr/local/etc/cyrusmapd/', `${folder}/`);
    // Where the page shows no listener, the usual one is meant.
    const listening = here.includes('[socketmap]')
      ? ''
      : `socketmap.listen = ["unix:${folder}/run/socketmap"]\n`;
    writeFileSync(file, `${listening}${here}`);
    expect(await run('config', '--check', '--config', file)).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});

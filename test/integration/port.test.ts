// The port, run by FreeBSD's make (Debian's package bmake) with a double of bsd.port.mk (test/port): it stages what its list of
// files says, and what is staged runs. Its parts that stand elsewhere too are held to those.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacks } from './tools.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const PORT = join(PROJECT, 'port');
const SYSTEM_RULES = '/usr/share/bmake/mk-bmake';
const TIMEOUT_MS = 120_000;
const execute = promisify(execFile);

let folder: string;

describe.skipIf(lacks('bmake'))('the port', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'port-'));
    await execute('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: PROJECT });
    await make('stage');
  }, TIMEOUT_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('stages what pkg-plist lists, and nothing else', async () => {
    const [listed, staged] = [await make('show-plist'), await make('show-staged')];
    expect(listed.length).toBeGreaterThan(10);
    expect(staged.toSorted()).toEqual(listed.toSorted());
  });

  test('leaves no variable of the framework unresolved in what it stages', () => {
    const message = readFileSync(join(folder, 'work/pkg-message'), 'utf8');
    expect(message).toContain('/usr/local/etc/cyrusmapd.toml');
    for (const text of [message, staged('etc/rc.d/cyrusmapd')]) expect(text).not.toMatch(/%%|\$\{WRK/);
  });

  test('has a program that runs, under the Node of the port', async () => {
    const program = 'lib/node_modules/cyrusmapd/dist/cyrusmapd.js';
    expect(staged(program).split('\n')[0]).toBe('#!/usr/local/bin/node');
    const { stdout } = await execute(process.execPath, [
      join(folder, 'work/stage/usr/local', program),
      '--version',
    ]);
    expect(stdout).toBe(`${version()}\n`);
  });

  test('has the sample with the paths of FreeBSD', () => {
    const sample = staged('etc/cyrusmapd.toml.sample');
    expect(sample).toContain('\nendpoint = "unix:/var/imap/socket/lmtp"\n');
    expect(sample).not.toContain('/run/cyrus/');
  });

  test('has the sample that docs/freebsd.md makes by hand', async () => {
    const page = readFileSync(join(PROJECT, 'docs/freebsd.md'), 'utf8');
    const line = /^ {4}(sed .*) >\/usr\/local\/etc\/cyrusmapd\.toml$/m.exec(page)?.[1] ?? 'false';
    expect((await execute('sh', ['-c', line], { cwd: PROJECT })).stdout).toBe(
      staged('etc/cyrusmapd.toml.sample'),
    );
  });

  test('installs the service as rc.d/cyrusmapd has it, executable', () => {
    const script = readFileSync(join(PROJECT, 'rc.d/cyrusmapd'), 'utf8');
    expect(staged('etc/rc.d/cyrusmapd')).toBe(script);
    expect(readFileSync(join(PORT, 'files/cyrusmapd.in'), 'utf8')).toBe(
      script.replaceAll('/usr/local', '%%PREFIX%%'),
    );
    expect(statSync(join(folder, 'work/stage/usr/local/etc/rc.d/cyrusmapd')).mode & 0o111).toBe(0o111);
  });
});

describe('port/', () => {
  // Of portlint(1), what does not need a ports tree.
  test.each([
    ['a line that ends in blanks', /[ \t]+$/m],
    ['a variable that is not followed by a tab', /^[A-Z_]+[?+]?= *[^\t\n]/m],
    ['a command that does not begin with a tab', /^ +\S/m],
    ['a direct name of a command', /^\t@?(cp|mv|rm|install|mkdir|ln|sed|chmod) /m],
    ['the prefix by its name', /\/usr\/local/],
  ])('has a Makefile without %s', (_, wrong) => {
    expect(readFileSync(join(PORT, 'Makefile'), 'utf8')).not.toMatch(wrong);
  });

  test('has the version of package.json and of the change log', () => {
    expect(readFileSync(join(PORT, 'Makefile'), 'utf8')).toContain(`DISTVERSION=\t${version()}\n`);
    expect(readFileSync(join(PROJECT, 'CHANGELOG.md'), 'utf8')).toContain(`\n## ${version()} `);
  });

  test('describes itself in lines of 80 characters at most, and in a comment of 70', () => {
    const lines = readFileSync(join(PORT, 'pkg-descr'), 'utf8').split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    const comment = /^COMMENT=\t(.*)$/m.exec(readFileSync(join(PORT, 'Makefile'), 'utf8'))?.[1] ?? '';
    expect(comment).toMatch(/^[A-Z].{10,69}[^.]$/);
  });
});

/** @returns the lines that it prints */
async function make(target: string): Promise<string[]> {
  const paths = ['-m', join(PROJECT, 'test/port'), '-m', SYSTEM_RULES];
  const variables = [`DISTDIR=${folder}`, `WRKDIR=${join(folder, 'work')}`];
  const { stdout } = await execute('bmake', ['-C', PORT, ...paths, ...variables, target]);
  return stdout.trim().split('\n');
}

function staged(path: string): string {
  return readFileSync(join(folder, 'work/stage/usr/local', path), 'utf8');
}

function version(): string {
  const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}

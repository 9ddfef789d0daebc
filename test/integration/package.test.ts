// What `npm pack` makes: it holds what a mail host needs and nothing else, and runs from where npm puts it.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileOf, isOutside, parsePage } from '../docs/pages.js';

type Packed = {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
};

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const INSTALL_TIMEOUT_MS = 120_000;
const execute = promisify(execFile);

let folder: string;
let packed: Packed;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  // Without scripts: prepack would build anew under the tests that run dist/ meanwhile.
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { stdout } = await execute('npm', pack, { cwd: PROJECT });
  const [first] = JSON.parse(stdout) as Packed[];
  if (first === undefined) throw new Error('npm pack made nothing');
  packed = first;
}, INSTALL_TIMEOUT_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('holds what a mail host needs', () => {
    expect(paths()).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'README.ja.md',
        'CHANGELOG.md',
        'CONTRIBUTING.md',
        'SECURITY.md',
        'docs/configuration.md',
        'package.json',
        'dist/cyrusmapd.js',
        'dist/LICENSES.txt',
        'cf/feature/mrs_cyrus.m4',
        'rc.d/cyrusmapd',
        'rc.d/cyrusmapd.service',
        'rc.d/cyrusmapd.toml.sample',
        'rc.d/mailboxes.sample',
        'rc.d/newsyslog.conf.sample',
        'rc.d/man/cyrusmapd-log.5',
        'rc.d/man/cyrusmapd.8',
        'rc.d/man/cyrusmapd.toml.5',
      ]),
    );
  });

  it('holds nothing else', () => {
    const others = paths().filter(
      (path) =>
        !/^(cf|rc\.d|docs|bench\/plots)\/|^(dist\/(cyrusmapd\.js|LICENSES\.txt)|LICENSE|(README(\.ja)?|CHANGELOG|CONTRIBUTING|SECURITY|(bench|docker)\/README)\.md|package\.json)$/.test(
          path,
        ),
    );
    expect(others).toEqual([]);
  });

  it('has whatever one of its pages links to', () => {
    const packed = paths();
    const pages = packed.filter((path) => path.endsWith('.md'));
    const missing = pages.flatMap((page) =>
      parsePage(readFileSync(join(PROJECT, page), 'utf8'))
        .links.filter(({ target }) => !isOutside(target))
        .map(({ target }) => fileOf(page, target))
        .filter((path) => !packed.some((each) => each === path || each.startsWith(`${path}/`))),
    );
    expect(pages.length).toBeGreaterThan(10);
    expect(missing).toEqual([]);
  });

  it.each(['dist/cyrusmapd.js', 'rc.d/cyrusmapd'])('has %s executable', (path) => {
    const mode = packed.files.find((file) => file.path === path)?.mode ?? 0;
    expect(mode & 0o111).toBe(0o111);
  });

  it('runs from where npm installs it', { timeout: INSTALL_TIMEOUT_MS }, async () => {
    const tarball = join(folder, packed.filename);
    writeFileSync(join(folder, 'package.json'), '{}');
    await execute('npm', ['install', tarball, '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund'], {
      cwd: folder,
    });
    expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'cyrusmapd',
    ]);

    const command = join(folder, 'node_modules/.bin/cyrusmapd');
    expect((await execute(command, ['--version'])).stdout).toBe(`${manifest().version}\n`);
    expect((await execute(command, ['config', '--demo'])).stdout).toContain('[socketmap]');
    expect((await execute(command, ['check', '--demo', 'alice@example.jp'])).stdout).toContain(
      'verdict    deliverable',
    );
    // What is inside is nobody's to build on: the interface is the command.
    await expect(
      execute(process.execPath, ['-e', "import('cyrusmapd/dist/cyrusmapd.js')"], { cwd: folder }),
    ).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});

function paths(): string[] {
  return packed.files.map(({ path }) => path);
}

function manifest(): { readonly version: string } {
  return JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { readonly version: string };
}

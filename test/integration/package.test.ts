// What `npm pack` makes: it holds what a mail host needs and nothing else, and runs from where npm puts it.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatEndpoint } from '../../src/net/endpoint.js';
import { fileOf, isOutside, parsePage } from '../docs/pages.js';
import { startRig } from './socketmap-rig.js';

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
  test.each(['prestart', 'prepack', 'deb'])(
    'is made from a fresh clone, where nothing is installed: %s',
    (name) => {
      const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
        scripts: Record<string, string>;
      };
      expect(scripts[name]).toMatch(/^npm run --silent setup && npm run --silent build/);
    },
  );

  test('holds what a mail host needs', () => {
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
        'dist/client.js',
        'dist/client.d.ts',
        'contrib/haraka/index.js',
        'contrib/grafana/cyrusmapd.json',
        'contrib/prometheus/cyrusmapd.rules.yml',
        'contrib/opensmtpd/filter-cyrusmapd.mjs',
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

  test('holds nothing else', () => {
    const others = paths().filter(
      (path) =>
        !/^(cf|rc\.d|docs|bench\/plots|contrib\/(haraka|opensmtpd|grafana|prometheus(?!\/.*\.test\.yml$)))\/|^(dist\/(cyrusmapd\.js|client\.(js|d\.ts)|LICENSES\.txt)|LICENSE|(README(\.ja)?|CHANGELOG|CONTRIBUTING|SECURITY|(bench|docker)\/README)\.md|package\.json)$/.test(
          path,
        ),
    );
    expect(others).toEqual([]);
  });

  test('has whatever one of its pages links to', () => {
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

  test('has whatever of contrib/ one of its pages names', () => {
    const packed = paths();
    const named = packed
      .filter((path) => path.endsWith('.md'))
      .flatMap((page) => parsePage(readFileSync(join(PROJECT, page), 'utf8')).spans)
      .map(({ text }) => text)
      .filter((text) => /^contrib\/\S+$/.test(text));
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !packed.some((path) => path.startsWith(name)))).toEqual([]);
  });

  test.each(['dist/cyrusmapd.js', 'rc.d/cyrusmapd'])('has %s executable', (path) => {
    const mode = packed.files.find((file) => file.path === path)?.mode ?? 0;
    expect(mode & 0o111).toBe(0o111);
  });
});

describe('the package, where npm installs it', () => {
  beforeAll(async () => {
    const tarball = join(folder, packed.filename);
    writeFileSync(join(folder, 'package.json'), '{}');
    await execute('npm', ['install', tarball, '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund'], {
      cwd: folder,
    });
  }, INSTALL_TIMEOUT_MS);

  test('runs', async () => {
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

  test('can be imported, by CommonJS as well, without any other package', async () => {
    const { endpoint } = await startRig();
    const asking = `const client = new SocketmapClient('${formatEndpoint(endpoint)}');
      console.log(JSON.stringify([await client.lookup('alice@example.jp'), await client.lookup('nobody')]));`;
    writeFileSync(join(folder, 'use.mjs'), `import { SocketmapClient } from 'cyrusmapd';\n${asking}`);
    const { stdout } = await execute(process.execPath, ['use.mjs'], { cwd: folder });
    expect(JSON.parse(stdout)).toEqual([
      { status: 'OK', text: 'alice@example.jp' },
      { status: 'NOTFOUND', text: 'Mailbox does not exist' },
    ]);
    const script = `import('cyrusmapd').then(async ({ SocketmapClient }) => { ${asking} })`;
    expect((await execute(process.execPath, ['-e', script], { cwd: folder })).stdout).toBe(stdout);
    expect(statSync(join(folder, 'node_modules/cyrusmapd/dist/client.js')).size).toBeLessThan(30_000);
  });

  test(
    'has types that the strictest compiler takes, and that find mistakes',
    { timeout: INSTALL_TIMEOUT_MS },
    async () => {
      const right = `import { SocketmapClient, SocketmapError, type SocketmapReply } from 'cyrusmapd';
      const client: SocketmapClient = new SocketmapClient('unix:/s', { timeoutMs: 1000, map: undefined });
      const reply: SocketmapReply = await client.lookup('k', { signal: AbortSignal.timeout(1) });
      const known: boolean = reply.status === 'OK' && reply.text !== '';
      const codes = (error: unknown) => (error instanceof SocketmapError ? error.code : known);
      console.log(codes(undefined), client.close(), client.destroy());`;
      const wrong = right.replace(`'OK'`, `'YES'`).replace('timeoutMs', 'timeout');
      const found = await compiled({ 'right.mts': right, 'wrong.mts': wrong });
      expect(found.match(/^\S+(?=\(\d)|error TS\d+/gm)).toEqual([
        'wrong.mts',
        'error TS2561',
        'wrong.mts',
        'error TS2367',
      ]);
    },
  );
});

/** What the compiler complains of. */
async function compiled(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const flags = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext'];
  const tsc = [join(PROJECT, 'node_modules/typescript/bin/tsc'), ...flags, ...Object.keys(files)];
  try {
    return (await execute(process.execPath, tsc, { cwd: folder })).stdout;
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error);
  }
}

function paths(): string[] {
  return packed.files.map(({ path }) => path);
}

function manifest(): { readonly version: string } {
  return JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { readonly version: string };
}

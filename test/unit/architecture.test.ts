// The shape of the house, read from its source: the direction of the imports, what of the language is not used, and what
// nothing in the repository may name. A finding is a line `file:line: what is wrong`; the rules are tried on wrong code too.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  importsOf,
  linesWith,
  parse,
  readSources,
  readText,
  ROOT,
  trackedFiles,
  unwantedIn,
  type Import,
} from './source.js';

/**
 * From the top to the bottom. A file imports from its own part and from the rows below, never from above, nor from
 * another part of its row. A part is a folder of src/, a file in it, or what belongs together.
 */
const ROWS: readonly (readonly (readonly string[])[])[] = [
  [['main.ts']],
  [['commands/']],
  [['doctor/']],
  [['daemon/']],
  [['admin/']],
  [['snapshots/'], ['fleet/']],
  [['backchannels/']],
  [['comparison/'], ['policy/'], ['client/']],
  [['socketmap/'], ['cyrus/']],
  [['log/']],
  [['config/']],
  [['net/']],
  [['validation/']],
  [['errors.ts'], ['package.ts']],
];

const PLACES = ROWS.flatMap((parts, row) =>
  parts.flatMap((names) => names.map((name) => ({ row, part: names, prefix: `src/${name}` }))),
);

/** What reaches out of the process: not for validation/, which is given time and answers as parameters. */
const OUTSIDE = /^node:(net|tls|dns|fs|http|https|http2|dgram|child_process|worker_threads|timers)(\/|$)/;

const SRC = readSources('src');
const ALL = [...SRC, ...readSources('bench')];
const IMPORTS = SRC.flatMap(importsOf);

describe('the imports of src/', () => {
  test('have a place for every file in the rows above', () => {
    expect(SRC.map(({ path }) => path).filter((path) => placeOf(path) === undefined)).toEqual([]);
  });

  test('lead from the top to the bottom', () => {
    expect(IMPORTS.flatMap(wrongDirection)).toEqual([]);
  });

  test.each([
    ['src/socketmap/server.ts', '../cyrus/pool/pool.js'],
    ['src/cyrus/pool/pool.ts', '../../socketmap/server.js'],
    ['src/validation/validator.ts', '../backchannels/list.js'],
    ['src/validation/validator.ts', '../log/log.js'],
    ['src/daemon/daemon.ts', '../commands/serve.js'],
    ['src/cyrus/events/events.ts', '../../backchannels/build.js'],
    ['src/errors.ts', './net/endpoint.js'],
  ])('may not lead from %s to %s', (path, specifier) => {
    const statements = [`import type { X } from '${specifier}';`, `const x = await import('${specifier}');`];
    for (const statement of [...statements, `export type { X } from '${specifier}';`]) {
      const found = importsOf(parse(path, `// First.\n${statement}\n`)).flatMap(wrongDirection);
      expect(found).toEqual([expect.stringContaining(`${path}:2: imports src/`)]);
    }
  });

  test('lead from validation/ to nothing that reaches out of the process', () => {
    const found = IMPORTS.filter(({ from }) => from.startsWith('src/validation/'));
    expect(found.length).toBeGreaterThan(10);
    expect(found.filter(({ specifier }) => OUTSIDE.test(specifier)).map(shown)).toEqual([]);
  });

  test('never lead round in a circle', () => {
    expect(circlesOf(IMPORTS)).toEqual([]);
  });

  test('would be caught in a circle', () => {
    const files = { a: './b.js', b: './c.js', c: './b.js' };
    const imports = Object.entries(files).flatMap(([name, specifier]) =>
      importsOf(parse(`src/${name}.ts`, `import '${specifier}';`)),
    );
    expect(circlesOf(imports)).toEqual(['src/c.ts:1: src/b.ts → src/c.ts → src/b.ts']);
  });

  // All packages are for development, since dist/cyrusmapd.js holds what it needs of them.
  test('name our files with the ending .js, the runtime with node:, and packages that package.json names', () => {
    const manifest = JSON.parse(readText('package.json')) as { readonly devDependencies: object };
    const wrong = IMPORTS.filter(({ specifier, target }) => {
      if (specifier.startsWith('.')) return !specifier.endsWith('.js') || !existsSync(join(ROOT, target));
      return !specifier.startsWith('node:') && !Object.hasOwn(manifest.devDependencies, specifier);
    });
    expect(wrong.map(shown)).toEqual([]);
  });
});

describe('serve', () => {
  test('loads at its start what every daemon needs, and no more', () => {
    const loaded = loadedWith('src/commands/serve.ts');
    expect([...loaded]).toEqual(
      expect.arrayContaining(['src/daemon/daemon.ts', 'src/cyrus/lmtp/session.ts', 'lru-cache']),
    );
    const extra =
      /^(node:tls|node:child_process|pino|smol-toml|src\/(backchannels\/login-files|cyrus\/events\/(events|effects)|doctor\/.*|cyrus\/imap\/session|cyrus\/wire\/tls|cyrus\/sasl\/(log-in|exchange|choice|create-mechanism|scram))\.ts)$/;
    expect([...loaded].filter((target) => extra.test(target))).toEqual([]);
  });
});

describe('doctor', () => {
  test('loads the client of Valkey only where [fleet] is configured', () => {
    const loaded = loadedWith('src/commands/doctor.ts');
    expect([...loaded]).toEqual(expect.arrayContaining(['src/doctor/ask-fleet.ts']));
    expect([...loaded].filter((target) => target === 'iovalkey' || target === 'src/fleet/valkey.ts')).toEqual(
      [],
    );
  });
});

describe('src/ and bench/', () => {
  test('do without any, !, default exports, enums, namespaces and decorators', () => {
    expect(ALL.flatMap(unwantedIn)).toEqual([]);
  });

  test.each([
    ['const x: any = 1;', 'any'],
    ['const x = y as any;', 'any'],
    ['const x = y!.z;', 'non-null !'],
    ['class X { y!: string; }', 'definite !'],
    ['export default 1;', 'default export'],
    ['export default class {}', 'default export'],
    ['enum X { Y }', 'enum'],
    ['namespace X { const y = 1; }', 'namespace'],
    ['@x class Y {}', 'decorator'],
  ])('could not hide %j', (code, what) => {
    expect(unwantedIn(parse('src/x.ts', `// First.\n${code}\n`))).toEqual([`src/x.ts:2: ${what}`]);
  });

  test('never silence the compiler', () => {
    expect(ALL.flatMap(({ path, text }) => linesWith(path, text, /@ts-[a-z]/))).toEqual([]);
  });

  test('have no more than 300 lines each, and the one in the middle 100', () => {
    const lines = ALL.map(({ path, text }) => ({ path, lines: linesOf(text) }));
    const inC = readdirSync(join(ROOT, 'bench'))
      .filter((name) => /\.[ch]$/.test(name))
      .map((name) => ({ path: `bench/${name}`, lines: linesOf(readText(`bench/${name}`)) }));
    expect(inC.length).toBeGreaterThan(1);
    expect([...lines, ...inC].filter((each) => each.lines > 300)).toEqual([]);
    for (const folder of ['src/', 'bench/']) {
      const sorted = lines.filter(({ path }) => path.startsWith(folder)).map((each) => each.lines);
      expect(sorted.toSorted((a, b) => a - b)[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(100);
    }
  });

  // Each folder of cyrus/ is a room of its own: they know little of each other.
  test('have no room over a fifth of the house', () => {
    const rooms = new Map<string, number>();
    for (const { path, text } of SRC) {
      const [, room = '', inner = ''] = path.split('/');
      const name = room === 'cyrus' && !inner.endsWith('.ts') ? `cyrus/${inner}` : room;
      rooms.set(name, (rooms.get(name) ?? 0) + linesOf(text));
    }
    const house = SRC.reduce((sum, { text }) => sum + linesOf(text), 0);
    expect([...rooms].filter(([, lines]) => lines > house / 5)).toEqual([]);
    expect(rooms.size).toBeGreaterThan(20);
  });

  test('say what each file is in a first comment of one to five lines', () => {
    const wrong = ALL.flatMap(({ path, text }) => {
      const lines = text.replace(/^#!.*\n/, '').split('\n');
      const count = lines.findIndex((line) => !/^\/\/ ?./.test(line));
      return count >= 1 && count <= 5 ? [] : [`${path}:1: begins with ${count} lines of comment`];
    });
    expect(wrong).toEqual([]);
  });
});

// A release's tarball has no list of files to go by.
describe.runIf(existsSync(join(ROOT, '.git')))('the repository', () => {
  // In pieces, so that this file does not find itself. docker.io alone is a package of Debian.
  test.each([
    ['a folder beside it', /\.\.\/[s]hared\b/, ['..', 'shared', 'x.md']],
    ['a folder of one machine', /(?<![\w.$}*])\/[w]ork(?![\w.-])/, ['see ', 'work', 'main']],
    ['the registry of npm', /[n]pmjs\.(org|com)|[y]arnpkg\.com/, ['https:', '', 'registry.npmjs' + '.org']],
    [
      'a registry of images',
      /\b[d]ocker\.(io\/|com\b)|\b(ghcr|quay|gcr)[.]io|[m]cr[.]microsoft/,
      ['docker.io', 'x'],
    ],
  ])('names nowhere %s', (_, pattern, example) => {
    expect(linesWith('x', `\n${example.join('/')}\n`, pattern)).toHaveLength(1);
    const paths = trackedFiles();
    expect(paths.length).toBeGreaterThan(100);
    expect(paths.flatMap((path) => linesWith(path, readText(path), pattern))).toEqual([]);
  });
});

function linesOf(text: string): number {
  return text.trimEnd().split('\n').length;
}

function placeOf(path: string) {
  return PLACES.find(({ prefix }) => path === prefix || (prefix.endsWith('/') && path.startsWith(prefix)));
}

function wrongDirection({ at, from, target }: Import): string[] {
  const here = placeOf(from);
  const there = placeOf(target);
  if (here === undefined || there === undefined) return [];
  if (here.part === there.part || here.row < there.row) return [];
  return [`${at}: imports ${target}, which is ${here.row === there.row ? 'beside' : 'above'} it`];
}

/** Each is named at the import that closes it. */
function circlesOf(imports: readonly Import[]): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    for (const { at, target } of imports.filter(({ from }) => from === path)) {
      const start = way.indexOf(target);
      if (start !== -1) circles.push(`${at}: ${[...way.slice(start), target].join(' → ')}`);
      else if (!done.has(target)) visit(target, [...way, target]);
    }
    done.add(path);
  };
  for (const path of new Set(imports.map(({ from }) => from))) if (!done.has(path)) visit(path, [path]);
  return circles;
}

/** What is loaded together with a file, without what it loads later. */
function loadedWith(path: string, found = new Set<string>()): ReadonlySet<string> {
  for (const { from, target, eager } of IMPORTS) {
    if (from !== path || !eager || found.has(target)) continue;
    found.add(target);
    loadedWith(target, found);
  }
  return found;
}

function shown({ at, specifier }: Import): string {
  return `${at}: imports ${specifier}`;
}

// imapd.conf(5) as we read it, held against Cyrus itself: files by chance, from a fixed seed, which `cyr_info conf-all`
// reads too. Either both refuse a file, at the same line, or all that it sets is the same.
// IMAPD_CONF_FILES and IMAPD_CONF_SEED make a longer run: `npm run test:imapd-conf`.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { imapdConfOf } from '../../src/cyrus/conf/imapd-conf.js';
import { OPTIONS, parseChoice, parseSwitch } from '../../src/cyrus/conf/options.js';
import { readSettings, type Line, type Refusal } from '../../src/cyrus/conf/settings.js';
import { SUITES } from '../containers/cyrus.js';
import { CyrusPrograms } from '../containers/cyrus-programs.js';
import { confCase, pathOf, type ConfCase } from '../containers/imapd-conf-files.js';

const FILES = Number(process.env.IMAPD_CONF_FILES ?? 200);
const SEED = Number(process.env.IMAPD_CONF_SEED ?? 20_261_128);

/** Each case in a folder of its own; what Cyrus says is written beside it. */
const ASK = `cd /d && for d in *; do
  cyr_info conf-all -n "$(cat $d/service)" -C /d/$d/0 >$d/out 2>$d/err; echo $? >$d/status
done`;

const CASES = Array.from({ length: FILES }, (_, index) => {
  const [found] = fc.sample(confCase(index), { seed: SEED + index, numRuns: 1 });
  if (found === undefined) throw new Error('no case');
  return found;
});

describe.each(SUITES)('imapd.conf as Cyrus of %s reads it', (suite) => {
  test(`is what we read, in ${FILES} files from seed ${SEED}`, { timeout: 600_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cyrusmapd-conf-'));
    const cyrus = await CyrusPrograms.start(suite, folder);
    try {
      await Promise.all(CASES.map((each, index) => write(folder, index, each)));
      await cyrus.run(ASK);
      const wrong: unknown[] = [];
      let refused = 0;
      for (const [index, each] of CASES.entries()) {
        const said = await read(folder, index);
        const ours = judge(index, each);
        const difference = compare(said, ours);
        if (said.refusal !== undefined) refused++;
        if (difference !== undefined)
          wrong.push({ index, ...difference, files: each.files, service: each.service });
      }
      expect(wrong.slice(0, 3)).toEqual([]);
      // Neither all nor none: else nothing was compared.
      expect(refused).toBeGreaterThan(FILES / 20);
      expect(refused).toBeLessThan(FILES / 2);
    } finally {
      await cyrus.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

async function write(folder: string, index: number, { files, service }: ConfCase): Promise<void> {
  const own = join(folder, String(index));
  await mkdir(own);
  await Promise.all(files.map((text, file) => writeFile(join(own, String(file)), text, 'latin1')));
  await writeFile(join(own, 'service'), service ?? 'none');
}

type Said = { readonly refusal: string | undefined; readonly lines: readonly string[] };

async function read(folder: string, index: number): Promise<Said> {
  const own = join(folder, String(index));
  const [out, err, status] = await Promise.all(
    ['out', 'err', 'status'].map((name) => readFile(join(own, name), 'utf8')),
  );
  const lines = (out ?? '').split('\n');
  return status === '0\n' ? { refusal: undefined, lines } : { refusal: err ?? '', lines };
}

type Ours = {
  readonly refusal: Refusal | undefined;
  readonly values: ReadonlyMap<string, string>;
};

function judge(index: number, { files, service }: ConfCase): Ours {
  let lines: Line[];
  try {
    lines = readSettings(pathOf(index, 0), (path) => {
      const found = files.findIndex((_, file) => path === pathOf(index, file));
      const text = files[found];
      if (text === undefined) throw new Error(`can't open configuration file ${path}`);
      return text;
    });
  } catch (error) {
    return { refusal: { where: { path: '', line: 0 }, what: String(error) }, values: new Map() };
  }
  const conf = imapdConfOf(pathOf(index, 0), lines, service ?? 'none', []);
  const values = new Map([...OPTIONS.keys()].map((name) => [name, shownBy(name, conf.get(name))]));
  for (const line of lines) if ('name' in line) others(values, line.name, line.value, service);
  return { refusal: conf.refusals[0], values };
}

/** What is no option of Cyrus it keeps under the whole name. */
function others(values: Map<string, string>, name: string, value: string, service = 'none'): void {
  const prefix = `${service.toLowerCase()}_`;
  const bare = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  if (!OPTIONS.has(name) && !OPTIONS.has(bare)) values.set(name, value);
}

/** As cyr_info prints it. */
function shownBy(name: string, value: string | undefined): string {
  const type = OPTIONS.get(name)?.type;
  switch (type?.kind) {
    case 'switch':
      return parseSwitch(value ?? 'no') === true ? 'yes' : 'no';
    case 'choice':
      return parseChoice(value ?? '', type) ?? '';
    case 'set': {
      const words = (value ?? '').split(/\s+/);
      return type.words.filter((word) => words.includes(word)).join(' ');
    }
    case 'quota':
    case 'string':
    case undefined:
      return value ?? '';
  }
}

function compare(said: Said, { refusal, values }: Ours): object | undefined {
  // cyr_info dies without a word where a name is empty: what Cyrus would read cannot be seen.
  if (said.refusal === '') return undefined;
  if (said.refusal !== undefined || refusal !== undefined) {
    // An empty name is printed as nothing, and what includes twice is named without its line.
    if (said.refusal === undefined || refusal === undefined) return { said: said.refusal, ours: refusal };
    // A file that is included twice, or is not there, Cyrus names without a line; and a missing one we find before the rest.
    if (/included twice|can't open/.test(said.refusal) || refusal.where.path === '') return undefined;
    const line = Number(/\bline (\d+)/.exec(said.refusal)?.[1] ?? 0);
    return line === refusal.where.line ? undefined : { said: said.refusal, ours: refusal };
  }
  for (const [name, value] of values) {
    if (DIFFERENT_IN_PRINT.has(name)) continue;
    if (!said.lines.includes(`${name}: ${value}`)) {
      return { name, ours: value, said: said.lines.filter((line) => line.startsWith(`${name}:`)) };
    }
  }
  return undefined;
}

/** Unknown to some versions, or printed by each in another way; old names are shown by what they mean. */
const DIFFERENT_IN_PRINT = new Set(['allowstarttls', 'autocreatequota', 'createonpost', 'autocreate_quota']);

// Makes dist/cyrusmapd.js, the one file that is shipped, of what the compiler made and of the packages that it imports, and
// beside it dist/LICENSES.txt with the licence of each of those packages. What is loaded late stays late. Run by `npm run build`.
import { chmod, readFile, readdir, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** What may be shipped with a program under BSD-2-Clause: each asks for its notice, and for nothing more. */
const PERMISSIVE = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0'];

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
const TARGET = join(DIST, 'cyrusmapd.js');

const bundle = await rolldown({ input: join(DIST, 'main.js'), platform: 'node', logLevel: 'warn' });
const { output } = await bundle.write({ file: TARGET, format: 'esm', codeSplitting: false });
await bundle.close();
await chmod(TARGET, 0o755);

const packages = new Set(output.flatMap((chunk) => chunk.moduleIds ?? []).flatMap(packageOf));
const notices = await Promise.all([...packages].toSorted().map(noticeOf));
await writeFile(join(DIST, 'LICENSES.txt'), notices.join(`\n${'-'.repeat(72)}\n\n`));

/** The folder of the package that a module belongs to; none for our own. */
function packageOf(module) {
  const at = module.lastIndexOf(`node_modules${sep}`);
  if (at === -1) return [];
  const [scope, name] = module.slice(at + `node_modules${sep}`.length).split(sep);
  const folder = scope.startsWith('@') ? join(scope, name) : scope;
  return [join(module.slice(0, at), 'node_modules', folder)];
}

async function noticeOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  if (!PERMISSIVE.includes(license)) {
    throw new Error(`${name} ${version} has licence ${license}: must be one of ${PERMISSIVE.join(', ')}`);
  }
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} ${version} has no file with its licence`);
  return `${name} ${version} (${license})\n\n${(await readFile(join(folder, file), 'utf8')).trim()}\n`;
}

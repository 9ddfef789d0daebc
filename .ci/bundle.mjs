// Makes dist/cyrusmapd.js, the one file that is the program, of what the compiler made and of the packages that it imports, and
// dist/LICENSES.txt with the licence of each of those packages. What is loaded late stays late. Beside them dist/client.js and its
// types, dist/client.d.ts: what other programs import, without any package. Run by `npm run build`.
import { chmod, readFile, readdir, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import ts from 'typescript';

/**
 * What may be shipped with a program under BSD-2-Clause: each asks for its notice, and for nothing more; Apache-2.0 also for
 * the package's NOTICE, where it has one.
 */
const PERMISSIVE = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0', 'Apache-2.0'];

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
const PROGRAM = join(DIST, 'cyrusmapd.js');
const CLIENT = 'client/socketmap-client';

const packages = await bundled('main.js', PROGRAM);
await writeFile(PROGRAM, linkable(await readFile(PROGRAM, 'utf8')));
await chmod(PROGRAM, 0o755);
const [more] = await bundled(`${CLIENT}.js`, join(DIST, 'client.js'));
if (more !== undefined) throw new Error(`dist/client.js would hold ${more}: must hold no package`);
await writeFile(join(DIST, 'client.d.ts'), await typesOf(join(ROOT, `src/${CLIENT}.ts`)));
const notices = await Promise.all([...packages].toSorted().map(noticeOf));
await writeFile(join(DIST, 'LICENSES.txt'), notices.join(`\n${'-'.repeat(72)}\n\n`));

/** Writes one file of all that this one leads to. @returns the folders of the packages in it */
async function bundled(name, file) {
  const bundle = await rolldown({ input: join(DIST, name), platform: 'node', logLevel: 'warn' });
  const { output } = await bundle.write({ file, format: 'esm', codeSplitting: false });
  await bundle.close();
  return new Set(output.flatMap((chunk) => chunk.moduleIds ?? []).flatMap(packageOf));
}

/**
 * Takes names out of Node's modules when it runs, not when it is linked: an older Node, which does not have one of them, gets
 * as far as src/commands/node-version.ts, which says what is needed.
 */
function linkable(code) {
  let count = 0;
  return code.replaceAll(/^import \{ (.+) \} from ("node:[\w/]+");$/gm, (_, names, module) => {
    const name = `node$${(count += 1)}`;
    return `import * as ${name} from ${module};\nconst { ${names.replaceAll(' as ', ': ')} } = ${name};`;
  });
}

/** The declarations of a file that says all its types itself. */
async function typesOf(file) {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, isolatedDeclarations: true };
  const source = await readFile(file, 'utf8');
  const { outputText, diagnostics = [] } = ts.transpileDeclaration(source, {
    fileName: file,
    compilerOptions,
    reportDiagnostics: true,
  });
  const wrong = diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
  if (/^(import|export .* from) /m.test(outputText)) wrong.push('they need another file');
  if (wrong.length > 0) throw new Error(`types of ${file}: ${wrong.join('; ')}`);
  return outputText;
}

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

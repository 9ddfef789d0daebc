// The source as the compiler's own parser sees it: files, their imports, and what of the language they use. Reads files.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export type Source = { readonly path: string; readonly text: string; readonly tree: ts.SourceFile };

export type Import = {
  /** `src/daemon/daemon.ts:12`, for who has to find it. */
  readonly at: string;
  readonly from: string;
  readonly specifier: string;
  /** The file that a relative specifier means; another one stays as it is. */
  readonly target: string;
  /** Loaded with the file: no type, and not later by import(). */
  readonly eager: boolean;
};

/** Relative to the root of the repository. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** What git knows of and is there. */
export function trackedFiles(): string[] {
  const list = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' });
  return list.split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path)));
}

/** Every TypeScript file under a folder, without what is compiled there. */
export function readSources(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return entry.name === 'build' ? [] : readSources(path);
      return path.endsWith('.ts') ? [parse(path, readText(path))] : [];
    });
}

export function parse(path: string, text: string): Source {
  return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true) };
}

/** Static, re-exporting and dynamic ones, types too. */
export function importsOf(source: Source): Import[] {
  return nodesOf(source).flatMap((node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return [];
    const { path } = source;
    const target = specifier.text.startsWith('.')
      ? posix.join(posix.dirname(path), specifier.text.replace(/\.js$/, '.ts'))
      : specifier.text;
    const at = placeOf(source, node);
    return [{ at, from: path, specifier: specifier.text, target, eager: isEager(node) }];
  });
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  const dynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return dynamic ? node.arguments[0] : undefined;
}

function isEager(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) return node.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword;
  return ts.isExportDeclaration(node) && !node.isTypeOnly;
}

/** What the language offers and we do without: a line for each use. */
export function unwantedIn(source: Source): string[] {
  return nodesOf(source).flatMap((node) => {
    const what = nameOfUnwanted(node);
    return what === undefined ? [] : [`${placeOf(source, node)}: ${what}`];
  });
}

function nameOfUnwanted(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AnyKeyword) return 'any';
  if (ts.isNonNullExpression(node)) return 'non-null !';
  if ((ts.isPropertyDeclaration(node) || ts.isVariableDeclaration(node)) && node.exclamationToken) {
    return 'definite !';
  }
  if (ts.isExportAssignment(node) || node.kind === ts.SyntaxKind.DefaultKeyword) {
    return isOfSwitch(node) ? undefined : 'default export';
  }
  if (ts.isEnumDeclaration(node)) return 'enum';
  if (ts.isModuleDeclaration(node)) return 'namespace';
  return ts.isDecorator(node) ? 'decorator' : undefined;
}

function isOfSwitch(node: ts.Node): boolean {
  return node.parent !== undefined && ts.isDefaultClause(node.parent);
}

/** `path:line: the line` for each that matches. */
export function linesWith(path: string, text: string, pattern: RegExp): string[] {
  return text
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}

export function placeOf({ path, tree }: Source, node: ts.Node): string {
  return `${path}:${tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1}`;
}

export function nodesOf({ tree }: Source): ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return nodes;
}

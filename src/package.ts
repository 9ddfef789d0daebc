// Where the files of the package are, and its version: one place, directly below src/, since in the shipped file everything
// stands in dist/, one level below package.json too. Reads package.json.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @param path relative to package.json */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/** As package.json has it, such as `0.1.0`. */
export function packageVersion(): string {
  return /"version": "([^"]+)"/.exec(readFileSync(packageFile('package.json'), 'utf8'))?.[1] ?? 'unknown';
}

// Where the files of the package are, and its version: one place, directly below src/, since in the shipped file everything
// stands in dist/, one level below package.json too. Reads package.json, looks at its own file.
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @param path relative to package.json */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

let version: string | undefined;

/** As package.json has it, such as `0.1.0`: read once, since that file is another one after an upgrade. */
export function packageVersion(): string {
  version ??=
    /"version": "([^"]+)"/.exec(readFileSync(packageFile('package.json'), 'utf8'))?.[1] ?? 'unknown';
  return version;
}

/** Which file the program is read from now: after an upgrade it is another one, though the version may be the same. */
export function programFile(): string {
  const found = statSync(fileURLToPath(import.meta.url), { throwIfNoEntry: false });
  return found === undefined ? 'gone' : `${found.ino} ${found.mtimeMs}`;
}

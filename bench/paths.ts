// The paths of what the bench measures and compiles, which are the same from bench/ and from bench/build/. No I/O, except that it
// looks for package.json.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = rootAbove(dirname(fileURLToPath(import.meta.url)));
export const SOURCES = join(ROOT, 'bench');
export const BUILD = join(ROOT, 'bench', 'build');
/** The compiled programs of this folder. */
export const PROGRAMS = join(BUILD, 'bench');
/** Another release may be measured instead. */
export const DAEMON = process.env['BENCH_DAEMON'] ?? join(ROOT, 'dist', 'cyrusmapd.js');

function rootAbove(folder: string): string {
  if (existsSync(join(folder, 'package.json')) || folder === dirname(folder)) return folder;
  return rootAbove(dirname(folder));
}

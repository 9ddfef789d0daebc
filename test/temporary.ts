// One folder for all temporary files of a run, below that of the machine: it is removed when the run ends, with whatever a test left
// there that was killed, and what was left is told. Workers and the programs that tests start inherit it by TMPDIR. Makes that folder.
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Does nothing where it was done before in this process. */
export function useOneTemporaryFolder(): void {
  if (process.env['TESTS_TMPDIR'] === tmpdir()) return;
  // Short, since the path of a UNIX socket is.
  const folder = mkdtempSync(join(tmpdir(), 't-'));
  // As /tmp itself: some tests run programs as another user, which make files there.
  chmodSync(folder, 0o1777);
  process.env['TMPDIR'] = folder;
  process.env['TESTS_TMPDIR'] = folder;
  process.once('exit', () => {
    const left = readdirSync(folder);
    rmSync(folder, { recursive: true, force: true });
    if (left.length > 0) console.error(`left behind by tests, and removed now: ${left.join(', ')}`);
  });
}

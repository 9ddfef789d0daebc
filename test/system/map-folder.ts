// A folder for the daemon's socket that passes Sendmail's safefile(): nobody but its owner may write there.

import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function makeMapFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cyrusmapd-'));
  await chmod(folder, 0o755);
  return folder;
}

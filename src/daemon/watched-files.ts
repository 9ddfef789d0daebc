// Which files a configuration was made of that change without a signal: imapd.conf and what it includes, passwords,
// certificates and the addresses that are always accepted. A list looks after itself. Asks stat(2) for them, and reads nothing.
import type { BackchannelConfig, Config } from '../config/config.js';
import { stateOf } from '../net/file-watch.js';
import type { FileStamp } from '../net/stable-file.js';

/** As they were when they were read; those that are still to be read, as they are now, so that no change is missed. */
export async function filesOf({
  host,
  backchannels,
  lookup,
}: Config): Promise<Map<string, FileStamp | undefined>> {
  const files = new Map<string, FileStamp | undefined>(host?.files.map((file) => [file.path, file]));
  const named = backchannels.flatMap(accessFilesOf);
  if (lookup.alwaysAcceptFile !== undefined) named.push(lookup.alwaysAcceptFile);
  for (const path of named) files.set(path, await stateOf(path));
  return files;
}

function accessFilesOf(backchannel: BackchannelConfig): string[] {
  if (backchannel.type === 'list') return [];
  const { login, tls } = backchannel;
  const named = [login?.passwordFile, tls?.caFile, tls?.clientCert, tls?.clientKey];
  return named.filter((path) => path !== undefined);
}

// Which files of a configuration may change without a signal, and are watched for that: imapd.conf and what it includes, passwords,
// certificates, the addresses that are always accepted. A list watches its own file. Asks stat(2) for them, and reads nothing.
import type { BackchannelConfig, Config } from '../config/config.js';
import { stateOf } from '../net/file-watch.js';
import type { FileStamp } from '../net/stable-file.js';

/** Of what is needed to be let in somewhere. */
type AccessPaths = Partial<
  Record<'passwordFile' | 'caFile' | 'clientCert' | 'clientKey', string | undefined>
>;

/** Each as it was when it was read; one that has yet to be read, as it is now, so that no change is missed. */
export async function filesOf({
  host,
  backchannels,
  lookup,
  fleet,
}: Config): Promise<Map<string, FileStamp | undefined>> {
  const files = new Map<string, FileStamp | undefined>(host?.files.map((file) => [file.path, file]));
  const named = backchannels.flatMap(accessFilesOf);
  if (fleet !== undefined) named.push(...namedOf(fleet));
  if (lookup.alwaysAcceptFile !== undefined) named.push(lookup.alwaysAcceptFile);
  for (const path of named) files.set(path, await stateOf(path));
  return files;
}

function accessFilesOf(backchannel: BackchannelConfig): string[] {
  if (backchannel.type === 'list') return [];
  return namedOf({ ...backchannel.tls, passwordFile: backchannel.login?.passwordFile });
}

function namedOf({ passwordFile, caFile, clientCert, clientKey }: AccessPaths): string[] {
  return [passwordFile, caFile, clientCert, clientKey].filter((path) => path !== undefined);
}

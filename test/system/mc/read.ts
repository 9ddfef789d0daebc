// Reads a sendmail.mc of the tests and puts the daemon's socketmap in the place of @PATH@, @TYPE@ and @SOCKETMAP@.

import { readFile } from 'node:fs/promises';

/** `endpoint` in Sendmail's notation: `local:/path` or `inet:PORT@HOST`. */
export async function readMc(name: string, endpoint: string): Promise<string> {
  const colon = endpoint.indexOf(':');
  const text = await readFile(new URL(name, import.meta.url), 'utf8');
  return text
    .replaceAll('@TYPE@', endpoint.slice(0, colon))
    .replaceAll('@PATH@', endpoint.slice(colon + 1))
    .replaceAll('@SOCKETMAP@', endpoint);
}

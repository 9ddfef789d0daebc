// `cyrusmapd lookup`: asks a running daemon as Sendmail does, and prints its reply.
import { parseEndpoint } from '../endpoint.js';
import { SocketmapClient } from '../socketmap/client.js';
import { exitStatusOfReply } from './exit-status.js';
import { keyOfArgument, print, printable } from './terminal.js';

export type LookupOptions = { readonly map: string; readonly server: string };

/** @returns the exit status */
export async function lookup(argument: string, options: LookupOptions): Promise<number> {
  const endpoint = parseEndpoint(options.server, '--server');
  const client = await SocketmapClient.connect(endpoint);
  try {
    const reply = await client.lookup(keyOfArgument(options.map), keyOfArgument(argument));
    print(printable(`${reply.status} ${reply.text}`));
    return exitStatusOfReply(reply.status);
  } finally {
    client.close();
  }
}

// `cyrusmapd lookup`: asks a running daemon as Sendmail does, and prints its reply.
import { BUILT_IN_ENDPOINT } from '../config/built-in.js';
import { ConfigError } from '../errors.js';
import { parseEndpoint, type Endpoint } from '../net/endpoint.js';
import { SocketmapConnection } from '../socketmap/client.js';
import { endpointOfFlag } from './control.js';
import { exitStatusOfReply } from './exit-status.js';
import { keyOfArgument, print, printable } from './terminal.js';

export type LookupOptions = {
  readonly map: string;
  readonly server?: string;
  readonly config?: string;
  readonly demo?: boolean;
};

/** @returns the exit status */
export async function lookup(argument: string, options: LookupOptions): Promise<number> {
  const client = await SocketmapConnection.connect(await endpointOf(options));
  try {
    const reply = await client.lookup(keyOfArgument(options.map), keyOfArgument(argument));
    print(printable(`${reply.status} ${reply.text}`));
    return exitStatusOfReply(reply.status);
  } finally {
    client.close();
  }
}

/** A daemon answers the same wherever it listens, so any of its listeners will do. */
async function endpointOf({ server, map: _, ...flags }: LookupOptions): Promise<Endpoint> {
  if (server !== undefined) return endpointOfFlag('--server', server);
  if (flags.demo === true) return parseEndpoint(BUILT_IN_ENDPOINT);
  const { loadEndpoints } = await import('../config/load.js');
  const [first] = (await loadEndpoints(flags)).listen;
  if (first === undefined) throw new ConfigError('socketmap.listen is empty');
  return first;
}

// Who may ask over TCP: a list of networks that a peer's address is judged by. No I/O.
import { BlockList, isIPv4 } from 'node:net';
import type { Network } from './network.js';
import { formatEndpoint, isLocal, type Endpoint } from './endpoint.js';
import { ConfigError } from '../errors.js';

export class NetworkList {
  /** Node calls it a block list, after its usual purpose. Here it holds who may ask: it only tells whether an address is in it. */
  readonly #networks = new BlockList();

  constructor(networks: readonly Network[]) {
    for (const { address, prefix, family } of networks) this.#networks.addSubnet(address, prefix, family);
  }

  /** @param address as `Socket.remoteAddress` writes it; Node judges an IPv4-mapped one (RFC 4291 2.5.5.2) as IPv4 */
  has(address: string): boolean {
    const unscoped = address.replace(/%.*$/, '');
    return this.#networks.check(unscoped, isIPv4(unscoped) ? 'ipv4' : 'ipv6');
  }
}

const SOCKETMAP_KEYS = { listen: 'socketmap.listen', allow: 'socketmap.allow' };

/**
 * Whoever can ask may learn which mailboxes exist, so a listener that more than this machine can reach has to
 * say who may.
 * @param keys of the configuration, for the words
 * @throws ConfigError naming the listener
 */
export function requireAllowList(
  endpoints: readonly Endpoint[],
  allow: readonly Network[],
  keys: { readonly listen: string; readonly allow: string } = SOCKETMAP_KEYS,
): void {
  if (allow.length > 0) return;
  const open = endpoints.find((endpoint) => !isLocal(endpoint));
  if (open === undefined) return;
  throw new ConfigError(
    `${keys.listen} has ${formatEndpoint(open)}: beyond this machine it needs ${keys.allow}, the networks that may ask`,
  );
}

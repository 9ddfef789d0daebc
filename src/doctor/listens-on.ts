// Whether a listen= of cyrus.conf(5) is the endpoint that we ask: a path, `port`, `host:port` or `[address]:port`. No I/O.
import type { Endpoint } from '../net/endpoint.js';

/** Names of ports that Cyrus' own samples use. */
const PORTS: ReadonlyMap<string, number> = new Map([
  ['imap', 143],
  ['imaps', 993],
  ['lmtp', 24],
]);

export function listensOn(listen: string, endpoint: Endpoint): boolean {
  if (endpoint.kind === 'unix') return listen === endpoint.path;
  const colon = listen.lastIndexOf(':');
  const port = listen.slice(colon + 1);
  if ((PORTS.get(port) ?? (/^\d+$/.test(port) ? Number(port) : undefined)) !== endpoint.port) return false;
  if (colon === -1) return true;
  const host = listen.slice(0, colon).replace(/^\[/, '').replace(/\]$/, '');
  return host === endpoint.host || endpoint.host === 'localhost';
}

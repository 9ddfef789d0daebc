// Endpoints in Sendmail's notation: `unix:/path`, `local:/path`, `inet:PORT@HOST`, `inet6:PORT@HOST`.
// Defined by Sendmail's doc/op/op.me, "Xname" (milter sockets), which its socket maps share. No I/O.
import { isIPv6 } from 'node:net';
import { ConfigError } from '../errors.js';

export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'inet' | 'inet6'; readonly host: string; readonly port: number };

/** sun_path holds 104 bytes on FreeBSD (sys/un.h) and 108 on Linux, each with the closing NUL. */
export const SOCKET_PATH_MAX_BYTES = 103;

const ALLOWED = 'unix:/path, local:/path, inet:PORT@HOST or inet6:PORT@HOST';

/**
 * Reads an endpoint. Port 0 (any free port) is allowed: a listener logs the port it got.
 * @param name what the text configures, for the error
 * @throws ConfigError naming the text and what is allowed
 */
export function parseEndpoint(text: string, name = 'endpoint'): Endpoint {
  const colon = text.indexOf(':');
  const kind = text.slice(0, colon === -1 ? 0 : colon);
  const rest = text.slice(colon + 1);
  if (kind === 'unix' || kind === 'local') return unixEndpoint(text, rest, name);
  if (kind === 'inet' || kind === 'inet6') return inetEndpoint(kind, text, rest, name);
  throw new ConfigError(`${name} is ${JSON.stringify(text)}: must be ${ALLOWED}`);
}

/** Writes an endpoint as Sendmail would read it. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix:${endpoint.path}`;
  return `${endpoint.kind}:${endpoint.port}@${endpoint.host}`;
}

/** Whether only processes of this machine can reach it: a UNIX socket, 127.0.0.0/8, ::1 or localhost. */
export function isLocal(endpoint: Endpoint): boolean {
  if (endpoint.kind === 'unix') return true;
  const { host } = endpoint;
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function unixEndpoint(text: string, path: string, name: string): Endpoint {
  if (!path.startsWith('/')) {
    throw new ConfigError(`${name} is ${JSON.stringify(text)}: the path of a UNIX socket must begin with /`);
  }
  const bytes = Buffer.byteLength(path);
  if (bytes > SOCKET_PATH_MAX_BYTES) {
    throw new ConfigError(
      `${name} has a path of ${bytes} bytes: a UNIX socket's path has ${SOCKET_PATH_MAX_BYTES} at most`,
    );
  }
  if (path.includes('\0')) throw new ConfigError(`${name} has a NUL in its path: not allowed`);
  return { kind: 'unix', path };
}

function inetEndpoint(kind: 'inet' | 'inet6', text: string, rest: string, name: string): Endpoint {
  const at = rest.indexOf('@');
  const port = at === -1 ? '' : rest.slice(0, at);
  const host = rest.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) {
    throw new ConfigError(
      `${name} is ${JSON.stringify(text)}: must be ${kind}:PORT@HOST with a port from 0 to 65535`,
    );
  }
  if (host === '' || /[\s@/]/.test(host)) {
    throw new ConfigError(`${name} is ${JSON.stringify(text)}: must name a host after the @`);
  }
  if (kind === 'inet' && isIPv6(host)) {
    throw new ConfigError(`${name} is ${JSON.stringify(text)}: an IPv6 address needs inet6:`);
  }
  return { kind, host, port: Number(port) };
}

// The target of an HTTP request (RFC 9112 section 3.2.1): a path and its query. No I/O.

/** @returns undefined where the target is no path. The host name in it is made up, since the parser needs one */
export function parseTarget(target: string | undefined): URL | undefined {
  if (target?.startsWith('/') !== true) return undefined;
  try {
    return new URL(`http://admin${target}`);
  } catch {
    return undefined;
  }
}

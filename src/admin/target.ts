// The target of an HTTP request (RFC 9112 section 3.2.1): a path and its query. No I/O.

/** The base is needed by the parser and never looked at; @returns undefined where it is no path */
export function parseTarget(target: string | undefined): URL | undefined {
  if (target?.startsWith('/') !== true) return undefined;
  try {
    return new URL(`http://admin${target}`);
  } catch {
    return undefined;
  }
}

// Whether two processes of one user may listen on the same TCP port (SO_REUSEPORT, which the runtime has since 22.12 and
// 23.1): only so can a port pass from one to the other without a gap. No I/O.

const NEEDED: readonly (readonly [major: number, minor: number])[] = [
  [22, 12],
  [23, 1],
];

/** What it takes, for messages. */
export const SHARED_PORTS_NEED = 'Node.js 22.12 or newer, on Linux or FreeBSD';

/** @param version such as `22.12.0` */
export function sharesPorts(version: string, platform: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const since = NEEDED.find(([of]) => of === major)?.[1];
  const there = since === undefined ? major >= 24 : minor >= since;
  return there && (platform === 'linux' || platform === 'freebsd');
}

export const SHARES_PORTS = sharesPorts(process.versions.node, process.platform);

// Whether Postfix' own user may use our socket: smtpd runs as it, while whoever looks a host over is root, to whom every
// socket answers. No I/O.
import type { Identity, PostfixPicture } from './ask-postfix.js';
import type { Finding } from './finding.js';
import type { Access, SocketPath } from './picture.js';
import type { SocketMap } from './postfix-conf.js';

const WRITE = 0o2;
const SEARCH = 0o1;

export function checkAccess(
  { identity, path: mainCf }: PostfixPicture,
  maps: readonly SocketMap[],
  sockets: readonly SocketPath[],
): Finding[] {
  if (identity === undefined) return [];
  // Within its chroot smtpd sees only the end of the path.
  const asked = sockets.filter(({ path }) =>
    maps.some((map) => map.path !== undefined && path.endsWith(map.path)),
  );
  return asked.flatMap((socket): Finding[] => {
    if (socket.file !== 'socket') return [];
    const closed = socket.folders.find((folder) => !may(identity, folder, SEARCH));
    if (closed !== undefined) {
      return [
        {
          check: 'postfix.folder',
          severity: 'error',
          where: closed.path,
          what: `${identity.name}, as whom smtpd runs, may not search ${closed.path}, on the way to ${socket.path}`,
          why: 'each lookup is a 451: Permission denied',
          mend: `chmod o+x ${closed.path}`,
        },
      ];
    }
    if (may(identity, socket, WRITE)) return [];
    return [
      {
        check: 'postfix.group',
        severity: 'error',
        where: socket.path,
        what: `${identity.name}, as whom smtpd runs, may not write to ${socket.path}, which ${mainCf} names`,
        why: 'each lookup is a 451: Permission denied',
        mend:
          `in cyrusmapd.toml, [socketmap]: socket_group = "${identity.name}"; ` +
          'in cyrusmapd.toml, [socketmap]: socket_mode = "0660"; then service cyrusmapd restart',
      },
    ];
  });
}

/** Decided as the kernel does: the first of owner, group and others that fits the user counts. */
function may({ uid, groups }: Identity, file: Access, bit: number): boolean {
  if (uid === 0) return true;
  if (uid === file.uid) return (file.mode & (bit << 6)) !== 0;
  if (groups.includes(file.gid)) return (file.mode & (bit << 3)) !== 0;
  return (file.mode & bit) !== 0;
}

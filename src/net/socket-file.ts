// The file of a UNIX socket: who may open it, and whose it is. A left-over one is removed, a live one never; ours
// appears under its name only when it is listening, with its owner and mode. File system and one probing connect().
import { randomInt } from 'node:crypto';
import { lchownSync, linkSync, lstatSync, mkdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SOCKET_PATH_MAX_BYTES } from './endpoint.js';
import { ConfigError, UnavailableError, codeOf, messageOf } from '../errors.js';
import { groupId, userId } from './accounts.js';

export type SocketFileRules = {
  /** The table of the configuration that errors name; `socketmap` by default. */
  readonly section?: string;
  /** A name or a number; where it is undefined, the file belongs to whom the process runs as. */
  readonly socketOwner: string | undefined;
  readonly socketGroup: string | undefined;
  readonly socketMode: number;
};

export const DEFAULT_SOCKET_FILE_RULES: SocketFileRules = Object.freeze({
  socketOwner: undefined,
  socketGroup: undefined,
  socketMode: 0o660,
});

/**
 * Which file it is. The inode's number alone is not enough, since the next file to be made often gets the number of the one
 * removed last. A file whose owner or mode was changed meanwhile is taken for another one and left there: that does no harm.
 */
export type FileIdentity = { readonly ino: bigint; readonly dev: bigint; readonly ctimeNs: bigint };

/** `/.abcd/s`, in the folder of the socket. */
const BOUND_BYTES = 8;

const PROBES = 3;
const PROBE_PAUSE_MS = 50;

/**
 * A name to bind it to, in a folder of its own beside it. The runtime removes the file that it bound to when it stops
 * listening, whoever owns it then: this name is gone by that time.
 * @throws ConfigError where it would be too long
 */
export function nameToBind(path: string): string {
  const folder = dirname(path);
  const bytes = Buffer.byteLength(folder);
  const longest = SOCKET_PATH_MAX_BYTES - BOUND_BYTES;
  if (bytes > longest) {
    throw new ConfigError(
      `listening on unix:${path}, in a folder whose path has ${bytes} bytes: must have ${longest} at most`,
    );
  }
  const name = randomInt(36 ** 4)
    .toString(36)
    .padStart(4, '0');
  return join(folder, `.${name}`, 's');
}

/** Makes the folder for such a name, which nobody but this user can enter. */
export function makeFolderFor(bound: string): void {
  withMode(0o700, () => mkdirSync(dirname(bound)));
}

/** Removes that folder with whatever is left in it. */
export function removeFolderOf(bound: string): void {
  rmSync(dirname(bound), { recursive: true, force: true });
}

/**
 * Runs what creates a file so that it has this mode from the first moment on, whatever the umask. It is not changed
 * afterwards: chmod(2) goes by the name, and another file could have it by then.
 */
export function withMode(mode: number, create: () => void): void {
  const umask = process.umask(0o777 & ~mode);
  try {
    create();
  } finally {
    process.umask(umask);
  }
}

/**
 * A symbolic link in its place would be given away itself, and not what it leads to.
 * @throws ConfigError where there is no such user or group, or this process may not give the file to them
 */
export function giveAway(file: string, rules: SocketFileRules): void {
  const { section = 'socketmap', socketOwner, socketGroup } = rules;
  const uid = socketOwner === undefined ? -1 : userId(socketOwner, section);
  const gid = socketGroup === undefined ? -1 : groupId(socketGroup, section);
  if (uid === -1 && gid === -1) return;
  try {
    lchownSync(file, uid, gid);
  } catch (error) {
    const wanted = `${socketOwner ?? ''}:${socketGroup ?? ''}`;
    throw new ConfigError(`${section}.socket_owner and socket_group are ${wanted}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * Gives a listening socket its name. link(2) never replaces a file, so of two daemons that start at once, one gets it.
 * @throws UnavailableError where another was faster
 */
export function publish(bound: string, path: string): FileIdentity {
  try {
    linkSync(bound, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    throw new UnavailableError(`unix:${path} is in use: another process listens there`, { cause: error });
  }
  unlinkSync(bound);
  return lstatSync(path, { bigint: true });
}

/** @throws UnavailableError where somebody listens there, or it is no socket */
export async function removeLeftOver(path: string): Promise<void> {
  statSync(dirname(path)); // bind() itself would be told EACCES by the runtime where the folder is missing
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new UnavailableError(`unix:${path} cannot be opened: the file is no socket and is not replaced`);
  }
  if (await isLive(path)) throw new UnavailableError(`unix:${path} is in use: another process listens there`);
  removeIfSame(path, found);
}

/** @returns whether a socket is there on which somebody listens */
export async function isInUse(path: string): Promise<boolean> {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return found?.isSocket() === true && (await isLive(path));
}

/** Removes that file, but not the one of a daemon that took the name since. */
export function removeIfSame(path: string, file: FileIdentity): void {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return;
  const same = found.ino === file.ino && found.dev === file.dev && found.ctimeNs === file.ctimeNs;
  if (same) unlinkSync(path);
}

/**
 * Dead is only what refuses. EAGAIN is a full backlog, EACCES may be anything: both count as live. FreeBSD refuses for
 * a full backlog too, and any system between bind() and listen(): so it is asked again, after a pause.
 */
async function isLive(path: string): Promise<boolean> {
  for (let probe = 0; probe < PROBES; probe++) {
    if (probe > 0) await sleep(PROBE_PAUSE_MS);
    if (await accepts(path)) return true;
  }
  return false;
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      const code = codeOf(error);
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}

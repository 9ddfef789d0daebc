// Does what a start would do, except listening: reads every file that the configuration names, and looks whether the user who runs
// this could make the sockets, the log and the state file. With `connect` it also asks each Cyrus one question, logged in as the
// daemon would be. Changes nothing.
import { accessSync, constants, existsSync, lstatSync, statSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import { isIP } from 'node:net';
import { readAlwaysAccept } from '../backchannels/always-accept.js';
import { buildBackchannels, type Backchannels } from '../backchannels/build.js';
import type { Config } from '../config/config.js';
import { messageOf } from '../errors.js';
import { silentLog } from '../log/log.js';
import { groupId, userId } from '../net/accounts.js';
import { formatEndpoint, type Endpoint } from '../net/endpoint.js';
import { requirePrivateFolder } from '../net/private-folder.js';
import { nameToBind, type SocketFileRules } from '../net/socket-file.js';
import { parseKey } from '../validation/recipient.js';

/** A mailbox name cannot have a `%`: so, whatever the settings of Cyrus are, asking about this one creates nothing. */
const NOBODY = 'cyrusmapd%check';

/** @returns what is wrong, a sentence each; empty where the daemon would start */
export async function rehearse(config: Config, connect: boolean): Promise<string[]> {
  const { socketmap, policy, events, admin, log, cache } = config;
  const problems = [
    ...socketmap.listen.flatMap((endpoint) => listenerProblems('socketmap', endpoint, socketmap)),
    ...policy.listen.flatMap((endpoint) => listenerProblems('policy', endpoint, policy)),
    ...policy.listen.flatMap((endpoint) => openFolderProblems('policy.listen has', endpoint)),
    ...(events === undefined ? [] : listenerProblems('events', events.listen, events)),
    ...socketmap.listen.flatMap((endpoint) => openFolderProblems('socketmap.listen has', endpoint)),
    ...(events === undefined ? [] : openFolderProblems('events.listen is', events.listen)),
    ...[admin.listen, admin.http].flatMap((endpoint) =>
      endpoint === undefined ? [] : listenerProblems('admin', endpoint, { ...admin, socketOwner: undefined }),
    ),
    ...(log.file === undefined ? [] : fileProblems('log.file', log.file, 'or a FIFO')),
    ...(cache.stateFile === undefined ? [] : fileProblems('cache.state_file', cache.stateFile)),
  ];
  try {
    await readAlwaysAccept(config);
    const backchannels = await buildBackchannels(config, { log: silentLog, now, random: Math.random });
    if (connect) problems.push(...(await questionProblems(config, backchannels)));
    await Promise.all(backchannels.probes.map((probe) => probe.close()));
  } catch (error) {
    problems.push(messageOf(error));
  }
  return problems;
}

function listenerProblems(table: string, endpoint: Endpoint, rules: SocketFileRules): string[] {
  const key = `${table}.listen has ${formatEndpoint(endpoint)}`;
  if (endpoint.kind !== 'unix') {
    const { host } = endpoint;
    const ours = Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address));
    const anywhere = host === '0.0.0.0' || host === '::';
    return isIP(host) === 0 || anywhere || ours.includes(host)
      ? []
      : [`${key}: must be an address of this machine`];
  }
  const { path } = endpoint;
  const found = lstatSync(path, { throwIfNoEntry: false });
  const taken = found !== undefined && !found.isSocket();
  return [
    ...problemOf(() => nameToBind(path)),
    ...folderProblems(key, path),
    ...(taken ? [`${key}: the file is no socket and is not replaced`] : []),
    ...accountProblems(table, rules),
  ];
}

/** Whether the daemon may give its socket to them: only root can give files away. */
function accountProblems(table: string, { socketOwner, socketGroup }: SocketFileRules): string[] {
  const root = process.getuid?.() === 0;
  const groups = [process.getgid?.(), ...(process.getgroups?.() ?? [])];
  const problem = (key: string, name: string, id: () => number, may: (id: number) => boolean): string[] => {
    const what = `${table}.${key} is ${JSON.stringify(name)}`;
    try {
      const number = id();
      return root || may(number) ? [] : [`${what}: must be one that this user may give files to`];
    } catch (error) {
      return [messageOf(error).replace(/^socketmap\.\w+ is "[^"]*"/, what)];
    }
  };
  return [
    ...(socketOwner === undefined
      ? []
      : problem(
          'socket_owner',
          socketOwner,
          () => userId(socketOwner),
          (id) => id === process.getuid?.(),
        )),
    ...(socketGroup === undefined
      ? []
      : problem(
          'socket_group',
          socketGroup,
          () => groupId(socketGroup),
          (id) => groups.includes(id),
        )),
  ];
}

/** @param also what may be there instead of a regular file */
function fileProblems(key: string, path: string, also?: string): string[] {
  const what = `${key} is ${JSON.stringify(path)}`;
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return folderProblems(what, path);
  if (!found.isFile() && (also === undefined || !(found.isFIFO() || found.isCharacterDevice())))
    return [`${what}: must be a regular file${also === undefined ? '' : ` ${also}`}`];
  return may(path, constants.W_OK) ? [] : [`${what}: this user may not write it`];
}

function folderProblems(what: string, path: string): string[] {
  const folder = dirname(path);
  try {
    if (!statSync(folder).isDirectory()) return [`${what}: ${folder} is no folder`];
  } catch (error) {
    return [`${what}: ${messageOf(error)}`];
  }
  return may(folder, constants.W_OK | constants.X_OK)
    ? []
    : [`${what}: this user may not write to ${folder}`];
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

async function questionProblems(config: Config, { probes }: Backchannels): Promise<string[]> {
  const nobody = parseKey(NOBODY, config.lookup.addressRules);
  if (nobody.kind !== 'recipient') return [];
  const asked = probes.map(async (probe) => {
    try {
      await probe.check(nobody.recipient, now() + config.lookup.deadlineMs);
      return [];
    } catch (error) {
      return [`backchannel.${probe.name} cannot be asked: ${messageOf(error)}`];
    }
  });
  return (await Promise.all(asked)).flat();
}

function problemOf(work: () => unknown): string[] {
  try {
    work();
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}

function now(): number {
  return performance.now();
}

/** Where the folder is not there, listenerProblems() tells. */
function openFolderProblems(what: string, endpoint: Endpoint): string[] {
  if (endpoint.kind !== 'unix' || !existsSync(dirname(endpoint.path))) return [];
  return problemOf(() => requirePrivateFolder(`${what} ${formatEndpoint(endpoint)}`, endpoint.path));
}

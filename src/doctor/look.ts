// Looks at a host's files and programs, and changes nothing. What is not there is not judged; what is there and
// cannot be read is told of. Sockets are asked in ask.ts.
import { execFile } from 'node:child_process';
import { realpathSync, statSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../config/config.js';
import { lmtpServices, type CyrusConf } from '../cyrus/conf/cyrus-conf.js';
import type { ImapdConf } from '../cyrus/conf/imapd-conf.js';
import {
  CYRUS_CONF_PLACES,
  findConf,
  IMAPD_CONF_PLACES,
  readCyrusConf,
  readImapdConf,
} from '../cyrus/conf/read-files.js';
import { messageOf } from '../errors.js';
import { askPostfix } from './ask-postfix.js';
import { Files } from './files.js';
import type { Unseen } from './finding.js';
import { parseLmdbData, parseLmdbLock } from '../cyrus/sasldb/lmdb.js';
import { SASLDB_PLACES } from '../cyrus/sasldb/readers.js';
import { listensOn } from './listens-on.js';
import { runProgram } from './run-program.js';
import { lookAtSendmail, type SendmailPlaces } from './look-sendmail.js';
import type { Access, Picture, Sasldb, SocketPath } from './picture.js';

/** Where things are: given by flags, else the first that exists. */
export type Places = SendmailPlaces & {
  readonly imapdConf?: string;
  readonly cyrusConf?: string;
};

/** FreeBSD's ports first, then Debian's packages. */
const USUAL = {
  saslConf: [
    '/usr/local/lib/sasl2/Sendmail.conf',
    '/usr/lib/sasl2/Sendmail.conf',
    '/etc/sasl2/Sendmail.conf',
  ],
} as const;

const PROGRAM_TIMEOUT_MS = 10_000;
/** Room for the two meta pages, at the largest page size of LMDB. */
const LMDB_HEAD_BYTES = 2 * 65_536;

const execute = promisify(execFile);

export type Seen = Omit<
  Picture,
  'config' | 'running' | 'fleet' | 'listeners' | 'backchannels' | 'postmasters' | 'sendmailSaid'
>;

export async function look(config: Config, places: Places): Promise<Seen> {
  const unseen: Unseen[] = [];
  const files = new Files(unseen);
  const saslConf = files.first(undefined, USUAL.saslConf);
  const sendmail = await lookAtSendmail(files, places, unseen);
  const cyrusConf = await lookAtConf(places.cyrusConf, CYRUS_CONF_PLACES, unseen, readCyrusConf);
  const imapdConf = await lookAtImapd(places, cyrusConf, config, unseen);
  return {
    sendmail,
    imapdConf,
    cyrusConf,
    postfix: sendmail === undefined ? await askPostfix(runProgram, unseen) : undefined,
    saslConf:
      saslConf === undefined
        ? undefined
        : { path: saslConf.path, passwordCheck: saslOption(saslConf.text, 'pwcheck_method') },
    sockets: config.socketmap.listen.flatMap((each) =>
      each.kind === 'unix' ? [lookAtSocket(files, each.path)] : [],
    ),
    sasldb: await lookAtSasldb(files, imapdConf),
    unseen,
  };
}

/** Reads imapd.conf as the lmtpd does that we ask, or the first one in cyrus.conf. */
function lookAtImapd(
  places: Places,
  cyrusConf: CyrusConf | undefined,
  config: Config,
  unseen: Unseen[],
): Promise<ImapdConf | undefined> {
  const services = cyrusConf === undefined ? [] : lmtpServices(cyrusConf);
  const asked = services.find(({ listen }) =>
    config.backchannels.some((each) => each.type === 'lmtp' && listensOn(listen, each.endpoint)),
  );
  const service = asked ?? services[0];
  return lookAtConf(places.imapdConf ?? service?.imapdConf, IMAPD_CONF_PLACES, unseen, (path) =>
    readImapdConf(path, service?.name),
  );
}

/** @param named where it should be; else the first of `usual` */
async function lookAtConf<Conf>(
  named: string | undefined,
  usual: readonly string[],
  unseen: Unseen[],
  read: (path: string) => Promise<Conf>,
): Promise<Conf | undefined> {
  const path = named === undefined ? findConf(usual) : resolve(named);
  if (path === undefined) return undefined;
  try {
    return await read(path);
  } catch (error) {
    unseen.push({ what: path, why: messageOf(error) });
    return undefined;
  }
}

function lookAtSocket(files: Files, path: string): SocketPath {
  const stat = files.lstat(path);
  return { path, file: kindOf(stat), ...accessOf(stat), folders: foldersTo(path) };
}

function kindOf(stat: Stats | undefined): SocketPath['file'] {
  if (stat === undefined) return 'missing';
  if (stat.isSymbolicLink()) return 'link';
  return stat.isSocket() ? 'socket' : 'other';
}

function accessOf(stat: Stats | undefined): Access {
  return { mode: stat?.mode ?? 0, uid: stat?.uid ?? 0, gid: stat?.gid ?? 0 };
}

function foldersTo(path: string): SocketPath['folders'] {
  const folders: (Access & { path: string })[] = [];
  try {
    for (let folder = realpathSync(dirname(path)); ; folder = dirname(folder)) {
      folders.unshift({ path: folder, ...accessOf(statSync(folder)) });
      if (folder === dirname(folder)) return folders;
    }
  } catch {
    // The folder is not there: then no daemon listens in it, which is a finding of its own.
    return folders;
  }
}

async function lookAtSasldb(files: Files, imapdConf: ImapdConf | undefined): Promise<Sasldb | undefined> {
  const saslConf = files.first(undefined, USUAL.saslConf);
  const named =
    imapdConf?.get('sasl_sasldb_path') ??
    (saslConf === undefined ? undefined : saslOption(saslConf.text, 'sasldb_path')?.value);
  for (const path of named === undefined ? SASLDB_PLACES : [named]) {
    const head = files.readBytes(path, LMDB_HEAD_BYTES);
    const data = head === undefined ? undefined : parseLmdbData(head);
    if (data === undefined) continue;
    const lock = files.readBytes(`${path}-lock`, Infinity);
    const readers = lock === undefined ? undefined : parseLmdbLock(lock);
    return { path, data, readers, processes: await processes() };
  }
  return undefined;
}

async function processes(): Promise<ReadonlyMap<number, string> | undefined> {
  try {
    const { stdout } = await execute('ps', ['-axo', 'pid=,args='], { timeout: PROGRAM_TIMEOUT_MS });
    const lines = stdout.split('\n').map((line) => /^\s*(\d+)\s(.*)$/s.exec(line));
    return new Map(lines.flatMap((match) => (match === null ? [] : [[Number(match[1]), match[2] ?? '']])));
  } catch {
    return undefined;
  }
}

/** One of Cyrus SASL's own files, `Sendmail.conf`: `name: value`, the first of a name. */
function saslOption(text: string, name: string): { value: string; line: number } | undefined {
  for (const [i, line] of text.split('\n').entries()) {
    const colon = line.indexOf(':');
    if (colon !== -1 && line.slice(0, colon).trim() === name) {
      return { value: line.slice(colon + 1).trim(), line: i + 1 };
    }
  }
  return undefined;
}

// Looks at a host's files and programs, and changes nothing. What is not there is not judged; what is there and
// cannot be read is told of. Sockets are asked in ask.ts.
import { execFile, spawn } from 'node:child_process';
import { lstatSync, openSync, readFileSync, readSync, realpathSync, statSync, closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../config.js';
import { messageOf } from '../errors.js';
import { parseCyrusConf, parseImapdConf, type CyrusConf, type ImapdConf } from './cyrus-files.js';
import type { Unseen } from './finding.js';
import { parseLmdbData, parseLmdbLock } from './lmdb.js';
import type { Picture, Sasldb, SendmailPicture, SocketPath } from './picture.js';
import { parseSendmailCf, type SendmailCf } from './sendmail-cf.js';
import { parseClassFile, parseTable, type Table } from './sendmail-tables.js';

/** Where things are: given by flags, else the first that exists. */
export type Places = {
  readonly sendmailCf?: string;
  /** The program, asked for its compile-time options. */
  readonly sendmail?: string;
  readonly imapdConf?: string;
  readonly cyrusConf?: string;
};

/** FreeBSD's ports first, then Debian's packages. */
const USUAL = {
  sendmailCf: ['/etc/mail/sendmail.cf'],
  sendmail: ['/usr/sbin/sendmail', '/usr/local/sbin/sendmail'],
  imapdConf: ['/usr/local/etc/imapd.conf', '/etc/imapd.conf'],
  cyrusConf: ['/usr/local/etc/cyrus.conf', '/etc/cyrus.conf'],
  saslConf: [
    '/usr/local/lib/sasl2/Sendmail.conf',
    '/usr/lib/sasl2/Sendmail.conf',
    '/etc/sasl2/Sendmail.conf',
  ],
  sasldb: ['/usr/local/etc/sasldb2', '/etc/sasldb2'],
} as const;

const PROGRAM_TIMEOUT_MS = 10_000;
/** Two meta pages of the largest page that LMDB has. */
const LMDB_HEAD_BYTES = 2 * 65_536;

const execute = promisify(execFile);

export type Seen = Omit<Picture, 'config' | 'listeners' | 'backchannels' | 'postmasters'>;

export async function look(config: Config, places: Places): Promise<Seen> {
  const unseen: Unseen[] = [];
  const files = new Files(unseen);
  const sendmail = await lookAtSendmail(files, places, unseen);
  const imapdConf = lookAtImapd(files, places);
  return {
    sendmail,
    imapdConf,
    cyrusConf: lookAtCyrusConf(files, places),
    sockets: config.socketmap.listen.flatMap((each) =>
      each.kind === 'unix' ? [lookAtSocket(each.path)] : [],
    ),
    sasldb: await lookAtSasldb(files, imapdConf),
    unseen,
  };
}

async function lookAtSendmail(
  files: Files,
  places: Places,
  unseen: Unseen[],
): Promise<SendmailPicture | undefined> {
  const file = files.first(places.sendmailCf, USUAL.sendmailCf);
  if (file === undefined) {
    unseen.push({ what: 'Sendmail', why: `there is no ${places.sendmailCf ?? USUAL.sendmailCf[0]}` });
    return undefined;
  }
  const cf = parseSendmailCf(file.path, file.text);
  const members = (name: string): string[] => {
    const { members: own = [], files: listed = [] } = cf.classes.get(name) ?? {};
    return [
      ...own.map((each) => each.toLowerCase()),
      ...listed.flatMap((path) => parseClassFile(files.read(path) ?? '')),
    ];
  };
  return {
    cf,
    compiled: await compiledOptions(places.sendmail, unseen),
    virtualDomains: members('VirtHost'),
    virtualDomainFile: cf.classes.get('VirtHost')?.files[0] ?? '/etc/mail/virtdomains',
    localDomains: members('w'),
    relayDomains: members('R'),
    mailertable: lookAtTable(files, cf, 'mailertable'),
    access: lookAtTable(files, cf, 'access'),
    virtusertable: lookAtTable(files, cf, 'virtuser'),
  };
}

async function compiledOptions(
  program: string | undefined,
  unseen: Unseen[],
): Promise<ReadonlySet<string> | undefined> {
  const candidates = program === undefined ? USUAL.sendmail : [program];
  for (const candidate of candidates) {
    const options = await askForOptions(candidate);
    if (options !== undefined) return options;
  }
  unseen.push({ what: "Sendmail's compile-time options", why: `${candidates.join(', ')} did not tell them` });
  return undefined;
}

/** `-d0.1 -bt` names them first; then it may look for the host's name, for a minute where there is no DNS. */
function askForOptions(program: string): Promise<ReadonlySet<string> | undefined> {
  const child = spawn(program, ['-d0.1', '-bt'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: PROGRAM_TIMEOUT_MS,
  });
  return new Promise((resolve) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('latin1');
      const listed = /Compiled with:([^]*?)\n\s*\n/.exec(output)?.[1];
      if (listed === undefined) return;
      resolve(new Set(listed.trim().split(/\s+/)));
      child.kill();
    });
    child.on('error', () => resolve(undefined));
    child.on('close', () => resolve(undefined));
  });
}

function lookAtTable(files: Files, cf: SendmailCf, name: string): Table | undefined {
  const map = cf.maps.get(name);
  const path = map?.rest.split(' ')[0];
  if (map === undefined || path === undefined || !path.startsWith('/')) return undefined;
  const text = files.read(path);
  if (text === undefined) return undefined;
  return { path, type: map.type, entries: parseTable(text), built: builtState(map.type, path) };
}

function builtState(type: string, path: string): Table['built'] {
  if (!['hash', 'btree', 'cdb', 'lmdb'].includes(type)) return 'current';
  const database = path + (type === 'hash' || type === 'btree' ? '.db' : `.${type}`);
  const built = statSync(database, { throwIfNoEntry: false });
  if (built === undefined) return 'missing';
  return built.mtimeMs < statSync(path).mtimeMs ? 'outdated' : 'current';
}

function lookAtImapd(files: Files, places: Places): ImapdConf | undefined {
  const file = files.first(places.imapdConf, USUAL.imapdConf);
  return file === undefined ? undefined : parseImapdConf(file.path, file.text);
}

function lookAtCyrusConf(files: Files, places: Places): CyrusConf | undefined {
  const file = files.first(places.cyrusConf, USUAL.cyrusConf);
  return file === undefined ? undefined : parseCyrusConf(file.path, file.text);
}

function lookAtSocket(path: string): SocketPath {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  const kind = stat?.isSymbolicLink() ? 'link' : stat?.isSocket() ? 'socket' : 'other';
  return {
    path,
    file: stat === undefined ? 'missing' : kind,
    mode: stat?.mode ?? 0,
    folders: foldersTo(path),
  };
}

function foldersTo(path: string): { path: string; mode: number }[] {
  const folders: { path: string; mode: number }[] = [];
  try {
    for (let folder = realpathSync(dirname(path)); ; folder = dirname(folder)) {
      folders.unshift({ path: folder, mode: statSync(folder).mode });
      if (folder === dirname(folder)) return folders;
    }
  } catch {
    // The folder is not there: no daemon listens in it, and that is told.
    return folders;
  }
}

async function lookAtSasldb(files: Files, imapdConf: ImapdConf | undefined): Promise<Sasldb | undefined> {
  const saslConf = files.first(undefined, USUAL.saslConf);
  const named =
    imapdConf?.options.get('sasl_sasldb_path')?.value ??
    (saslConf === undefined
      ? undefined
      : parseImapdConf(saslConf.path, saslConf.text).options.get('sasldb_path')?.value);
  for (const path of named === undefined ? USUAL.sasldb : [named]) {
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
    const lines = stdout.split('\n').map((line) => /^\s*(\d+)\s+(.*)$/.exec(line));
    return new Map(lines.flatMap((match) => (match === null ? [] : [[Number(match[1]), match[2] ?? '']])));
  } catch {
    return undefined;
  }
}

/** Reads what is there; tells of what is there and cannot be read. */
class Files {
  readonly #unseen: Unseen[];

  constructor(unseen: Unseen[]) {
    this.#unseen = unseen;
  }

  read(path: string): string | undefined {
    return this.#attempt(path, () => readFileSync(path, 'utf8'));
  }

  /** @param most bytes from its beginning */
  readBytes(path: string, most: number): Buffer | undefined {
    return this.#attempt(path, () => {
      const fd = openSync(path, 'r');
      try {
        const bytes = Buffer.alloc(Math.min(most, statSync(path).size));
        return bytes.subarray(0, readSync(fd, bytes));
      } finally {
        closeSync(fd);
      }
    });
  }

  first(named: string | undefined, usual: readonly string[]): { path: string; text: string } | undefined {
    for (const path of named === undefined ? usual : [named]) {
      const text = this.read(path);
      if (text !== undefined) return { path, text };
    }
    return undefined;
  }

  #attempt<Content>(path: string, read: () => Content): Content | undefined {
    try {
      return read();
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!missing) this.#unseen.push({ what: path, why: messageOf(error) });
      return undefined;
    }
  }
}

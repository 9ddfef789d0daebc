// Looks at Sendmail: its sendmail.cf, the tables and class files that it names, and how the program was compiled.
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Files } from './files.js';
import type { Unseen } from './finding.js';
import type { SendmailPicture } from './picture.js';
import { parseCompiled, parseSendmailCf, type SendmailCf } from './sendmail-cf.js';
import { isDatabase, parseClassFile, parseTable, type Table } from './sendmail-tables.js';

const USUAL_CF = ['/etc/mail/sendmail.cf'];
/** On FreeBSD the first is mailwrapper(8), which runs the one that mailer.conf(5) names. */
const USUAL_PROGRAMS = ['/usr/sbin/sendmail', '/usr/local/sbin/sendmail'];
const PROGRAM_TIMEOUT_MS = 10_000;
/** mailwrapper(8) looks for the one of the ports first. */
const MAILER_CONF = ['/usr/local/etc/mail/mailer.conf', '/etc/mail/mailer.conf'];

export type SendmailPlaces = {
  readonly sendmailCf?: string;
  /** The program, asked for its compile-time options. */
  readonly sendmail?: string;
};

export async function lookAtSendmail(
  files: Files,
  places: SendmailPlaces,
  unseen: Unseen[],
): Promise<SendmailPicture | undefined> {
  const file = files.first(places.sendmailCf, USUAL_CF);
  if (file === undefined) {
    if (places.sendmailCf === undefined) unseen.push({ what: 'Sendmail', why: `there is no ${USUAL_CF[0]}` });
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
  const { program, compiled } = await compiledOptions(places.sendmail, unseen);
  return {
    cf,
    program,
    compiled,
    missingClassFiles: missingFiles(cf, files),
    mailerConf: places.sendmail === undefined ? MAILER_CONF.flatMap((path) => wrapped(path, files)) : [],
    virtualDomains: members('VirtHost'),
    virtualDomainFile: cf.classes.get('VirtHost')?.files[0] ?? '/etc/mail/virtdomains',
    localDomains: members('w'),
    relayDomains: members('R'),
    mailertable: lookAtTable(files, cf, 'mailertable'),
    access: lookAtTable(files, cf, 'access'),
    virtusertable: lookAtTable(files, cf, 'virtuser'),
  };
}

function missingFiles(cf: SendmailCf, files: Files): SendmailPicture['missingClassFiles'] {
  return [...cf.classes].flatMap(([name, { required }]) =>
    required
      .filter(({ path }) => files.lstat(path) === undefined)
      .map(({ path, line }) => ({ name, path, line })),
  );
}

/** `sendmail /usr/local/sbin/sendmail` */
function wrapped(path: string, files: Files): SendmailPicture['mailerConf'] {
  return (files.read(path) ?? '').split('\n').flatMap((line, i) => {
    const [name, program] = line.trim().split(/\s+/);
    return name === 'sendmail' && program !== undefined ? [{ path, line: i + 1, program }] : [];
  });
}

async function compiledOptions(
  program: string | undefined,
  unseen: Unseen[],
): Promise<{
  readonly program: string | undefined;
  readonly compiled: ReadonlySet<string> | undefined;
}> {
  const candidates = program === undefined ? USUAL_PROGRAMS : [program];
  for (const candidate of candidates) {
    const options = await askForOptions(candidate);
    if (options !== undefined) return { program: candidate, compiled: options };
  }
  unseen.push({ what: "Sendmail's compile-time options", why: `${candidates.join(', ')} did not tell them` });
  return { program: undefined, compiled: undefined };
}

/**
 * `-d0.1 -bt` names them first. Then it may look for the host's name, for a minute where there is no DNS: what
 * we want to see is not waited for any longer.
 */
function askForOptions(program: string): Promise<ReadonlySet<string> | undefined> {
  const child = spawn(program, ['-d0.1', '-bt'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: PROGRAM_TIMEOUT_MS,
  });
  return new Promise((resolve) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('latin1');
      if (parseCompiled(output)?.has('SOCKETMAP') === true) child.kill();
    });
    child.on('error', () => resolve(undefined));
    child.on('close', () => resolve(parseCompiled(output)));
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
  if (!isDatabase(type)) return 'current';
  const database = path + (type === 'hash' || type === 'btree' ? '.db' : `.${type}`);
  const built = statSync(database, { throwIfNoEntry: false });
  if (built === undefined) return 'missing';
  return built.mtimeMs < statSync(path).mtimeMs ? 'outdated' : 'current';
}

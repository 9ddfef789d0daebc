// Cyrus IMAP with lmtpd and smmapd in a container. Their UNIX sockets are in a folder of this machine, so that no port proxy and no
// filter of system calls slows them down. Runs docker, and creates mailboxes over IMAP.
import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { familyOf, type Process } from './processes.js';
import { eventually, firstChunk } from './wait.js';

const run = promisify(execFile);

const IMAGE = process.env['CYRUS_IMAGE'] ?? 'cyrusmapd/cyrus:bookworm';
/** smmapd needs one process for each connection that a scenario opens; there is some room. */
const SMMAPD_MAXCHILD = 450;
/** The path, inside the container, of the folder with the mailbox list. */
const LIST_FOLDER = '/run/cyrus-list';

export class Cyrus {
  readonly #container: string;
  readonly #root: number;
  readonly smmapdSocket: string;
  readonly lmtpSocket: string;
  /** The same as the imapd.conf of Cyrus, but with the path that the mailbox list has on this machine. */
  readonly imapdConf: string;

  private constructor(container: string, root: number, folder: string) {
    this.#container = container;
    this.#root = root;
    this.smmapdSocket = join(folder, 'smmapd');
    this.lmtpSocket = join(folder, 'lmtp');
    this.imapdConf = join(folder, 'imapd.conf');
  }

  /** @param folder for the sockets and the mailbox list */
  static async start(folder: string): Promise<Cyrus> {
    const list = join(folder, 'list');
    await mkdir(list, { recursive: true });
    await chmod(list, 0o777);
    // With Docker's filter each system call of smmapd would cost more than without a container.
    const options = ['--security-opt', 'seccomp=unconfined', '--label', 'cyrusmapd.bench', '--init=false'];
    const { stdout } = await run('docker', [
      ...['run', '--detach', ...options],
      ...['--env', `SMMAP_MAXCHILD=${SMMAPD_MAXCHILD}`, '--volume', `${folder}:/run/cyrus/socket`],
      ...['--env', `IMAPD_CONF_EXTRA=mboxlist_db_path: ${LIST_FOLDER}/mailboxes.db\numask: 022`],
      ...['--volume', `${list}:${LIST_FOLDER}`],
      ...['--publish', '127.0.0.1::143', IMAGE],
    ]);
    const container = stdout.trim();
    const inspected = await run('docker', ['inspect', '--format', '{{.State.Pid}}', container]);
    const cyrus = new Cyrus(container, Number(inspected.stdout), folder);
    await eventually('cyrmaster in the container', () => cyrus.#processes('cyrmaster').length > 0);
    await cyrus.#writeImapdConf(join(list, 'mailboxes.db'));
    return cyrus;
  }

  /** The processes that serve lookups, with the master, since it inherits the CPU time of children that ended. */
  get serving(): Process[] {
    return this.#processes('cyrmaster', 'smmapd', 'lmtpd');
  }

  get smmapds(): Process[] {
    return this.#processes('smmapd');
  }

  get lmtpds(): Process[] {
    return this.#processes('lmtpd');
  }

  /** Starts Cyrus again in the same container: all processes are new then, and the mailboxes stay. */
  async restart(): Promise<void> {
    await run('docker', ['exec', this.#container, 'sh', '-c', 'cyrus-stop && cyrus-start']);
  }

  /** Creates mailboxes as administrator, pipelined. */
  async createMailboxes(names: readonly string[]): Promise<void> {
    const { stdout } = await run('docker', ['port', this.#container, '143/tcp']);
    const port = Number(stdout.trim().split('\n')[0]?.split(':').at(-1));
    // Docker's proxy accepts connections before imapd does, so we wait for the greeting.
    await eventually('imapd', async () => (await firstChunk(connect(port, '127.0.0.1'))) !== undefined);
    const socket = connect(port, '127.0.0.1');
    const commands = names.map((name, index) => `c${index} CREATE user/${name}`);
    socket.write(['a LOGIN cyrus secret', ...commands, 'z LOGOUT', ''].join('\r\n'));
    let said = '';
    for await (const chunk of socket) said += String(chunk);
    const refused = /^[ac]\d* (?:NO|BAD) .*$/m.exec(said)?.[0];
    if (refused !== undefined) throw new Error(`Cyrus said ${refused}`);
    if (!said.includes(`\nc${names.length - 1} OK`))
      throw new Error('Cyrus closed before it had created all');
  }

  async #writeImapdConf(list: string): Promise<void> {
    const { stdout } = await run('docker', ['exec', this.#container, 'cat', '/etc/imapd.conf']);
    const lines = stdout.split('\n').filter((line) => !line.startsWith('mboxlist_db_path:'));
    await writeFile(this.imapdConf, `${lines.join('\n')}\nmboxlist_db_path: ${list}\n`);
  }

  async stop(): Promise<void> {
    await run('docker', ['rm', '--force', '--volumes', this.#container]);
  }

  #processes(...names: readonly string[]): Process[] {
    return familyOf(this.#root).filter(({ name }) => names.includes(name));
  }
}

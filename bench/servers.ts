// The servers that are compared: smmapd, the floor, our daemon, and the generator's own responder. Each is started anew for each
// measurement, so that an earlier one has no influence. Starts and stops processes.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cyrus } from './cyrus.js';
import { BUILD, DAEMON, PROGRAMS } from './paths.js';
import { familyOf, type Process } from './processes.js';
import { eventually, listens } from './wait.js';

export type ServerName = 'smmapd' | 'floor' | 'cyrusmapd' | 'responder';

export interface Server {
  readonly socket: string;
  /** The processes whose CPU time counts for a lookup, with lmtpd where it is asked. */
  serving(): Process[];
  /** The processes whose memory counts. */
  resident(): Process[];
  stop(): Promise<void>;
}

export type DaemonOptions = {
  /** The socket of another lmtpd than the real one. */
  readonly lmtp?: string;
  /** Tables and keys of cyrusmapd.toml that replace the defaults. */
  readonly config?: string;
  /** How it uses Cyrus' mailbox list: by default as the clock, as on Cyrus' own host. */
  readonly list?: 'clock' | 'directory' | 'none';
  /** Another imapd.conf than that of the real Cyrus, for another lmtpd. */
  readonly imapdConf?: string;
};

/** Enough for every scenario; the daemon's default is meant for a mail host. */
const MAX_CONNECTIONS = 20_000;

export class Servers {
  readonly #folder: string;
  readonly #cyrus: Cyrus;
  readonly #keys: string;
  readonly #canary: string;
  #changes = 0;

  /**
   * @param folder for sockets, configuration and logs; its path must be short
   * @param keys every key that the floor knows
   */
  constructor(folder: string, cyrus: Cyrus, keys: string, canary: string) {
    this.#folder = folder;
    this.#cyrus = cyrus;
    this.#keys = keys;
    this.#canary = canary;
  }

  async start(name: ServerName, options: DaemonOptions = {}): Promise<Server> {
    switch (name) {
      case 'smmapd':
        return await this.#smmapd();
      case 'floor':
        return await this.#program(name, process.execPath, [
          join(PROGRAMS, 'floor.js'),
          this.socketOf(name),
          this.#keys,
        ]);
      case 'responder':
        return await this.#program(name, join(BUILD, 'responder'), [this.socketOf(name)]);
      case 'cyrusmapd':
        return await this.#daemon(options);
    }
  }

  /** Creates one more mailbox that nobody asks for. */
  async changeList(): Promise<void> {
    await this.#cyrus.createMailboxes([`changed${this.#changes++}@example.jp`]);
  }

  socketOf(name: ServerName): string {
    return join(this.#folder, name);
  }

  /** The command that starts our daemon, once its configuration is written. */
  async daemonCommand(options: DaemonOptions = {}): Promise<string[]> {
    const file = join(this.#folder, 'cyrusmapd.toml');
    await writeFile(file, this.#configuration(options));
    return [process.execPath, DAEMON, 'serve', '--config', file];
  }

  /** All settings that matter for speed have their defaults; only the limit of connections is higher. */
  #configuration({ lmtp, config = '', list = 'clock', imapdConf: other }: DaemonOptions): string {
    // The mailbox list of Cyrus says nothing of the mailboxes of another lmtpd.
    const imapdConf = other ?? (list === 'none' || lmtp !== undefined ? '' : this.#cyrus.imapdConf);
    return `${config}
[cyrus]
imapd_conf = "${imapdConf}"
${list === 'directory' ? 'directory = true' : ''}
[socketmap]
listen = ["unix:${this.socketOf('cyrusmapd')}"]
max_connections = ${MAX_CONNECTIONS}
[backchannel.cyrus]
type = "lmtp"
endpoint = "unix:${lmtp ?? this.#cyrus.lmtpSocket}"
canary = "${this.#canary}"
[log]
file = "${join(this.#folder, 'cyrusmapd.log')}"
`;
  }

  async #smmapd(): Promise<Server> {
    const cyrus = this.#cyrus;
    await cyrus.restart();
    await eventually('smmapd', () => listens(cyrus.smmapdSocket));
    return {
      socket: cyrus.smmapdSocket,
      serving: () => cyrus.serving,
      resident: () => cyrus.smmapds,
      stop: async () => undefined,
    };
  }

  async #daemon(options: DaemonOptions): Promise<Server> {
    const cyrus = this.#cyrus;
    await cyrus.restart();
    await eventually('lmtpd', () => listens(cyrus.lmtpSocket));
    const [program = '', ...args] = await this.daemonCommand(options);
    const server = await this.#program('cyrusmapd', program, args);
    return {
      ...server,
      serving: () => [...server.serving(), ...cyrus.serving],
      resident: () => [...server.resident(), ...cyrus.lmtpds],
    };
  }

  async #program(name: ServerName, program: string, args: readonly string[]): Promise<Server> {
    const socket = this.socketOf(name);
    await rm(socket, { force: true });
    const log = join(this.#folder, `${name}.stderr`);
    const child = startProgram(program, args, log);
    await eventually(name, () => {
      if (child.exitCode === null) return listens(socket);
      const said = readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' ');
      throw new Error(`${name} ended with ${child.exitCode}: ${said}`);
    });
    const family = () => familyOf(child.pid ?? 0);
    return { socket, serving: family, resident: family, stop: () => stopProgram(child) };
  }
}

export function startProgram(program: string, args: readonly string[], log: string): ChildProcess {
  const file = openSync(log, 'w');
  const child = spawn(program, args, { stdio: ['ignore', file, file] });
  closeSync(file);
  return child;
}

export async function stopProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

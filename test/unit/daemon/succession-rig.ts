// Daemons in this process that take over from one another, before one fake lmtpd: with one folder, and one log for all. What is
// started is ended after the test.
import { join } from 'node:path';
import type { Config } from '../../../src/config/config.js';
import type { Daemon } from '../../../src/daemon/daemon.js';
import { takeOver } from '../../../src/daemon/takeover.js';
import type { LmtpServer } from '../../fakes/lmtp-server.js';
import { DaemonRig } from '../../integration/daemon-rig.js';
import { afterwards, recordingLog, type Line } from '../../integration/socketmap-rig.js';

export const ALICE = 'alice@example.jp';

export class SuccessionRig {
  readonly #daemons: DaemonRig;
  readonly lmtpd: LmtpServer;

  private constructor(daemons: DaemonRig, lmtpd: LmtpServer) {
    this.#daemons = daemons;
    this.lmtpd = lmtpd;
  }

  static async open(): Promise<SuccessionRig> {
    // All daemons are this process, which a takeover that goes wrong must not end.
    process.kill = () => {
      throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' });
    };
    const daemons = new DaemonRig();
    return new SuccessionRig(daemons, await daemons.newLmtpd('lmtp'));
  }

  at(name: string): string {
    return join(this.#daemons.folder, name);
  }

  /** With a control socket. @param more keys of [admin], then tables */
  configured(more = '', lmtpd = this.lmtpd): Promise<Config> {
    return this.#daemons.configured(lmtpd, `[admin]\nlisten = "unix:${this.at('control')}"\n${more}`);
  }

  newLmtpd(name: string): Promise<LmtpServer> {
    return this.#daemons.newLmtpd(name);
  }

  start(config: Config): Promise<Daemon> {
    return this.#daemons.start(config);
  }

  /** One that takes over. */
  async successor(config: Config): Promise<Daemon> {
    const daemon = await takeOver(config, recordingLog(this.#daemons.lines), () => undefined);
    afterwards(() => daemon.stop());
    return daemon;
  }

  /** What a new client is answered, in the end. */
  async ask(key: string): Promise<string> {
    return (await this.connected())(key);
  }

  /** A client that stays connected until disconnect(), or the end of the test. */
  connected(): Promise<(key: string) => Promise<string>> {
    return this.#daemons.connected();
  }

  /** All clients go. */
  disconnect(): void {
    this.#daemons.disconnect();
  }

  get lines(): Line[] {
    return this.#daemons.lines;
  }

  /** What the log tells by that verb. */
  told(verb: string): object[] {
    return this.lines.filter(({ message }) => message === verb).map(({ fields }) => fields);
  }
}

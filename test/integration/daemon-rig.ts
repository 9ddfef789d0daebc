// The whole daemon in this process, with a folder of its own and fake lmtpds behind it. What is started is ended after the test.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { afterwards, recordingLog, temporaryFolder, type Line } from './socketmap-rig.js';

export class DaemonRig {
  readonly folder = temporaryFolder();
  /** What the daemon has logged. */
  readonly lines: Line[] = [];
  readonly #clients: SocketmapConnection[] = [];

  /** One that has alice and bob. */
  async newLmtpd(name: string): Promise<LmtpServer> {
    const lmtpd = await LmtpServer.listen(join(this.folder, name));
    afterwards(() => lmtpd.stop());
    for (const local of ['alice', 'bob']) lmtpd.mailboxes.set(`${local}@example.jp`, REPLIES.deliverable);
    return lmtpd;
  }

  /** @param more keys of the back-channel, then tables */
  async configured(lmtpd: LmtpServer, more = ''): Promise<Config> {
    const file = join(this.folder, 'cyrusmapd.toml');
    writeFileSync(
      file,
      `[socketmap]
       listen = ["unix:${join(this.folder, 'socketmap')}"]
       [backchannel.cyrus]
       type = "lmtp"
       endpoint = "${lmtpd.endpoint}"
       autocreate = "accept"
       ${more}`,
    );
    return (await loadConfig({ config: file })).config;
  }

  async start(config: Config): Promise<Daemon> {
    const daemon = await Daemon.start(config, recordingLog(this.lines));
    afterwards(() => daemon.stop());
    return daemon;
  }

  /** A client; what it gives asks for a key, and tells the status of the reply. */
  async connected(): Promise<(key: string) => Promise<string>> {
    const client = await SocketmapConnection.connect({ kind: 'unix', path: join(this.folder, 'socketmap') });
    this.#clients.push(client);
    afterwards(() => client.close());
    return async (key) => (await client.lookup('cyrus', key)).status;
  }

  /** Closes the connections of all clients. */
  disconnect(): void {
    for (const client of this.#clients) client.close();
  }
}

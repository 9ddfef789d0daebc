// A daemon with its control socket and its metrics over TCP, before a fake lmtpd; and how both are asked.
import { request, type OutgoingHttpHeaders } from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { silentLog, type Log } from '../../src/log/log.js';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { afterwards, temporaryFolder } from './socketmap-rig.js';

export type Answer = {
  readonly status: number;
  readonly body: string;
  readonly headers: OutgoingHttpHeaders;
};

export class AdminRig {
  readonly daemon: Daemon;
  readonly lmtpd: LmtpServer;
  readonly folder: string;
  readonly file: string;
  readonly #port: number;

  private constructor(daemon: Daemon, lmtpd: LmtpServer, folder: string) {
    this.daemon = daemon;
    this.lmtpd = lmtpd;
    this.folder = folder;
    this.file = join(folder, 'cyrusmapd.toml');
    const [, web] = daemon.adminEndpoints;
    this.#port = web?.kind === 'inet' ? web.port : 0;
  }

  static async start(more = '', log: Log = silentLog): Promise<AdminRig> {
    const folder = temporaryFolder();
    const lmtpd = await LmtpServer.listen(join(folder, 'lmtp'));
    afterwards(() => lmtpd.stop());
    lmtpd.mailboxes.set('alice@example.jp', REPLIES.deliverable);
    lmtpd.mailboxes.set('full@example.jp', REPLIES.overquota);
    const file = join(folder, 'cyrusmapd.toml');
    writeFileSync(file, configuration(folder, lmtpd.endpoint, more));
    const daemon = await Daemon.start((await loadConfig({ config: file })).config, log);
    afterwards(() => daemon.stop());
    return new AdminRig(daemon, lmtpd, folder);
  }

  get control(): string {
    return join(this.folder, 'control');
  }

  async lookup(...keys: string[]): Promise<string[]> {
    const client = await SocketmapConnection.connect(parseEndpoint(`unix:${join(this.folder, 'socketmap')}`));
    const said: string[] = [];
    for (const key of keys) said.push((await client.lookup('cyrus', key)).status);
    client.close();
    return said;
  }

  ask(method: string, path: string): Promise<Answer> {
    return exchange({ socketPath: this.control, method, path });
  }

  async json(method: string, path: string): Promise<unknown> {
    return JSON.parse((await this.ask(method, path)).body);
  }

  web(path: string, method = 'GET', headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return exchange({ host: '127.0.0.1', port: this.#port, method, path, headers });
  }

  get webPort(): number {
    return this.#port;
  }
}

function configuration(folder: string, lmtp: string, more: string): string {
  return `[socketmap]
listen = ["unix:${join(folder, 'socketmap')}"]
[backchannel.cyrus]
type = "lmtp"
endpoint = "${lmtp}"
canary = "alice@example.jp"
autocreate = "accept"
[domains]
"example.jp" = "cyrus"
[admin]
listen = "unix:${join(folder, 'control')}"
http = "inet:0@127.0.0.1"
${more}`;
}

export function exchange(options: Parameters<typeof request>[1] & object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

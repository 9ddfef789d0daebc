// A real Cyrus murder in containers (docker/murder): a mupdate master, two backends and a frontend, on a network of their own,
// and what a test wants to do to them.
import {
  GenericContainer,
  Network,
  Wait,
  type StartedNetwork,
  type StartedTestContainer,
} from 'testcontainers';
import { ADMIN, greeted, PASSWORD, type Suite } from './cyrus.js';
import { ImapAdmin } from './imap-admin.js';
import { LineClient } from './line-client.js';

const START_TIMEOUT_MS = 60_000;
const PORTS = { imap: 143, lmtp: 2003, lmtpAuth: 2004, mupdate: 3905 } as const;

/** As whom the parts log in to each other, and we to the backends' lmtpd. */
export const PROXY = 'mailproxy';

class MurderPart {
  readonly #container: StartedTestContainer;
  /** Its servername. */
  readonly name: string;

  constructor(name: string, container: StartedTestContainer) {
    this.name = name;
    this.#container = container;
  }

  /** LMTP with a login. */
  get lmtp(): string {
    return `inet:${this.port('lmtpAuth')}@127.0.0.1`;
  }

  get mupdate(): string {
    return `inet:${this.port('mupdate')}@127.0.0.1`;
  }

  port(service: keyof typeof PORTS): number {
    return this.#container.getMappedPort(PORTS[service]);
  }

  admin(): Promise<ImapAdmin> {
    return ImapAdmin.login(this.port('imap'), ADMIN, PASSWORD);
  }

  /** Runs a command in it and gives what it wrote; throws where its status is not 0. */
  async exec(command: string[], user = 'root'): Promise<string> {
    const { output, exitCode } = await this.#container.exec(command, { user });
    if (exitCode !== 0) throw new Error(`${command.join(' ')}: exit status ${exitCode}\n${output}`);
    return output;
  }

  async stopCyrus(): Promise<void> {
    await this.exec(['cyrus-stop']);
  }

  async startCyrus(): Promise<void> {
    await this.exec(['cyrus-start']);
  }

  /** Gives the mupdate master the whole list, as at the start of a backend. */
  async push(): Promise<void> {
    await this.exec(['/usr/lib/cyrus/bin/ctl_mboxlist', '-m'], 'cyrus');
  }

  /** What its lmtpd says to a RCPT: its code. */
  async rcpt(address: string): Promise<string> {
    const client = LineClient.connect(this.port('lmtp'));
    try {
      await client.line();
      client.send('LHLO test');
      while (/^250-/.test(await client.line()));
      client.send('MAIL FROM:<>');
      await client.line();
      client.send(`RCPT TO:<${address}>`);
      return (await client.line()).slice(0, 3);
    } finally {
      client.close();
    }
  }

  stop(): Promise<unknown> {
    return this.#container.stop({ timeout: 0 });
  }
}

export type Murder = {
  readonly master: MurderPart;
  readonly b1: MurderPart;
  readonly b2: MurderPart;
  readonly frontend: MurderPart;
  readonly stop: () => Promise<void>;
};

/** @param imapd more lines of imapd.conf, of each part */
export async function startMurder(suite: Suite, imapd: readonly string[] = []): Promise<Murder> {
  const network = await new Network().start();
  const started: MurderPart[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((each) => each.stop()));
    await network.stop();
  };
  const part = async (name: string, role: string, lines: readonly string[]): Promise<MurderPart> => {
    const container = await startPart(suite, network, `${name}.rig.test`, role, [...imapd, ...lines]);
    const made = new MurderPart(`${name}.rig.test`, container);
    started.push(made);
    return made;
  };
  try {
    const master = await part('mupdate', 'master', []);
    await greeted(master.port('mupdate'), 'Q LOGOUT', Date.now() + START_TIMEOUT_MS);
    const [b1, b2, frontend] = await Promise.all([
      part('b1', 'backend', [...JOINED, 'mupdate_config: standard', `proxyservers: ${PROXY}`]),
      part('b2', 'backend', [...JOINED, 'mupdate_config: standard', `proxyservers: ${PROXY}`]),
      part('front', 'frontend', JOINED),
    ]);
    for (const each of [b1, b2, frontend])
      await greeted(each.port('imap'), 'z LOGOUT', Date.now() + START_TIMEOUT_MS);
    return { master, b1, b2, frontend, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const JOINED = [
  'mupdate_server: mupdate.rig.test',
  'mupdate_port: 3905',
  `mupdate_username: ${ADMIN}`,
  `mupdate_authname: ${ADMIN}`,
  `mupdate_password: ${PASSWORD}`,
  `proxy_authname: ${PROXY}`,
  `proxy_password: ${PASSWORD}`,
];

function startPart(
  suite: Suite,
  network: StartedNetwork,
  name: string,
  role: string,
  imapd: readonly string[],
): Promise<StartedTestContainer> {
  const lines = [`servername: ${name}`, `admins: ${ADMIN} ${PROXY}`, `lmtp_admins: ${PROXY}`, ...imapd];
  return new GenericContainer(`cyrusmapd/murder:${suite}`)
    .withNetwork(network)
    .withNetworkAliases(name)
    .withHostname(name)
    .withExposedPorts(...Object.values(PORTS))
    .withEnvironment({
      MURDER_ROLE: role,
      CYRUS_USERS: `${ADMIN}@${name} ${PROXY}@${name}`,
      CYRUS_PASSWORD: PASSWORD,
      IMAPD_CONF_EXTRA: lines.join('\n'),
    })
    .withWaitStrategy(Wait.forLogMessage('syslogd started'))
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
}

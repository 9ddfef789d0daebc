// What is looked at before a takeover touches anything: whether everything can pass, and whether the new process can answer.
import type { Config } from '../config/config.js';
import { ConfigError, UnavailableError } from '../errors.js';
import { formatEndpoint } from '../net/endpoint.js';
import { SHARED_PORTS_NEED, SHARES_PORTS } from '../net/shared-port.js';
import { SocketmapConnection } from '../socketmap/client.js';
import type { Daemon } from './daemon.js';
import type { Running } from './predecessor.js';

/** The name that the new process asks about before it takes over: any answer will do. */
const NAME = 'postmaster';

/**
 * @param shares whether this process can listen on a port on which another one does
 * @throws UnavailableError, ConfigError saying what cannot, and what to do
 */
export function refuseWhatCannotPass(
  { socketmap, policy, file = 'built-in' }: Pick<Config, 'socketmap' | 'policy' | 'file'>,
  { standing, config, version }: Pick<Running, 'standing' | 'config' | 'version'>,
  shares = SHARES_PORTS,
): void {
  const ports = [...socketmap.listen, ...policy.listen]
    .filter(({ kind }) => kind !== 'unix')
    .map(formatEndpoint);
  if (standing === undefined) {
    if (config !== file)
      throw new ConfigError(
        `the running daemon, ${version}, has the configuration ${config}, and not ${file}: its sockets may be others`,
      );
    const [port] = ports;
    if (port !== undefined)
      throw cannotShare(port, `the running daemon, ${version}, does not share its ports`);
    return;
  }
  const port = ports.find((each) => standing.listeners.includes(each));
  if (port === undefined) return;
  if (!shares) throw cannotShare(port, `this is Node.js ${process.versions.node}`);
  if (!standing.sharesPorts) throw cannotShare(port, 'the running daemon does not share its ports');
}

function cannotShare(port: string, why: string): UnavailableError {
  return new UnavailableError(
    `${port} cannot pass to another process without a gap: ${why}; that takes ${SHARED_PORTS_NEED}, in both. Restart it instead`,
  );
}

/**
 * Asks about a name in each domain, as a mail server would. Cyrus may be away, but then it is away for the old process too.
 * @throws UnavailableError where the new process gets no answer, or cannot ask a back-channel that the old one can
 */
export async function lookupName(
  daemon: Daemon,
  { domains, lookup, socketmap }: Pick<Config, 'domains' | 'lookup' | 'socketmap'>,
  { up }: Pick<Running, 'up'>,
): Promise<void> {
  const keys = [...new Set(domains.map(({ domain }) => `${NAME}@${domain.replace('*', 'localhost')}`))];
  const asked = socketmap.listen.map(formatEndpoint);
  const path = daemon.places.find(({ name }) => asked.includes(name))?.succession?.bound;
  if (path !== undefined) {
    const client = await SocketmapConnection.connect({ kind: 'unix', path }, 2 * lookup.deadlineMs);
    await Promise.all(keys.map((key) => client.lookup('cyrus', key))).finally(() => client.close());
  }
  // Some names are accepted without asking Cyrus.
  await Promise.all(keys.map((key) => daemon.operator.explain(key, true)));
  const worse = daemon.operator
    .figures()
    .backchannels.find(({ name, state }) => state === 'down' && up.has(name));
  if (worse !== undefined)
    throw new UnavailableError(
      `the running daemon can ask ${worse.name}, and the new one cannot: ${worse.trouble ?? 'no answer'}`,
    );
}

// The clock of the Cyrus on this machine: which of its files are looked at, and which back-channels it is the proof of. Opens
// what it looks at.
import { isDeepStrictEqual } from 'node:util';
import type { Config, CyrusHost } from '../config/config.js';
import type { Clock } from '../cyrus/mailbox-list/clock.js';
import { isLocal } from '../net/endpoint.js';
import type { Directory } from '../cyrus/mailbox-list/directory.js';
import type { Log } from '../log/log.js';
import { openHostList, type HostList } from './host-list.js';
import { cyrusDiffers } from '../log/verbs/daemon.js';
import type { Validator } from '../validation/validator.js';

export type HostClockParts = {
  readonly validator: Validator;
  /** Told of each mailbox that changed, after it is forgotten. */
  readonly changed: (mailbox: string) => void;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
};

/** At most one clock, which lives as long as the configuration names the same files. */
export class HostClock {
  readonly #parts: HostClockParts;
  #basis: unknown;
  #clock: Clock | undefined;
  #list: HostList | undefined;

  constructor(parts: HostClockParts) {
    this.#parts = parts;
  }

  get clock(): Clock | undefined {
    return this.#clock;
  }

  /** The directory, where the list is held in memory. */
  get directory(): Directory | undefined {
    return this.#list?.directory;
  }

  /**
   * Opens the clock that the configuration wants; a clock that looks at the same files already is kept.
   * @returns a function that closes the clock before it: call it once nobody asks that one any more
   */
  async configure({ host, cyrus }: Config): Promise<() => void> {
    const { log } = this.#parts;
    if (host !== undefined) {
      for (const reason of host.differences) cyrusDiffers(log, { file: host.imapdConf, reason });
    }
    // A clock goes by what imapd.conf says. Whether that file was written anew with the same content does not matter.
    const said = host && { ...host, files: host.files.map(({ path }) => path) };
    const basis = cyrus.clock && host?.list !== undefined ? { said, directory: cyrus.directory } : undefined;
    if (isDeepStrictEqual(basis, this.#basis)) return () => undefined;
    const former = this.#clock;
    const formerList = this.#list;
    this.#list = undefined;
    this.#clock =
      basis === undefined || host === undefined ? undefined : await this.#open(host, cyrus.directory);
    this.#basis = basis;
    return () => {
      formerList?.close();
      former?.close();
    };
  }

  close(): void {
    this.#list?.close();
    this.#list = undefined;
    this.#clock?.close();
    this.#clock = undefined;
    this.#basis = undefined;
  }

  async #open(host: CyrusHost, directory: boolean): Promise<Clock | undefined> {
    const { list, mupdate, files, userDeny } = host;
    if (list === undefined) return undefined;
    const { openClock } = await import('../cyrus/mailbox-list/open-clock.js');
    const { validator, changed, log, now } = this.#parts;
    const held = await openHostList(host, directory, { validator, log, now, clock: () => clock });
    const clock: Clock = openClock(
      {
        list: list.path,
        kind: list.kind,
        mupdate,
        companions: [...files.map(({ path }) => path), ...(userDeny === undefined ? [] : [userDeny])],
      },
      {
        names: held.names,
        forget: (mailbox) => {
          validator.forget(mailbox);
          changed(mailbox);
        },
        now,
        log,
      },
    );
    held.start();
    this.#list = held;
    return clock;
  }
}

/**
 * The back-channels whose answers come from the Cyrus of this imapd.conf: those to a socket on which it listens, or to the
 * only UNIX socket there is. Where the configuration names the file, every one that can be on this machine.
 */
export function hosted({ host, backchannels }: Config): readonly string[] {
  if (host === undefined) return [];
  const cyrus = backchannels.filter((each) => each.type === 'lmtp' || each.type === 'imap');
  if (host.named) return cyrus.filter(({ endpoint }) => isLocal(endpoint)).map(({ name }) => name);
  const lmtp = cyrus.filter(({ type, endpoint }) => type === 'lmtp' && endpoint.kind === 'unix');
  const here = lmtp.length === 1 ? lmtp : lmtp.filter(({ endpoint }) => listensOn(endpoint, host));
  return here.map(({ name }) => name);
}

function listensOn(
  endpoint: { readonly kind: string; readonly path?: string },
  { lmtpSockets }: CyrusHost,
): boolean {
  return endpoint.path !== undefined && lmtpSockets.includes(endpoint.path);
}

// The clock of the Cyrus on this machine: which of its files are looked at, and which back-channels it is the proof of. Opens
// what it looks at.
import { isDeepStrictEqual } from 'node:util';
import type { Config, CyrusHost } from '../config/config.js';
import type { Clock } from '../cyrus/mailbox-list/clock.js';
import { isLocal } from '../net/endpoint.js';
import type { Log } from '../log/log.js';
import { cyrusDiffers } from '../log/verbs/daemon.js';
import type { Validator } from '../validation/validator.js';

export type HostClockParts = {
  readonly validator: Validator;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Told where imapd.conf changed. */
  readonly confChanged: () => void;
};

/** At most one clock, which lives as long as the configuration names the same files. */
export class HostClock {
  readonly #parts: HostClockParts;
  #basis: unknown;
  #clock: Clock | undefined;

  constructor(parts: HostClockParts) {
    this.#parts = parts;
  }

  get clock(): Clock | undefined {
    return this.#clock;
  }

  /**
   * Opens the clock that the configuration has; one that looks at the same files is kept.
   * @returns what closes the one before, once nobody asks it any more
   */
  async configure({ host, cyrus }: Config): Promise<() => void> {
    const { log } = this.#parts;
    if (host !== undefined) {
      for (const reason of host.differences) cyrusDiffers(log, { file: host.imapdConf, reason });
    }
    const basis = cyrus.clock && host?.list !== undefined ? host : undefined;
    if (isDeepStrictEqual(basis, this.#basis)) return () => undefined;
    const former = this.#clock;
    this.#clock = basis === undefined ? undefined : await this.#open(basis);
    this.#basis = basis;
    return () => former?.close();
  }

  close(): void {
    this.#clock?.close();
    this.#clock = undefined;
    this.#basis = undefined;
  }

  async #open({ list, mupdate, files, userDeny, differences }: CyrusHost): Promise<Clock | undefined> {
    if (list === undefined) return undefined;
    const { openClock } = await import('../cyrus/mailbox-list/open-clock.js');
    const { validator, log, now, confChanged } = this.#parts;
    return openClock(
      {
        list: list.path,
        kind: list.kind,
        mupdate,
        companions: [...files, ...(userDeny === undefined ? [] : [userDeny])],
      },
      {
        // Where an address leads elsewhere than imapd.conf says, the names in the list are not those that we remember.
        names: differences.length > 0 ? undefined : await changedNames(list.path, validator),
        companionChanged: (path) => {
          if (files.includes(path)) confChanged();
        },
        forget: (mailbox) => validator.forget(mailbox),
        now,
        log,
      },
    );
  }
}

async function changedNames(path: string, validator: Validator) {
  const [{ ChangedNames }, { listFiles }] = await Promise.all([
    import('../cyrus/mailbox-list/changed-names.js'),
    import('../cyrus/mailbox-list/list-reader.js'),
  ]);
  return new ChangedNames(listFiles(path), () => validator.addressRules);
}

/**
 * The back-channels whose answers come from the Cyrus of this imapd.conf: those to a socket on which it listens, or to the
 * only UNIX socket there is. Where the configuration names the file, every one that can be on this machine.
 */
export function hosted({ host, backchannels }: Config): readonly string[] {
  if (host === undefined) return [];
  const cyrus = backchannels.filter((each) => each.type !== 'list');
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

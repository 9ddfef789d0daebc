// Finds the addresses of hosts. getaddrinfo(3) holds a thread until the resolver answers or gives up, which may take half a minute,
// and libuv lets only two of its threads do such work. So we never ask twice about a name at once; of all names for which the
// resolver was silent, we ask about one at a time, and use the last good addresses meanwhile. I/O by the function that is given.
import { ADDRCONFIG, type LookupAddress } from 'node:dns';
import { lookup as getaddrinfo } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { asError, codeOf } from '../../errors.js';

/** A resolver that has not answered for so many milliseconds counts as silent. */
export const SILENT_AFTER_MS = 500;

export type Addresses = readonly LookupAddress[];

type Name = {
  readonly host: string;
  /** The addresses that were found last. */
  addresses: Addresses | undefined;
  /** The question that is under way, or waits for others. */
  asking: Promise<Addresses> | undefined;
  /** Whether a thread is busy with the question. */
  underWay: boolean;
  /** Whether the resolver is silent about it, or was when it was asked last. */
  silent: boolean;
};

export class HostNames {
  readonly #resolve: (host: string) => Promise<Addresses>;
  /** There are only as many as the configurations of this process have named. */
  readonly #names = new Map<string, Name>();
  readonly #waiting: (() => void)[] = [];

  constructor(resolve: (host: string) => Promise<Addresses>) {
    this.#resolve = resolve;
  }

  /** The lookup function for connect() of node:net. */
  readonly lookup: LookupFunction = (host, { all }, callback) => {
    this.addressesOf(host).then(
      (addresses) => {
        const [first] = addresses;
        if (all === true) callback(null, [...addresses]);
        else callback(null, first?.address ?? '', first?.family ?? 0);
      },
      (error: unknown) => callback(asError(error), []),
    );
  };

  /**
   * The addresses that the resolver gives; while it is silent or fails, those that it gave last. Where it says that there is no
   * such name, there are none.
   * @throws the error of getaddrinfo, where the name has no last addresses
   */
  async addressesOf(host: string): Promise<Addresses> {
    const name = this.#named(host);
    const asking = (name.asking ??= this.#ask(name));
    const { addresses } = name;
    if (addresses === undefined) return asking;
    const answer = asking.catch((error: unknown) => {
      if (codeOf(error) === 'ENOTFOUND') throw error;
      return addresses;
    });
    return name.silent ? addresses : firstOf(answer, addresses);
  }

  #named(host: string): Name {
    const known = this.#names.get(host);
    if (known !== undefined) return known;
    const name: Name = { host, addresses: undefined, asking: undefined, underWay: false, silent: false };
    this.#names.set(host, name);
    return name;
  }

  async #ask(name: Name): Promise<Addresses> {
    while (name.silent && this.#waitsForResolver()) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    name.underWay = true;
    let silent = false;
    const timer = setTimeout(() => {
      silent = true;
      name.silent = true;
    }, SILENT_AFTER_MS).unref();
    try {
      return (name.addresses = await this.#resolve(name.host));
    } catch (error) {
      if (codeOf(error) === 'ENOTFOUND') name.addresses = undefined;
      throw error;
    } finally {
      clearTimeout(timer);
      name.silent = silent;
      name.underWay = false;
      name.asking = undefined;
      for (const goOn of this.#waiting.splice(0)) goOn();
    }
  }

  #waitsForResolver(): boolean {
    return [...this.#names.values()].some(({ underWay, silent }) => underWay && silent);
  }
}

/** One for the whole process, since all back-channels share its threads. */
export const HOST_NAMES = new HostNames((host) => getaddrinfo(host, { all: true, hints: ADDRCONFIG }));

async function firstOf(answer: Promise<Addresses>, addresses: Addresses): Promise<Addresses> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<Addresses>((resolve) => {
    timer = setTimeout(() => resolve(addresses), SILENT_AFTER_MS);
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearTimeout(timer);
  }
}

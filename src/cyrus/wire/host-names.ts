// The addresses of hosts by their names. getaddrinfo(3) holds a thread until its resolver answers or gives up, which may
// take half a minute, and libuv lets two of its threads do such work: so a name is asked about once at a time, of those whose
// resolver has been silent one at a time, and the last good addresses serve meanwhile. I/O by the function that is given.
import { ADDRCONFIG, type LookupAddress } from 'node:dns';
import { lookup as getaddrinfo } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { asError, codeOf } from '../../errors.js';

/** A resolver that has not answered for so long is silent. */
export const SILENT_AFTER_MS = 500;

export type Addresses = readonly LookupAddress[];

type Name = {
  readonly host: string;
  /** That were found last. */
  addresses: Addresses | undefined;
  /** Under way, or waiting for others. */
  asking: Promise<Addresses> | undefined;
  /** A thread is busy with it. */
  underWay: boolean;
  /** Its resolver is, or was when it was asked last. */
  silent: boolean;
};

export class HostNames {
  readonly #resolve: (host: string) => Promise<Addresses>;
  /** As many as the configurations of this process have named. */
  readonly #names = new Map<string, Name>();
  readonly #waiting: (() => void)[] = [];

  constructor(resolve: (host: string) => Promise<Addresses>) {
    this.#resolve = resolve;
  }

  /** For connect() of node:net. */
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
   * What the resolver says, or said last while it is silent or cannot tell. A name that it says is gone has no addresses.
   * @throws what getaddrinfo says of a name of which nothing is known
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

/** Of this process, whose threads all back-channels share. */
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

// Which back-channel's word counts for a mailbox that an event or a list names: the one that is asked about its domain. No I/O.
import type { Route } from './probe.js';
import type { Voucher, Vouchers } from './vouchers.js';

export class Owners {
  readonly #vouchers: Vouchers;
  readonly #route: Route;
  readonly #defaultDomain: string | undefined;
  /** The last answer: a list of a million names has only a few domains, and names of one domain often follow each other. */
  #last: { readonly domain: string | undefined; readonly voucher: Voucher | undefined } | undefined;

  constructor(vouchers: Vouchers, route: Route, defaultDomain: string | undefined) {
    this.#vouchers = vouchers;
    this.#route = route;
    this.#defaultDomain = defaultDomain;
  }

  /**
   * @param mailbox as the cache keeps it
   * @returns undefined where we cannot tell which back-channel it is
   */
  of(mailbox: string): Voucher | undefined {
    const at = mailbox.lastIndexOf('@');
    const domain = at === -1 ? undefined : mailbox.slice(at + 1);
    if (this.#last === undefined || this.#last.domain !== domain) {
      this.#last = { domain, voucher: this.#voucherOf(domain) };
    }
    return this.#last.voucher;
  }

  /** A mailbox without domain may be reached by any domain: where no route fits, it is clear only if there is one back-channel. */
  #voucherOf(domain: string | undefined): Voucher | undefined {
    for (const each of domain === undefined ? [this.#defaultDomain, undefined] : [domain]) {
      const probe = this.#route(each);
      if (typeof probe === 'object') return this.#vouchers.of(probe);
    }
    return domain === undefined ? this.#vouchers.only : undefined;
  }
}

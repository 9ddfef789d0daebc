// One question for all who ask about a mailbox at the same time. What Cyrus says is remembered, unless the mailbox changed
// after it was asked: then it is for those who waited already, and for nobody else. No I/O.
import { failedOutcome, routedOutcome, STALE, type Outcome } from './outcome.js';
import type { Asker, Probe, Route } from './probe.js';
import type { Recipient } from './recipient.js';
import type { Verdict } from './verdict.js';
import type { VerdictCache } from './verdict-cache.js';

type Flight = { readonly outcome: Promise<Outcome>; readonly asked: number; outdated: boolean };

export class Flights {
  readonly #cache: VerdictCache;
  readonly #route: Route;
  readonly #now: () => number;
  readonly #flights = new Map<string, Flight>();

  /** @param route asked anew for each flight */
  constructor(cache: VerdictCache, route: Route, now: () => number) {
    this.#cache = cache;
    this.#route = route;
    this.#now = now;
  }

  /** Mailboxes that are being asked about. */
  get size(): number {
    return this.#flights.size;
  }

  has(mailbox: string): boolean {
    return this.#flights.has(mailbox);
  }

  /** Joins the flight of a mailbox, or is its first; who joins one that its own deadline ended takes the next. */
  fly(recipient: Recipient, deadline: number, asker?: Asker): Promise<Outcome> {
    const joined = this.#flights.get(recipient.mailbox);
    return joined === undefined
      ? this.#depart(recipient, deadline, asker)
      : this.#join(joined, recipient, deadline, asker);
  }

  /** The mailbox changed: an answer under way is for those who waited already. */
  outdate(mailbox: string): void {
    const flight = this.#flights.get(mailbox);
    if (flight === undefined) return;
    flight.outdated = true;
    this.#flights.delete(mailbox);
  }

  outdateAll(): void {
    for (const flight of this.#flights.values()) flight.outdated = true;
    this.#flights.clear();
  }

  async #join(
    joined: Flight,
    recipient: Recipient,
    deadline: number,
    asker: Asker | undefined,
  ): Promise<Outcome> {
    const outcome = await joined.outcome;
    const dropped = outcome.source === 'deadline' && this.#now() < deadline;
    return dropped ? this.fly(recipient, deadline, asker) : outcome;
  }

  #depart(recipient: Recipient, deadline: number, asker: Asker | undefined): Promise<Outcome> {
    const probe = this.#route(recipient.domain);
    if (typeof probe !== 'object') return Promise.resolve(routedOutcome(probe));
    const flight: Flight = {
      outdated: false,
      asked: this.#now(),
      outcome: askProbe(probe, recipient, deadline, asker).then(
        (verdict) => this.#landed(recipient, flight, verdict),
        (error: unknown) => this.#crashed(recipient, flight, error, probe.name),
      ),
    };
    this.#flights.set(recipient.mailbox, flight);
    return flight.outcome;
  }

  #landed(recipient: Recipient, flight: Flight, verdict: Verdict): Outcome {
    if (!flight.outdated) {
      this.#flights.delete(recipient.mailbox);
      this.#cache.remember(recipient.mailbox, verdict, flight.asked);
    }
    return { verdict, source: 'probe' };
  }

  /** Cyrus could not be asked: whoever was known goes on being served, everybody else is deferred. */
  #crashed(recipient: Recipient, flight: Flight, error: unknown, backchannel: string): Outcome {
    if (!flight.outdated) this.#flights.delete(recipient.mailbox);
    if (this.#cache.stale(recipient.mailbox, this.#now())) return STALE;
    return failedOutcome(error, backchannel);
  }
}

/** Whatever a probe throws, it comes as a rejection. */
export function askProbe(
  probe: Probe,
  recipient: Recipient,
  deadline: number,
  asker: Asker | undefined,
): Promise<Verdict> {
  try {
    return probe.check(recipient, deadline, asker);
  } catch (error) {
    return Promise.reject(error);
  }
}

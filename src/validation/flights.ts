// A flight is one question to Cyrus for all who ask about a mailbox at the same time. Its answer is remembered. But where the
// mailbox changed after the question was asked, or may have, only those who wait already get the answer. No I/O.
import { asError } from '../errors.js';
import { failedOutcome, routedOutcome, STALE, type Outcome } from './outcome.js';
import type { Asker, Found, Probe, Route } from './probe.js';
import type { Recipient } from './recipient.js';
import { addEvidence, deferred, type Verdict } from './verdict.js';
import type { VerdictCache } from './verdict-cache.js';
import { NO_ALARM, Vanished, type VanishAlarm } from './vanished.js';
import type { Voucher } from './vouchers.js';

type FlightParts = { readonly probe: Probe; readonly deadline: number; readonly asker: Asker | undefined };

type Flight = FlightParts & {
  readonly outcome: Promise<Outcome>;
  readonly asked: number;
  readonly voucher: Voucher;
  outdated: boolean;
};

export class Flights {
  readonly #cache: VerdictCache;
  readonly #route: Route;
  readonly #now: () => number;
  readonly #flights = new Map<string, Flight>();
  readonly #alarm: VanishAlarm;
  #vanished = new WeakMap<Voucher, Vanished>();

  /** @param route asked anew for each flight */
  constructor(cache: VerdictCache, route: Route, now: () => number, alarm = NO_ALARM) {
    this.#cache = cache;
    this.#route = route;
    this.#now = now;
    this.#alarm = alarm;
  }

  /** How many mailboxes are being asked about. */
  get size(): number {
    return this.#flights.size;
  }

  has(mailbox: string): boolean {
    return this.#flights.has(mailbox);
  }

  /**
   * Joins the flight of a mailbox, or starts one. Nobody joins a flight to another back-channel, nor one from before a change.
   * If the flight's own deadline ends it too early for this request, a new one is started. So it is where the flight's "no" was
   * asked for before this request came, and nothing would tell us of a change: the mailbox may have been created in between.
   * @param since when the request came, in monotonic milliseconds
   */
  fly(recipient: Recipient, deadline: number, asker?: Asker, since = this.#now()): Promise<Outcome> {
    const probe = this.#route(recipient.domain);
    if (typeof probe !== 'object') return Promise.resolve(routedOutcome(probe));
    const voucher = this.#cache.vouchers.of(probe);
    const now = this.#now();
    // This look at the proof may outdate the flight of this mailbox, so the flight is looked up after it.
    const floor = voucher.proof.floor(now);
    const joined = this.#flights.get(recipient.mailbox);
    const current = joined !== undefined && joined.voucher === voucher && joined.asked >= floor;
    if (current) return this.#join(joined, recipient, deadline, asker, since);
    return this.#depart(recipient, voucher, now, { probe, deadline, asker });
  }

  /** The mailbox changed: an answer that is under way is only for those who wait already. */
  outdate(mailbox: string): void {
    const flight = this.#flights.get(mailbox);
    if (flight === undefined) return;
    flight.outdated = true;
    this.#flights.delete(mailbox);
  }

  /** There is a new configuration: names may mean other mailboxes, and back-channels may be other servers. */
  renew(): void {
    this.outdateAll();
    this.#vanished = new WeakMap();
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
    since: number,
  ): Promise<Outcome> {
    const outcome = await joined.outcome;
    const dropped = outcome.source === 'deadline' && this.#now() < deadline;
    const { voucher, asked } = joined;
    const before = asked < since && outcome.verdict.kind === 'unknown' && !voucher.proof.vouchesForUnknown;
    return dropped || before ? this.fly(recipient, deadline, asker, since) : outcome;
  }

  #depart(recipient: Recipient, voucher: Voucher, asked: number, parts: FlightParts): Promise<Outcome> {
    const { probe, deadline, asker } = parts;
    // Whatever throws, the flight ends: everybody who asked later would join it, and nobody would be asked any more.
    const crashed = (error: unknown): Outcome => this.#crashed(recipient, flight, error);
    const flight: Flight = {
      probe,
      deadline,
      asker,
      outdated: false,
      asked,
      voucher,
      // One promise for each question and not four, since in a flood of unknown names nothing else is made so often.
      outcome:
        probe.search === undefined
          ? checked(probe, recipient, deadline, asker).then(
              (verdict) => this.#landedOrCrashed(recipient, flight, verdict, probe),
              crashed,
            )
          : this.#search(recipient, voucher, parts).then(
              ({ verdict, by }) => this.#landedOrCrashed(recipient, flight, verdict, by),
              crashed,
            ),
    };
    this.#flights.set(recipient.mailbox, flight);
    return flight.outcome;
  }

  #search(recipient: Recipient, voucher: Voucher, { probe, deadline, asker }: FlightParts): Promise<Found> {
    return askProbe(probe, recipient, deadline, asker, this.#homeOf(probe, recipient.mailbox, voucher));
  }

  #landedOrCrashed(
    recipient: Recipient,
    flight: Flight,
    said: Verdict,
    by: Probe,
  ): Outcome | Promise<Outcome> {
    try {
      return this.#landed(recipient, flight, said, by);
    } catch (error) {
      return this.#crashed(recipient, flight, error);
    }
  }

  #landed(recipient: Recipient, flight: Flight, said: Verdict, by: Probe): Outcome | Promise<Outcome> {
    const word = this.#wordOf(by, flight);
    if (said.kind === 'deliverable') this.#vanishedOf(word, by.name).confirmed(recipient);
    if (said.kind !== 'unknown') return this.#answered(recipient, flight, said, word);
    const holder = this.#cache.holder(recipient.mailbox, this.#now(), flight.voucher);
    if (holder === undefined) return this.#answered(recipient, flight, said, word);
    const isDeleted = this.#deletedBy(holder);
    if (isDeleted(recipient)) return this.#answered(recipient, flight, said, word);
    const ask = async (each: Recipient): Promise<Verdict> =>
      (await this.#search(each, flight.voucher, flight)).verdict;
    return this.#vanishedOf(holder, holder.name || flight.probe.name)
      .judge(recipient, ask, isDeleted)
      .then((doubt) =>
        this.#answered(
          recipient,
          flight,
          doubt === undefined ? said : addEvidence(doubt, said.evidence ?? {}),
          word,
        ),
      )
      .catch((error: unknown) => this.#crashed(recipient, flight, error));
  }

  /** Tells whether an unknown mailbox was deleted for sure: we knew it, and have read every commit to the mailbox list since. */
  #deletedBy(holder: Voucher): (recipient: Recipient) => boolean {
    holder.proof.floor(this.#now());
    const since = holder.proof.followedSince ?? Infinity;
    return ({ mailbox }) => {
      const kept = this.#cache.remembered(mailbox);
      return kept !== undefined && kept.by === holder && kept.at >= since;
    };
  }

  #answered(recipient: Recipient, flight: Flight, said: Verdict, word: Voucher): Outcome {
    const floor = word.proof.floor(this.#now());
    const verdict = unlessUnsure(said, word);
    this.#end(recipient, flight);
    if (!flight.outdated) this.#remember(recipient.mailbox, verdict, flight, word, floor);
    return { verdict, source: 'probe' };
  }

  /** Where several servers share the domain: the one that said that it has the mailbox. */
  #homeOf({ members }: Probe, mailbox: string, voucher: Voucher): Probe | undefined {
    if (members === undefined) return undefined;
    const home = this.#cache.holder(mailbox, this.#now(), voucher)?.probe;
    return members.find((each) => each === home);
  }

  /** Whose word an answer is. Of several servers it is the one that has the mailbox; a "no" is the word of all together. */
  #wordOf(by: Probe, { voucher }: Flight): Voucher {
    return voucher.members.size === 0 ? voucher : this.#cache.vouchers.of(by);
  }

  #vanishedOf(voucher: Voucher, backchannel: string): Vanished {
    const kept = this.#vanished.get(voucher);
    if (kept !== undefined) return kept;
    const made = new Vanished(backchannel, this.#alarm, this.#now);
    this.#vanished.set(voucher, made);
    return made;
  }

  /** Of an answer from before a change a "no" is dropped. A "yes" is kept, to be served while Cyrus cannot be asked. */
  #remember(
    mailbox: string,
    verdict: Verdict,
    { asked, voucher }: Flight,
    word: Voucher,
    floor: number,
  ): void {
    if (asked >= floor) {
      const opposite = this.#cache.opposite(mailbox, verdict, voucher);
      // Only the server that has the mailbox, or had it, changed without telling: the proofs of the other servers still stand.
      if (opposite !== undefined && opposite.at >= floor) {
        const { proof } = verdict.kind === 'unknown' ? opposite.by : word;
        proof.contradicted?.(opposite.at);
      }
      this.#cache.remember(mailbox, verdict, asked, word);
    } else if (verdict.kind === 'deliverable') {
      this.#cache.remember(mailbox, verdict, asked, word);
    }
  }

  /** Cyrus could not be asked: a mailbox that was known is still accepted, every other one is deferred. */
  #crashed(recipient: Recipient, flight: Flight, error: unknown): Outcome {
    this.#end(recipient, flight);
    if (this.#cache.stale(recipient.mailbox, this.#now(), flight.voucher)) return STALE;
    return failedOutcome(error, flight.probe.name);
  }

  /** Removes the flight, unless another one has taken its place. */
  #end({ mailbox }: Recipient, flight: Flight): void {
    if (this.#flights.get(mailbox) === flight) this.#flights.delete(mailbox);
  }
}

/** Where Cyrus' mailbox list is missing, empty or shrunk, Cyrus denies mailboxes that exist: then its "unknown" is deferred. */
export function unlessUnsure(verdict: Verdict, { proof }: Voucher): Verdict {
  if (verdict.kind !== 'unknown' || !proof.deferUnknown) return verdict;
  return deferred('the mailbox list of Cyrus is missing, empty, or has just been replaced');
}

/** What a probe throws comes as a rejection, and so not before the flight is known to all. */
function checked(
  probe: Probe,
  recipient: Recipient,
  deadline: number,
  asker: Asker | undefined,
): Promise<Verdict> {
  try {
    return probe.check(recipient, deadline, asker);
  } catch (error) {
    return Promise.reject(asError(error));
  }
}

/** What a probe throws comes as a rejection. @param home where several servers share the domain: the one to ask first */
export async function askProbe(
  probe: Probe,
  recipient: Recipient,
  deadline: number,
  asker: Asker | undefined,
  home?: Probe,
): Promise<Found> {
  if (probe.search !== undefined) return probe.search(recipient, deadline, asker, home);
  return { verdict: await probe.check(recipient, deadline, asker), by: probe };
}

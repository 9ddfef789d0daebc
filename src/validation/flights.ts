// One question for all who ask about a mailbox at the same time. What Cyrus says is remembered, unless the mailbox changed,
// or may have, after it was asked: then it is for those who waited already, and for nobody else. No I/O.
import { failedOutcome, routedOutcome, STALE, type Outcome } from './outcome.js';
import type { Asker, Found, Probe, Route } from './probe.js';
import type { Recipient } from './recipient.js';
import { addEvidence, deferred, type Verdict } from './verdict.js';
import type { VerdictCache } from './verdict-cache.js';
import { NO_ALARM, Vanished, type VanishAlarm } from './vanished.js';
import type { Voucher } from './vouchers.js';

type Ask = (recipient: Recipient) => Promise<Found>;

type Flight = {
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

  /** Mailboxes that are being asked about. */
  get size(): number {
    return this.#flights.size;
  }

  has(mailbox: string): boolean {
    return this.#flights.has(mailbox);
  }

  /**
   * Joins the flight of a mailbox, or is its first. Nobody joins a question to another back-channel, nor one from
   * before a change; who joins one that its own deadline ended takes the next. Where nothing would tell of a change, a "no"
   * that was asked for before a request was there is none for it: the mailbox may have been made in between.
   * @param since when the request was there, in monotonic milliseconds
   */
  fly(recipient: Recipient, deadline: number, asker?: Asker, since = this.#now()): Promise<Outcome> {
    const probe = this.#route(recipient.domain);
    if (typeof probe !== 'object') return Promise.resolve(routedOutcome(probe));
    const voucher = this.#cache.vouchers.of(probe);
    const now = this.#now();
    // A look at the proof may outdate this very flight.
    const floor = voucher.proof.floor(now);
    const joined = this.#flights.get(recipient.mailbox);
    const current = joined !== undefined && joined.voucher === voucher && joined.asked >= floor;
    if (current) return this.#join(joined, recipient, deadline, asker, since);
    return this.#depart(recipient, voucher, now, probe.name, (each) =>
      askProbe(probe, each, deadline, asker, this.#homeOf(probe, each.mailbox, voucher)),
    );
  }

  /** The mailbox changed: an answer under way is for those who waited already. */
  outdate(mailbox: string): void {
    const flight = this.#flights.get(mailbox);
    if (flight === undefined) return;
    flight.outdated = true;
    this.#flights.delete(mailbox);
  }

  /** Of a new configuration: names may mean other mailboxes, and back-channels other servers. */
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

  #depart(
    recipient: Recipient,
    voucher: Voucher,
    asked: number,
    backchannel: string,
    ask: Ask,
  ): Promise<Outcome> {
    const flight: Flight = {
      outdated: false,
      asked,
      voucher,
      outcome: ask(recipient).then(
        (found) => this.#landed(recipient, flight, found, backchannel, ask),
        (error: unknown) => this.#crashed(recipient, flight, error, backchannel),
      ),
    };
    this.#flights.set(recipient.mailbox, flight);
    return flight.outcome;
  }

  #landed(
    recipient: Recipient,
    flight: Flight,
    { verdict: said, by }: Found,
    backchannel: string,
    ask: Ask,
  ): Outcome | Promise<Outcome> {
    const word = this.#wordOf(by, flight);
    if (said.kind === 'deliverable') this.#vanishedOf(word, by.name).confirmed(recipient);
    if (said.kind !== 'unknown') return this.#answered(recipient, flight, said, word);
    const holder = this.#cache.holder(recipient.mailbox, this.#now(), flight.voucher);
    if (holder === undefined) return this.#answered(recipient, flight, said, word);
    const isDeleted = this.#deletedBy(holder);
    if (isDeleted(recipient)) return this.#answered(recipient, flight, said, word);
    return this.#vanishedOf(holder, holder.name || backchannel)
      .judge(recipient, (each) => ask(each).then(({ verdict }) => verdict), isDeleted)
      .then((doubt) =>
        this.#answered(
          recipient,
          flight,
          doubt === undefined ? said : addEvidence(doubt, said.evidence ?? {}),
          word,
        ),
      );
  }

  /** Whether one that is unknown was deleted for sure: it was there since commits are read, all of them until now. */
  #deletedBy(holder: Voucher): (recipient: Recipient) => boolean {
    holder.proof.floor(this.#now());
    const since = holder.proof.followedSince;
    if (since === undefined) return () => false;
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

  /** Of several servers, the one by whose word the mailbox is known. */
  #homeOf({ members }: Probe, mailbox: string, voucher: Voucher): Probe | undefined {
    if (members === undefined) return undefined;
    const home = this.#cache.holder(mailbox, this.#now(), voucher)?.probe;
    return home !== undefined && members.includes(home) ? home : undefined;
  }

  /** Whose word an answer is: of several servers that of the one that has the mailbox, or of all. */
  #wordOf(by: Probe, { voucher }: Flight): Voucher {
    return voucher.probe === by || voucher.members.size === 0 ? voucher : this.#cache.vouchers.of(by);
  }

  #vanishedOf(voucher: Voucher, backchannel: string): Vanished {
    const kept = this.#vanished.get(voucher);
    if (kept !== undefined) return kept;
    const made = new Vanished(backchannel, this.#alarm, this.#now);
    this.#vanished.set(voucher, made);
    return made;
  }

  /** A "no" from before a change takes nothing away; a "yes" is good for an outage still. */
  #remember(
    mailbox: string,
    verdict: Verdict,
    { asked, voucher }: Flight,
    word: Voucher,
    floor: number,
  ): void {
    if (asked >= floor) {
      const opposite = this.#cache.opposite(mailbox, verdict, voucher);
      // A mailbox came or went where it is, or was: nothing speaks against the proofs of the other servers.
      const proof = verdict.kind === 'unknown' ? opposite?.by.proof : word.proof;
      if (opposite !== undefined && opposite.at >= floor) proof?.contradicted?.(opposite.at);
      this.#cache.remember(mailbox, verdict, asked, word);
    } else if (verdict.kind === 'deliverable') {
      this.#cache.remember(mailbox, verdict, asked, word);
    }
  }

  /** Cyrus could not be asked: whoever was known goes on being served, everybody else is deferred. */
  #crashed(recipient: Recipient, flight: Flight, error: unknown, backchannel: string): Outcome {
    this.#end(recipient, flight);
    if (this.#cache.stale(recipient.mailbox, this.#now(), flight.voucher)) return STALE;
    return failedOutcome(error, backchannel);
  }

  /** Another flight may have taken its place. */
  #end({ mailbox }: Recipient, flight: Flight): void {
    if (this.#flights.get(mailbox) === flight) this.#flights.delete(mailbox);
  }
}

/** A missing, empty or shrunk mailbox list makes everybody unknown: then nobody is. */
export function unlessUnsure(verdict: Verdict, { proof }: Voucher): Verdict {
  if (verdict.kind !== 'unknown' || !proof.deferUnknown) return verdict;
  return deferred('the mailbox list of Cyrus is missing, empty, or has just been replaced');
}

/** Whatever a probe throws, it comes as a rejection. @param home of several servers the one to ask first */
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

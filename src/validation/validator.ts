// The heart of the program: from a key to a verdict. First come rules that need nobody, then the cache, then one question to Cyrus
// for all who ask about a mailbox at the same time. Every lookup has a deadline: what Cyrus says later goes into the cache, but
// never into a reply. What was asked before a change is not believed after it. No sockets, no files.
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../errors.js';
import { unaskedOf, unlessFuzzy } from './askable.js';
import { Confirmations } from './confirmations.js';
import { Deadlines } from './deadlines.js';
import { asksFolder, type DetailRule } from './detail.js';
import { askProbe, Flights, unlessUnsure } from './flights.js';
import { listingOf } from './listing.js';
import { Owners } from './owners.js';
import {
  believedOutcome,
  failedOutcome,
  routedOutcome,
  RULE_ACCEPTS,
  STALE,
  tooLate,
  type Outcome,
} from './outcome.js';
import type { Asker, Route } from './probe.js';
import {
  ADDRESS_MAX_BYTES,
  asFolder,
  parseKey,
  asShared,
  type KeyParts,
  withoutDetail,
  type AddressRules,
  type ParsedKey,
  type Recipient,
} from './recipient.js';
import { DELIVERABLE, deferred, OVERQUOTA, type Verdict } from './verdict.js';
import { Snapshot } from './snapshot.js';
import { unaskedOutcome } from './unasked.js';
import type { VanishAlarm } from './vanished.js';
import { LISTED, type VerdictCache } from './verdict-cache.js';

export type ValidatorRules = {
  readonly address: AddressRules;
  /** How long one lookup may take, in milliseconds; below Sendmail's 30 s. */
  readonly deadlineMs: number;
  /** How an 8-bit local part is judged where the back-channel does not accept it; `ask`: see AddressRules. */
  readonly eightBit: 'reject' | 'temp' | 'ask';
  /** The names of back-channels whose "yes" to a shared mailbox proves nothing: see unlessFuzzy(). */
  readonly fuzzy?: ReadonlySet<string>;
  /** Whether a recipient is always accepted, such as postmaster or an alias. */
  readonly alwaysAccepts: (recipient: Recipient) => boolean;
  /** The same for any key, since an alias may have a name that no mailbox can have; undefined where there are no aliases. */
  readonly alsoAccepts?: ((named: KeyParts) => boolean) | undefined;
};

export class Validator {
  readonly #cache: VerdictCache;
  readonly #now: () => number;
  #route: Route;
  #rules: ValidatorRules;
  readonly #flights: Flights;
  readonly #deadlines: Deadlines;
  readonly #snapshots = new Set<Snapshot>();
  readonly #confirmations: Confirmations;
  #lastKey = '';
  #lastParsed: ParsedKey | undefined;
  #owners: Owners;

  constructor(
    cache: VerdictCache,
    route: Route,
    rules: ValidatorRules,
    now: () => number,
    alarm?: VanishAlarm,
  ) {
    this.#cache = cache;
    this.#route = route;
    this.#rules = rules;
    this.#now = now;
    this.#deadlines = new Deadlines(now);
    this.#owners = new Owners(cache.vouchers, route, rules.address.defaultDomain);
    this.#flights = new Flights(cache, (domain) => this.#route(domain), now, alarm);
    this.#confirmations = new Confirmations(
      (user, asked) => this.#flights.fly(user, asked + this.#rules.deadlineMs),
      now,
    );
  }

  /** Takes new rules and back-channels. Every "no" is forgotten; the rest too where names may mean other mailboxes now. */
  reconfigure(route: Route, rules: ValidatorRules): void {
    const sameNames = isDeepStrictEqual(this.#rules.address, rules.address);
    this.#route = route;
    this.#rules = rules;
    this.#lastParsed = undefined;
    this.#owners = new Owners(this.#cache.vouchers, route, rules.address.defaultDomain);
    this.#flights.renew();
    if (sameNames) this.#cache.forgetNegative();
    else this.#cache.forgetAll();
  }

  /**
   * The verdict that is believed without asking anybody; undefined where Cyrus must be asked.
   * @param key latin1, as it stood in the request
   */
  known(key: string, detail: DetailRule = 'inbox'): Outcome | undefined {
    const now = this.#now();
    // A key in lower case with a domain and without detail is its own name in the cache, so it need not be parsed.
    const direct = key.includes('@') && !key.includes('+') ? this.#cache.believed(key, now) : undefined;
    // Any other verdict has to wait for the rules: what they accept is accepted, even if Cyrus denied it or it is over quota.
    if (direct === DELIVERABLE) return believedOutcome(direct);
    const parsed = this.#parse(key);
    return parsed.kind === 'recipient'
      ? this.#ruled(parsed.recipient, detail, now)
      : unaskedOutcome(parsed, key, this.#rules, this.#route);
  }

  /**
   * Asks where nothing is believed. Resolves within the deadline, never rejects.
   * @param asker who asks
   * @param waitedMs how much of the lookup's time has passed already, in milliseconds
   */
  ask(key: string, detail: DetailRule = 'inbox', asker?: Asker, waitedMs = 0): Promise<Outcome> {
    const parsed = this.#parse(key);
    if (parsed.kind !== 'recipient')
      return Promise.resolve(unaskedOutcome(parsed, key, this.#rules, this.#route));
    const { recipient } = parsed;
    const now = this.#now();
    const ruled = this.#ruled(recipient, detail, now);
    if (ruled !== undefined) return Promise.resolve(ruled);
    const leftMs = this.#rules.deadlineMs - waitedMs;
    if (leftMs <= 0) return Promise.resolve(this.#tooLate(recipient, detail));
    return this.#deadlines.within(now + leftMs, this.#inquire(recipient, detail, now + leftMs, asker), {
      late: () => this.#tooLate(recipient, detail),
      failed: (fault) => ({ verdict: deferred(messageOf(fault)), source: 'probe' }),
    });
  }

  /** How old the denial is that answers for a key, in milliseconds; undefined where there is none. */
  deniedMs(key: string): number | undefined {
    const parsed = this.#parse(key);
    if (parsed.kind !== 'recipient') return undefined;
    return this.#cache.deniedMs(parsed.recipient.mailbox, this.#now());
  }

  /** Cyrus changed this mailbox: we ask again, and an answer that is under way is only for those who wait already. */
  forget(mailbox: string): void {
    this.#cache.forget(mailbox);
    for (const snapshot of this.#snapshots) snapshot.changed(mailbox);
    this.#flights.outdate(mailbox);
  }

  /** Forgets every denial, so that Cyrus is asked again. */
  forgetNegative(): void {
    this.#flights.outdateAll();
    this.#cache.forgetNegative();
  }

  /** Forgets everything, because names mean other mailboxes than before. */
  forgetAll(): void {
    this.#cache.forgetAll();
    this.missed();
  }

  /** We may have missed changes: answers under way are not remembered. What the cache holds is judged by the proofs. */
  missed(): void {
    this.#flights.outdateAll();
    for (const snapshot of this.#snapshots) snapshot.outdate();
  }

  /** lmtpd just found this mailbox over its quota, and pushed an event that says so, for a RCPT of ours or of a delivery. */
  markOverQuota(mailbox: string): void {
    const voucher = this.#owners.of(mailbox);
    if (voucher !== undefined) this.#cache.remember(mailbox, OVERQUOTA, this.#now(), voucher);
  }

  /** Begins to merge a list of all mailboxes, which is asked for from now on; what changes meanwhile is not taken from it. */
  beginSnapshot(): Snapshot {
    const snapshot: Snapshot = new Snapshot(
      this.#cache,
      this.#now(),
      () => this.#snapshots.delete(snapshot),
      (mailbox) => this.#owners.of(mailbox),
    );
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  /** How an address becomes the name of a mailbox, as now configured. */
  get addressRules(): AddressRules {
    return this.#rules.address;
  }

  /** Who is asked about a domain, as now configured. */
  get route(): Route {
    return this.#route;
  }

  /** How many mailboxes are being asked about. */
  get flights(): number {
    return this.#flights.size;
  }

  /** Keeps the last parsed key: one that has to be asked about comes here twice in a row, from known() and from ask(). */
  #parse(key: string): ParsedKey {
    if (this.#lastParsed === undefined || key !== this.#lastKey) {
      this.#lastKey = key;
      this.#lastParsed = parseKey(key, this.#rules.address);
    }
    return this.#lastParsed;
  }

  #ruled(recipient: Recipient, detail: DetailRule, now: number): Outcome | undefined {
    if (this.#rules.alwaysAccepts(recipient)) return RULE_ACCEPTS;
    if (asksFolder(recipient, detail)) return undefined;
    const verdict = this.#remembered(recipient, now);
    if (verdict === undefined) return undefined;
    if (verdict === LISTED && !this.#flights.has(recipient.mailbox))
      this.#confirmations.confirm(recipient, now);
    // The user is unknown, but the detail may name a shared mailbox: that is not remembered, so Cyrus must be asked.
    return verdict.kind === 'unknown' && recipient.detail !== undefined
      ? undefined
      : believedOutcome(verdict);
  }

  /**
   * What is believed of the user's mailbox, by the word of the back-channel that is asked about the domain. The route is looked up
   * first, since the same mailbox may be known through another domain, while this one has no back-channel, or another one.
   */
  #remembered(recipient: Recipient, now: number): Verdict | undefined {
    const probe = this.#route(recipient.domain);
    if (typeof probe !== 'object' || !recipient.plain) return undefined;
    const voucher = this.#cache.vouchers.of(probe);
    const verdict = this.#cache.believed(recipient.mailbox, now, voucher);
    return verdict ?? listingOf(recipient, voucher.proof, now);
  }

  #inquire(
    recipient: Recipient,
    detail: DetailRule,
    deadline: number,
    asker: Asker | undefined,
  ): Promise<Outcome> {
    if (asksFolder(recipient, detail)) return this.#askAlone(asFolder(recipient), deadline, asker);
    if (recipient.shared) return this.#askAlone(recipient, deadline, asker);
    if (recipient.detail === undefined) return this.#inquireUser(recipient, deadline, asker);
    return this.#inquireDetail(recipient, deadline, asker);
  }

  /** A spelling that Cyrus may judge differently is asked about alone, and its answer is not remembered for the mailbox. */
  #inquireUser(user: Recipient, deadline: number, asker: Asker | undefined): Promise<Outcome> {
    return user.plain ? this.#flights.fly(user, deadline, asker) : this.#askAlone(user, deadline, asker);
  }

  /**
   * lmtpd takes mail for any detail of a user who exists, so the user is asked about first. Only where there is
   * no such user may the detail decide: it names a shared mailbox if the user is Cyrus' `postuser`.
   */
  async #inquireDetail(recipient: Recipient, deadline: number, asker: Asker | undefined): Promise<Outcome> {
    const known = this.#remembered(recipient, this.#now());
    const outcome =
      known === undefined
        ? await this.#inquireUser(withoutDetail(recipient), deadline, asker)
        : believedOutcome(known);
    if (outcome.verdict.kind !== 'unknown') return outcome;
    if (recipient.address.length > ADDRESS_MAX_BYTES) return outcome;
    return this.#askAlone(asShared(recipient), deadline, asker);
  }

  /** Asks for this lookup only. The answer is not remembered: no event names the address, so it could never be forgotten again. */
  async #askAlone(recipient: Recipient, deadline: number, asker: Asker | undefined): Promise<Outcome> {
    const probe = this.#route(recipient.domain);
    if (typeof probe !== 'object') return routedOutcome(probe);
    const unasked = unaskedOf(recipient, probe);
    if (unasked !== undefined) return unasked;
    try {
      const said = await askProbe(probe, recipient, deadline, asker);
      const verdict = unlessFuzzy(said.verdict, recipient, probe, this.#rules.fuzzy);
      const voucher = this.#cache.vouchers.of(probe);
      voucher.proof.floor(this.#now());
      return { verdict: unlessUnsure(verdict, voucher), source: 'probe' };
    } catch (error) {
      return failedOutcome(error, probe.name);
    }
  }

  #tooLate(recipient: Recipient, detail: DetailRule): Outcome {
    const probe = this.#route(recipient.domain);
    if (typeof probe !== 'object') return tooLate(undefined);
    if (!recipient.plain || asksFolder(recipient, detail)) return tooLate(probe.name);
    const voucher = this.#cache.vouchers.of(probe);
    return this.#cache.stale(recipient.mailbox, this.#now(), voucher) ? STALE : tooLate(probe.name);
  }
}

// Sees a dictionary attack: unknown recipients come faster than usual, in one domain or in all. What is usual is learned,
// slowly, while there is none. Told once when it begins and once when it ends. Counts on the path of an unknown only. No
// I/O; a timer only while there is an attack.
import type { Log } from '../log/verb.js';
import * as verbs from '../log/verbs/admin.js';
import type { Source } from '../validation/verdict.js';

export type HarvestEnd = {
  /** Undefined for all domains together. */
  readonly domain: string | undefined;
  readonly seconds: number;
  readonly unknown: number;
  /** The share of the unknown recipients about whom Cyrus was asked, from 0 to 1. */
  readonly asked: number;
};

export interface HarvestAlarm {
  /** @param perSecond unknown recipients; @param usual the same, before */
  begun(domain: string | undefined, perSecond: number, usual: number): void;
  ended(harvest: HarvestEnd): void;
}

/** The longest domain: no more of a key is looked at. */
const DOMAIN_BYTES_MAX = 255;
/** The rate is judged once in so many milliseconds. */
const WINDOW_MS = 10_000;
/** An attack comes so many times as fast as usual. */
const TIMES_USUAL = 5;
/** An attack is over after so many windows in a row with less than half the rate at which it began. */
const CALM_WINDOWS = 3;
/** How far each window moves what is taken for usual: an hour is forgotten in about an hour. */
const LEARNING = 1 / 360;

/** What has no watch: a key may end so, but no domain is empty. */
const NO_END = '@@';

type Watch = {
  unknown: number;
  asked: number;
  usual: number;
  attack:
    | { readonly since: number; readonly threshold: number; unknown: number; asked: number; calm: number }
    | undefined;
};

export class Harvest {
  readonly #alarm: HarvestAlarm;
  readonly #now: () => number;
  #domains: ReadonlySet<string>;
  /** By domain; `''` stands for all domains together. */
  readonly #watches = new Map<string, Watch>();
  /** The `@` and the domain of the last unknown recipient, and its watch, where it has one. */
  #lastEnd = NO_END;
  #lastWatch: Watch | undefined;
  #perSecond: number;
  #since: number;
  #timer: NodeJS.Timeout | undefined;
  /** How many attacks have begun since the start. */
  begun = 0;

  /**
   * @param domains which are watched one by one: those that are configured, so that a stranger cannot make more of them
   * @param perSecond an attack has at least so many unknown recipients a second
   */
  constructor(domains: ReadonlySet<string>, perSecond: number, alarm: HarvestAlarm, now: () => number) {
    this.#domains = domains;
    this.#alarm = alarm;
    this.#now = now;
    this.#perSecond = perSecond;
    this.#since = now();
  }

  /** Takes new rules; nothing more is told of domains that are not watched any more. */
  watch(domains: ReadonlySet<string>, perSecond: number): void {
    this.#domains = domains;
    this.#perSecond = perSecond;
    [this.#lastEnd, this.#lastWatch] = [NO_END, undefined];
    for (const name of this.#watches.keys())
      if (name !== '' && !domains.has(name)) this.#watches.delete(name);
  }

  /** An unknown recipient. @param key latin1 */
  unknown(key: string, source: Source, now = this.#now()): void {
    if (now - this.#since >= WINDOW_MS) this.#judge(now);
    const asked = source === 'probe' ? 1 : 0;
    count(this.#watchOf(''), asked);
    if (this.#domains.size === 0) return;
    const watch = key.endsWith(this.#lastEnd) ? this.#lastWatch : this.#watchOfEnd(key);
    if (watch !== undefined) count(watch, asked);
  }

  /** The domains of the attacks that are under way; undefined stands for all domains together. */
  get active(): readonly (string | undefined)[] {
    return [...this.#watches].flatMap(([name, { attack }]) => (attack === undefined ? [] : [nameOf(name)]));
  }

  /** Ends the attacks that are under way, and tells of their end. */
  end(): void {
    clearTimeout(this.#timer);
    for (const [name, watch] of this.#watches) this.#over(name, watch, this.#now());
  }

  /** The watch of the domain at the end of a key. The next key probably ends in the same way, which is quickly compared. */
  #watchOfEnd(key: string): Watch | undefined {
    const end = key.slice(-DOMAIN_BYTES_MAX - 1);
    const at = end.lastIndexOf('@');
    const domain = end.slice(at + 1).toLowerCase();
    const watch = this.#domains.has(domain) ? this.#watchOf(domain) : undefined;
    if (at !== -1) [this.#lastEnd, this.#lastWatch] = [end.slice(at), watch];
    return watch;
  }

  #watchOf(name: string): Watch {
    const found = this.#watches.get(name);
    if (found !== undefined) return found;
    const watch = { unknown: 0, asked: 0, usual: 0, attack: undefined };
    this.#watches.set(name, watch);
    return watch;
  }

  #judge(now: number): void {
    const seconds = (now - this.#since) / 1000;
    this.#since = now;
    for (const [name, watch] of this.#watches) this.#judgeOne(name, watch, seconds, now);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.active.length > 0) this.#timer = setTimeout(() => this.#judge(this.#now()), WINDOW_MS).unref();
  }

  #judgeOne(name: string, watch: Watch, seconds: number, now: number): void {
    const perSecond = watch.unknown / seconds;
    const { attack } = watch;
    if (attack !== undefined) {
      attack.unknown += watch.unknown;
      attack.asked += watch.asked;
      attack.calm = perSecond < attack.threshold / 2 ? attack.calm + 1 : 0;
      if (attack.calm >= CALM_WINDOWS) this.#over(name, watch, now);
    } else {
      const threshold = Math.max(this.#perSecond, watch.usual * TIMES_USUAL);
      if (perSecond >= threshold) this.#begin(name, watch, perSecond, threshold, now - seconds * 1000);
      // A long silence counts as many windows without any.
      else watch.usual += (perSecond - watch.usual) * Math.min(1, LEARNING * (seconds / (WINDOW_MS / 1000)));
    }
    watch.unknown = 0;
    watch.asked = 0;
  }

  #begin(name: string, watch: Watch, perSecond: number, threshold: number, since: number): void {
    const { unknown, asked, usual } = watch;
    watch.attack = { since, threshold, unknown, asked, calm: 0 };
    this.begun += 1;
    this.#alarm.begun(nameOf(name), perSecond, usual);
  }

  #over(name: string, watch: Watch, now: number): void {
    const { attack } = watch;
    if (attack === undefined) return;
    watch.attack = undefined;
    const { since, unknown, asked } = attack;
    this.#alarm.ended({
      domain: nameOf(name),
      seconds: (now - since) / 1000,
      unknown,
      asked: asked / unknown,
    });
  }
}

function count(watch: Watch, asked: number): void {
  watch.unknown += 1;
  watch.asked += asked;
}

function nameOf(name: string): string | undefined {
  return name === '' ? undefined : name;
}

/** One line when it begins, and one when it ends. */
export function harvestAlarm(log: Log): HarvestAlarm {
  return {
    begun: (domain, perSecond, usual) =>
      verbs.harvestBegun(log, { domain, perSecond: rounded(perSecond), usual: rounded(usual) }),
    ended: ({ domain, seconds, unknown, asked }) =>
      verbs.harvestEnded(log, { domain, seconds: Math.round(seconds), unknown, asked: rounded(asked) }),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

// One run of chaos: two stacks beside each other, each with its mail servers and its order of faults, until all faults were there and
// so many recipients were asked for. Tells what was answered.
import { setTimeout as sleep } from 'node:timers/promises';
import { keepAsking, untilBack } from './askers.js';
import { Changer } from './changer.js';
import type { Fault } from './faults/fault.js';
import { FAULTS, schedule } from './faults/table.js';
import { Judge, type Circumstances, type Tally } from './judge.js';
import { Random } from './random.js';
import { untilLmtpdAnswers } from './lmtpd-answers.js';
import { keepSending } from './smtp-load.js';
import { Stack, type Kind } from './stack.js';
import { Truth } from './truth.js';

const MAILBOXES = 200;
const ASKERS = 4;
const DEADLINE_MS = 5_000;
/** In which what a fault has done may still be seen. */
const AFTER_MS = 1_000;
const CALM_MS = 300;
const STUCK_MS = 60_000;

export type Plan = {
  readonly seed: number;
  /** Of all mail servers together. */
  readonly recipients: number;
  readonly short: boolean;
  /** SMTP sessions at once with each mail server. */
  readonly sessions: number;
  readonly pauseMs: number;
  readonly lateMs: number;
  readonly smmapd: boolean;
};

type Row = {
  readonly fault: string;
  readonly stack: string;
  /** From the end of the fault, which is when Cyrus' own lmtpd knows again who exists, on until the daemon does. */
  readonly backMs: number;
  /** How long lmtpd took for that. */
  readonly lmtpdMs: number;
};

export type Report = {
  readonly seed: number;
  readonly seconds: number;
  readonly rows: readonly Row[];
  readonly servers: readonly { readonly name: string; readonly tally: Tally }[];
  readonly direct: Tally;
  readonly smmapd: readonly { readonly name: string; readonly tally: Tally }[];
  readonly changes: number;
  readonly counts: Readonly<Record<string, number>>;
  /** The most lines of the log in a second. */
  readonly logLines: number;
  readonly exits: readonly string[];
};

export async function runChaos(plan: Plan): Promise<Report> {
  const random = new Random(plan.seed);
  const kinds: Kind[] = [
    { suite: 'bookworm', where: 'here', smmapd: plan.smmapd },
    { suite: 'trixie', where: 'elsewhere', smmapd: plan.smmapd },
  ];
  const forks = kinds.map(() => random.fork());
  const started = await Promise.allSettled(
    kinds.map((kind, i) => Stack.start(kind, new Truth(MAILBOXES), forks[i] ?? random)),
  );
  const stacks = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    const began = performance.now();
    const runs = stacks.map((stack, i) => new StackRun(stack, i, plan, new Random(plan.seed * 31 + i)));
    const share = plan.recipients / runs.length;
    const reports = await Promise.all(
      runs.map((run) => run.toEnd(share).catch((error: unknown) => fail(runs, error))),
    );
    return { ...join(reports), seed: plan.seed, seconds: Math.round((performance.now() - began) / 1000) };
  } finally {
    // Whatever was left half done is no news beside what failed.
    await Promise.allSettled(stacks.map((stack) => stack.stop()));
  }
}

class StackRun implements Circumstances {
  readonly #stack: Stack;
  readonly #which: number;
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #rows: Row[] = [];
  readonly #spans: { readonly stops: boolean; readonly from: number; to: number }[] = [];
  readonly #servers: { readonly name: string; readonly judge: Judge }[] = [];
  readonly #smmapd: { readonly name: string; readonly judge: Judge }[] = [];
  readonly #direct: Judge;
  #going = true;
  #failed = false;

  constructor(stack: Stack, which: number, plan: Plan, random: Random) {
    this.#stack = stack;
    this.#which = which;
    this.#plan = plan;
    this.#random = random;
    this.#direct = this.#judge(DEADLINE_MS + plan.lateMs);
  }

  disturbed(from: number, to: number): boolean {
    return this.#spans.some((span) => span.from <= to && span.to + AFTER_MS >= from);
  }

  stopped(from: number, to: number): boolean {
    return this.#spans.some((span) => span.stops && span.from <= to && span.to >= from);
  }

  /** Begins nothing any more, since the other stack has failed. */
  giveUp(): void {
    this.#going = false;
    this.#failed = true;
  }

  async toEnd(recipients: number): Promise<Omit<Report, 'seed' | 'seconds'>> {
    const { cyrus, truth, servers, smmapd, counts, daemon } = this.#stack;
    const changer = new Changer(cyrus, truth, this.#random.fork(), 150);
    const asking = [
      ...this.#ask(),
      ...servers.flatMap((server) => this.#send(server, this.#servers, this.#plan.sessions)),
    ];
    if (smmapd !== undefined) asking.push(...this.#send(smmapd, this.#smmapd, this.#plan.sessions));
    const faults = this.#faults();
    const order = schedule(faults, this.#random.fork());
    for (let i = 0; !this.#failed && (i < faults.length || this.#asked() < recipients); i++) {
      await this.#suffer(order.next().value, changer);
      await sleep(this.#random.below(CALM_MS) * this.#pace);
    }
    this.#going = false;
    await changer.end();
    await Promise.all(asking);
    return {
      rows: this.#rows,
      servers: this.#servers.map(tallied),
      direct: this.#direct.tally,
      smmapd: this.#smmapd.map(tallied),
      changes: changer.changes,
      counts: Object.fromEntries(counts),
      logLines: mostInASecond(this.#stack.room.read('log')),
      exits: daemon.exits,
    };
  }

  /** Where a run is, for who waits for it. */
  #trace(what: string): void {
    process.stderr.write(`${this.#stack.kind.where}: ${what}\n`);
  }

  /** All that suit; in the short form each is suffered by one stack only. */
  #faults(): readonly Fault[] {
    const suiting = FAULTS.filter(({ suits }) => suits?.(this.#stack) ?? true);
    if (!this.#plan.short) return suiting;
    return suiting.filter((fault) => {
      const place = FAULTS.indexOf(fault);
      return fault.long !== true && (fault.suits !== undefined || place % 2 === this.#which);
    });
  }

  /** The short form has everything in half the time. */
  get #pace(): number {
    return this.#plan.short ? 0.5 : 1;
  }

  #asked(): number {
    return this.#servers.reduce((sum, { judge }) => sum + judge.tally.asked, 0);
  }

  async #suffer(fault: Fault, changer: Changer): Promise<void> {
    const random = this.#random.fork();
    if (!this.#plan.short) this.#trace(fault.name);
    const resume = fault.list === true ? await changer.rest() : () => undefined;
    const certain = fault.list === true ? this.#stack.truth.doubt() : () => undefined;
    const span = { stops: fault.stops === true, from: performance.now(), to: Infinity };
    this.#spans.push(span);
    const end = await within(fault, fault.begin(this.#stack, random));
    await sleep(random.between(...fault.lasts) * this.#pace);
    await within(fault, Promise.resolve(end()));
    const { endpoint, truth, lmtpd } = this.#stack;
    const [lmtpdMs, allMs] = await Promise.all([
      untilLmtpdAnswers(lmtpd, random.pick(truth.stays)),
      untilBack(endpoint, truth, random),
    ]);
    // What was remembered is answered while lmtpd is not there yet.
    const backMs = Math.max(0, allMs - lmtpdMs);
    span.to = performance.now();
    certain();
    resume();
    if (!this.#plan.short) {
      const lastedMs = Math.round(span.to - span.from);
      this.#trace(`${fault.name} ends after ${lastedMs} ms, ${this.#asked()} asked`);
    }
    const name = fault.part === 'the mail server' ? `mail server ${fault.name}` : fault.name;
    const row = { fault: name, stack: this.#stack.kind.where };
    this.#rows.push({ ...row, backMs: Math.round(backMs), lmtpdMs: Math.round(lmtpdMs) });
  }

  #ask(): Promise<void>[] {
    const { endpoint, truth } = this.#stack;
    return Array.from({ length: ASKERS }, () =>
      keepAsking(endpoint, truth, this.#direct, this.#random.fork(), () => this.#going),
    );
  }

  #send(
    { name, port }: { readonly name: string; readonly port: number },
    judges: { readonly name: string; readonly judge: Judge }[],
    sessions: number,
  ): Promise<void>[] {
    const judge = this.#judge(Infinity);
    judges.push({ name, judge });
    const { truth } = this.#stack;
    const { pauseMs } = this.#plan;
    const going = (): boolean => this.#going;
    return Array.from({ length: sessions }, () =>
      keepSending({ port, truth, judge, random: this.#random.fork(), going, pauseMs }),
    );
  }

  #judge(withinMs: number): Judge {
    return new Judge(this.#stack.truth, this, this.#stack.kind.where === 'here', withinMs);
  }
}

/** Told at once: what follows may take long, and may fail because of it. */
function fail(runs: readonly StackRun[], error: unknown): never {
  process.stderr.write(`${String(error)}\n`);
  for (const run of runs) run.giveUp();
  throw error;
}

/** So that a fault that cannot be made or undone is told by its name. */
async function within<T>(fault: Fault, done: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${fault.name}: not done within ${STUCK_MS} ms`)), STUCK_MS);
  });
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

function tallied({ name, judge }: { readonly name: string; readonly judge: Judge }): {
  name: string;
  tally: Tally;
} {
  return { name, tally: judge.tally };
}

function mostInASecond(log: string): number {
  const seconds = new Map<string, number>();
  for (const line of log.split('\n')) {
    const second = /"time":"([^".]*)/.exec(line)?.[1];
    if (second !== undefined) seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  return Math.max(0, ...seconds.values());
}

function join(reports: readonly Omit<Report, 'seed' | 'seconds'>[]): Omit<Report, 'seed' | 'seconds'> {
  const direct = addTallies(reports.map((report) => report.direct));
  const counts: Record<string, number> = {};
  for (const report of reports) {
    for (const [what, count] of Object.entries(report.counts)) counts[what] = (counts[what] ?? 0) + count;
  }
  return {
    rows: reports.flatMap(({ rows }) => rows),
    servers: reports.flatMap(({ servers }) => servers),
    direct,
    smmapd: reports.flatMap(({ smmapd }) => smmapd),
    changes: reports.reduce((sum, { changes }) => sum + changes, 0),
    counts,
    logLines: Math.max(...reports.map(({ logLines }) => logLines)),
    exits: reports.flatMap(({ exits }) => exits),
  };
}

export function addTallies(tallies: readonly Tally[]): Tally {
  const sum = (of: (tally: Tally) => number): number =>
    tallies.reduce((total, tally) => total + of(tally), 0);
  return {
    asked: sum(({ asked }) => asked),
    yes: sum(({ yes }) => yes),
    no: sum(({ no }) => no),
    deferred: sum(({ deferred }) => deferred),
    lost: sum(({ lost }) => lost),
    old: sum(({ old }) => old),
    latestMs: Math.max(...tallies.map(({ latestMs }) => latestMs)),
    wrongNo: tallies.flatMap(({ wrongNo }) => wrongNo),
    wrongYes: tallies.flatMap(({ wrongYes }) => wrongYes),
    late: tallies.flatMap(({ late }) => late),
  };
}

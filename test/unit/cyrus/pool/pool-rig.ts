// A pool whose sessions are opened and answered by hand, in a time that stands still until a test lets it pass.
import { afterEach, beforeEach, vi } from 'vitest';
import { DEFAULT_POOL_LIMITS, Pool, type PoolLimits } from '../../../../src/cyrus/pool/pool.js';
import type { Progress, Session } from '../../../../src/cyrus/pool/session.js';
import { UnavailableError } from '../../../../src/errors.js';
import { silentLog, type Log } from '../../../../src/log/log.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../../src/validation/recipient.js';
import type { Asker } from '../../../../src/validation/probe.js';
import { DELIVERABLE, type Verdict } from '../../../../src/validation/verdict.js';

/** A session whose batches are answered by hand. */
export class HandSession implements Session {
  acceptsEightBit = true;
  readonly batches: string[][] = [];
  botched = false;
  closed = false;
  /** Of the batch that was given last. */
  progress: Progress | undefined;
  #resolve: (verdicts: readonly Verdict[]) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  ask(batch: readonly Recipient[], progress: Progress): Promise<readonly Verdict[]> {
    this.progress = progress;
    this.batches.push(batch.map(({ local }) => local));
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Cyrus has answered something; with an index, the verdict on that recipient is known before the others. */
  tell(index?: number, verdict: Verdict = DELIVERABLE): void {
    this.progress?.heard();
    if (index !== undefined) this.progress?.early(index, verdict);
  }

  /** Gives the whole batch one verdict. */
  async answer(verdict: Verdict = DELIVERABLE): Promise<void> {
    this.#resolve((this.batches.at(-1) ?? []).map(() => verdict));
    await settle();
  }

  /** Gives the batch these verdicts, which may be too few. */
  async answerWith(...verdicts: readonly Verdict[]): Promise<void> {
    this.#resolve(verdicts);
    await settle();
  }

  async fail(error: Error = new UnavailableError('connection closed by the peer')): Promise<void> {
    this.botched = true;
    this.#reject(error);
    await settle();
  }

  close(): void {
    this.closed = true;
    if (this.botched) return;
    this.botched = true;
    this.#reject(new UnavailableError('connection closed'));
  }
}

/** One that is being opened. */
export type Opening = {
  readonly opened: (session: HandSession) => void;
  readonly refused: (error: Error) => void;
};

export const openings: Opening[] = [];
/** Of the log: level and message. */
export const lines: string[] = [];
/** What the log has for those who look for faults. */
export const details: object[] = [];
/** What the pool takes for chance. */
export const chance = { value: 1 };

/** Time stands still in each test of the file that calls this, until it is moved on; all lists are empty at first. */
export function standStill(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    // What comes in one turn of the event loop makes one batch: here each question is a turn of its own.
    vi.stubGlobal('setImmediate', (work: () => void) => work());
    openings.length = 0;
    lines.length = 0;
    details.length = 0;
    chance.value = 1;
  });

  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });
}

const log: Log = {
  ...silentLog,
  error: (fields: object) => void lines.push(`error ${Object(fields).event}`),
  debug: (fields: object) => void details.push(fields),
  info: (fields: object) => void lines.push(`info ${Object(fields).event}`),
};

export function newPool(limits: Partial<PoolLimits> = {}, restarted?: () => void): Pool {
  const open = (): Promise<Session> => new Promise((opened, refused) => openings.push({ opened, refused }));
  return new Pool(
    open,
    { ...DEFAULT_POOL_LIMITS, ...limits },
    {
      name: 'cyrus',
      log,
      now,
      random: () => chance.value,
      ...(restarted === undefined ? {} : { restarted }),
    },
  );
}

export function now(): number {
  return performance.now();
}

export async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

/** Lets the session that is being opened be there. */
export async function opened(session = new HandSession()): Promise<HandSession> {
  const opening = await nextOpening();
  opening.opened(session);
  await settle();
  return session;
}

/** A second session is opened where the first has been busy for 5 ms. */
async function nextOpening(): Promise<Opening> {
  if (openings.length === 0) await vi.advanceTimersByTimeAsync(5);
  const opening = openings.shift();
  if (opening === undefined) throw new Error('no session is being opened');
  return opening;
}

export async function refused(error: Error = new UnavailableError('connect ECONNREFUSED')): Promise<void> {
  const opening = await nextOpening();
  opening.refused(error);
  await settle();
}

export type Asked = { readonly verdict: Promise<string>; settled: string | undefined };

export function recipientOf(local: string): Recipient {
  const parsed = parseKey(`${local}@example.jp`, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.reason);
  return parsed.recipient;
}

/** @param asker the connection that asks; by default it is a question of our own */
export function ask(pool: Pool, local: string, withinMs = 5000, asker?: Asker): Asked {
  const asked: Asked = {
    settled: undefined,
    verdict: pool.check(recipientOf(local), now() + withinMs, asker).then(
      ({ kind }) => (asked.settled = kind),
      (error: unknown) => (asked.settled = String(error)),
    ),
  };
  return asked;
}

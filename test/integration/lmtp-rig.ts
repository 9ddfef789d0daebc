// The validator over a real LMTP back-channel, as the daemon builds it, with a fake lmtpd behind it. Its time stands
// still until a test lets it pass; sockets go on as they do. Everything is closed after each test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { buildBackchannels, type Backchannels } from '../../src/backchannels/build.js';
import { validatorRules } from '../../src/backchannels/rules.js';
import type { Config, LmtpBackchannelConfig, LookupConfig, MapConfig } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { silentLog, type Log } from '../../src/log/log.js';
import type { Outcome } from '../../src/validation/outcome.js';
import { Validator } from '../../src/validation/validator.js';
import { DEFAULT_BELIEF } from '../../src/validation/belief.js';
import { DEFAULT_CACHE_LIMITS, VerdictCache } from '../../src/validation/verdict-cache.js';
import { replyFor } from '../../src/validation/verdict.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';

export const CANARY = 'canary@example.jp';

/** The check for autocreate has tests of its own; in the others it would only stand in the dialogues. */
const QUIET = { autocreate: 'accept' } as const;

const closers: (() => void | Promise<void>)[] = [];

/** Time stands still in each test of the file that calls this, until it is moved on; after the test all is closed. */
export function standStill(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    vi.useRealTimers();
  });
}

/** Runs after the test. */
export function afterwards(close: () => void | Promise<void>): void {
  closers.push(close);
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lmtp-'));
  afterwards(() => rmSync(folder, { recursive: true }));
  return folder;
}

export type RigOptions = {
  /** A path or a port; by default a UNIX socket in a temporary folder. */
  readonly where?: string | number;
  /** No canary with `undefined`. */
  readonly canary?: string | undefined;
  readonly lookup?: Partial<LookupConfig>;
  readonly map?: Partial<MapConfig>;
  readonly backchannel?: Partial<LmtpBackchannelConfig>;
};

export type Asked = { readonly outcome: Promise<string>; settled: string | undefined };

/** As where the administrator wants a "no" remembered without proof. */
const BELIEF = { ...DEFAULT_BELIEF, unprovenNegativeMs: DEFAULT_BELIEF.negativeMs };

export class Rig {
  readonly lmtpd: LmtpServer;
  readonly config: Config;
  readonly backchannels: Backchannels;
  readonly validator: Validator;
  /** Lines of the log, from info on: the first word of the message, and who it is about. */
  readonly lines: string[] = [];

  private constructor(lmtpd: LmtpServer, config: Config, backchannels: Backchannels, lines: string[]) {
    this.lmtpd = lmtpd;
    this.config = config;
    this.backchannels = backchannels;
    this.lines = lines;
    const cache = new VerdictCache(DEFAULT_CACHE_LIMITS, BELIEF, now());
    this.validator = new Validator(cache, backchannels.route, validatorRules(config), now);
  }

  /** A fake that has the canary, alice, bob, full (over quota), closed (refused) and damaged, all at example.jp. */
  static async start(options: RigOptions = {}): Promise<Rig> {
    const lmtpd = await LmtpServer.listen(options.where ?? join(temporaryFolder(), 's'));
    afterwards(() => lmtpd.stop());
    for (const local of ['canary', 'alice', 'bob']) {
      lmtpd.mailboxes.set(`${local}@example.jp`, REPLIES.deliverable);
    }
    lmtpd.mailboxes.set('full@example.jp', REPLIES.overquota);
    lmtpd.mailboxes.set('closed@example.jp', REPLIES.refused);
    lmtpd.mailboxes.set('damaged@example.jp', REPLIES.damaged);

    return Rig.#build(lmtpd, lmtpd.endpoint, options);
  }

  /** Behind something else, such as a wire. */
  static behind(lmtpd: LmtpServer, endpoint: string): Promise<Rig> {
    return Rig.#build(lmtpd, endpoint, {});
  }

  static async #build(lmtpd: LmtpServer, endpoint: string, options: RigOptions): Promise<Rig> {
    const config = await configFor(endpoint, options);
    const lines: string[] = [];
    const backchannels = await buildBackchannels(config, { log: recording(lines), now, random: () => 1 });
    afterwards(async () => {
      await Promise.all(backchannels.probes.map((probe) => probe.close()));
    });
    return new Rig(lmtpd, config, backchannels, lines);
  }

  /** `unknown probe`: the verdict and how we came to it. */
  ask(key: string): Asked {
    const asked: Asked = {
      settled: undefined,
      outcome: this.validator.ask(key).then((outcome) => (asked.settled = told(outcome))),
    };
    return asked;
  }

  /** All at once. */
  askAll(...keys: readonly string[]): Promise<string[]> {
    return Promise.all(keys.map((key) => this.ask(key).outcome));
  }

  known(key: string): string | undefined {
    const outcome = this.validator.known(key);
    return outcome === undefined ? undefined : told(outcome);
  }

  /** What Sendmail would hear. */
  async reply(key: string): Promise<string> {
    const { verdict } = await this.validator.ask(key);
    const { status, text } = replyFor(verdict, key, this.config.defaultMap);
    return `${status} ${text}`;
  }

  /** The reason of a deferral. */
  async reason(key: string): Promise<string> {
    const { verdict } = await this.validator.ask(key);
    return verdict.kind === 'deferred' ? verdict.reason : `not deferred: ${verdict.kind}`;
  }

  /** Lets time pass, and what is under way on local sockets arrive. */
  async pass(ms: number): Promise<void> {
    await turns();
    await vi.advanceTimersByTimeAsync(ms);
    await turns();
  }
}

export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

function now(): number {
  return performance.now();
}

function told({ verdict, source }: Outcome): string {
  return `${verdict.kind} ${source}`;
}

async function configFor(endpoint: string, options: RigOptions): Promise<Config> {
  const canary = 'canary' in options ? options.canary : CANARY;
  const { config } = await loadConfig({ lmtp: endpoint, ...(canary === undefined ? {} : { canary }) });
  const backchannels = config.backchannels.map((each) =>
    each.type === 'lmtp' ? { ...each, ...QUIET, ...options.backchannel } : each,
  );
  const defaultMap = { ...config.defaultMap, ...options.map };
  return { ...config, lookup: { ...config.lookup, ...options.lookup }, defaultMap, backchannels };
}

function recording(lines: string[]): Log {
  const at = (fields: object): void => {
    const { event, witness } = Object(fields);
    lines.push([event, witness].filter((word) => word !== undefined).join(' '));
  };
  return { ...silentLog, info: at, warn: at, error: at };
}

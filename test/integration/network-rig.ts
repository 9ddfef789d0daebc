// The validator over the back-channel that the text of a configuration file describes, with whatever fake server behind
// it. Its time stands still until a test lets it pass; sockets go on as they do. Everything is closed after each test.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import { buildBackchannels, type Backchannels } from '../../src/backchannels/build.js';
import { validatorRules } from '../../src/backchannels/rules.js';
import type { TraceLine } from '../../src/cyrus/wire/trace.js';
import { loadConfig } from '../../src/config/load.js';
import { silentLog, type Log } from '../../src/log/log.js';
import type { Outcome } from '../../src/validation/outcome.js';
import { Validator } from '../../src/validation/validator.js';
import { DEFAULT_BELIEF } from '../../src/validation/belief.js';
import { DEFAULT_CACHE_LIMITS, VerdictCache } from '../../src/validation/verdict-cache.js';
import { ImapServer, PASSWORD, USER } from '../fakes/imap-server.js';
import type { Tls } from '../fakes/dialogue-server.js';
import { afterwards, temporaryFolder, turns } from './lmtp-rig.js';

/** A line of the log, from info on. */
export type Line = { readonly event: string; readonly error: string | undefined };

export class NetworkRig {
  readonly backchannels: Backchannels;
  readonly validator: Validator;
  readonly lines: Line[];

  private constructor(backchannels: Backchannels, validator: Validator, lines: Line[]) {
    this.backchannels = backchannels;
    this.validator = validator;
    this.lines = lines;
  }

  static async open(toml: string, trace?: TraceLine): Promise<NetworkRig> {
    const file = join(temporaryFolder(), 'cyrusmapd.toml');
    writeFileSync(file, toml);
    const { config } = await loadConfig({ config: file });
    const lines: Line[] = [];
    const surroundings = { log: recording(lines), now, random: () => 1, ...(trace && { trace }) };
    const backchannels = await buildBackchannels(config, surroundings);
    afterwards(async () => {
      await Promise.all(backchannels.probes.map((probe) => probe.close()));
    });
    const cache = new VerdictCache(DEFAULT_CACHE_LIMITS, DEFAULT_BELIEF, now());
    const validator = new Validator(cache, backchannels.route, validatorRules(config), now);
    return new NetworkRig(backchannels, validator, lines);
  }

  /** All at once: the verdicts. */
  async askAll(...keys: readonly string[]): Promise<string[]> {
    const outcomes = await Promise.all(keys.map((key) => this.ask(key)));
    return outcomes.map(({ verdict }) => verdict.kind);
  }

  ask(key: string): Promise<Outcome> {
    return this.validator.ask(key);
  }

  /** The reason of a deferral. */
  async reason(key: string): Promise<string> {
    const { verdict } = await this.ask(key);
    return verdict.kind === 'deferred' ? verdict.reason : `not deferred: ${verdict.kind}`;
  }

  /** Lets time pass, and what is under way on local sockets arrive. */
  async pass(ms: number): Promise<void> {
    await turns();
    await vi.advanceTimersByTimeAsync(ms);
    await turns();
  }
}

export type ImapRigOptions = {
  readonly tls?: Tls;
  /** More keys of the back-channel. */
  readonly keys?: string;
  /** More of the file. */
  readonly more?: string;
  readonly canary?: boolean;
  readonly password?: string;
  readonly trace?: TraceLine;
};

/** An imapd that has the canary, alice, bob, full (over quota) and damaged, all at example.jp, and a rig that asks it. */
export async function startImap(
  options: ImapRigOptions = {},
): Promise<{ imapd: ImapServer; rig: NetworkRig }> {
  const imapd = await ImapServer.listen(0, options.tls);
  afterwards(() => imapd.stop());
  for (const local of ['canary', 'alice', 'bob']) imapd.mailboxes.set(`user/${local}@example.jp`, {});
  imapd.mailboxes.set('user/full@example.jp', { quota: 'STORAGE 42 10' });
  imapd.mailboxes.set('user/damaged@example.jp', { instead: 'NO System I/O error' });
  const rig = await NetworkRig.open(imapToml(imapd.server.endpoint, options), options.trace);
  return { imapd, rig };
}

export function imapToml(endpoint: string, options: ImapRigOptions): string {
  return `
    [backchannel.cyrus]
    type = "imap"
    endpoint = "${endpoint}"
    user = "${USER}"
    password_file = "${passwordFile(options.password ?? PASSWORD)}"
    ${options.canary === false ? '' : 'canary = "canary@example.jp"'}
    ${options.keys ?? ''}
    ${options.more ?? ''}
  `;
}

export function passwordFile(password: string): string {
  const file = join(temporaryFolder(), 'password');
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  return file;
}

function now(): number {
  return performance.now();
}

function recording(lines: Line[]): Log {
  const at = (fields: object): void => {
    const { event, error } = Object(fields);
    lines.push({ event, error });
  };
  return { ...silentLog, info: at, warn: at, error: at };
}

// Builds the probes that the configuration names, each with its witness and its log lines. Used by the daemon
// and by `check`, which decides without one.
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { Access, AccessFiles } from './login-files.js';
import type {
  Config,
  CyrusBackchannelConfig,
  ImapBackchannelConfig,
  LmtpBackchannelConfig,
} from '../config/config.js';
import { ListProbe } from './list.js';
import { CreationCheck, type CreationAlarm, type Finding } from '../cyrus/lmtp/creation-check.js';
import type { TraceLine } from '../cyrus/wire/trace.js';
import type { ImapSession } from '../cyrus/imap/session.js';
import { LmtpSession } from '../cyrus/lmtp/session.js';
import { Pool } from '../cyrus/pool/pool.js';
import type { Log } from '../log/log.js';
import { FallbackProbe } from '../validation/fallback-probe.js';
import type { Probe, Route } from '../validation/probe.js';
import type { AddressRules, Recipient } from '../validation/recipient.js';
import { routeByDomain } from '../validation/routing.js';
import type { ValidatorRules } from '../validation/validator.js';
import type { Verdict } from '../validation/verdict.js';
import { Witness, type WitnessAlarm } from '../cyrus/witness/witness.js';
import * as verbs from '../log/verbs/backchannels.js';

export type BackchannelSurroundings = {
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** Every line of a dialogue, for `check`. */
  readonly trace?: TraceLine;
  /** Called where a Cyrus may have been restarted. */
  readonly restarted?: () => void;
};

export type Backchannels = {
  readonly route: Route;
  readonly probes: readonly Probe[];
  /** By the name of the back-channel: who is asked for it, itself or with its second. */
  readonly asked: ReadonlyMap<string, Probe>;
  /** What each that asks Cyrus was built from. */
  readonly origins: ReadonlyMap<Probe, Origin>;
  /** The mailbox that must exist, of each that asks Cyrus. */
  readonly witnesses: ReadonlyMap<Probe, Witness>;
  /** How a session of its own is had of each that can list mailboxes. */
  readonly listers: ReadonlyMap<Probe, () => Promise<ImapSession>>;
};

type Origin = {
  readonly backchannel: CyrusBackchannelConfig;
  readonly rules: AddressRules;
  readonly files: AccessFiles | undefined;
};

/**
 * @param former of the configuration before: what has not changed is kept, with its sessions and the witnesses that
 *   it learned, since a SIGHUP may only rotate the log. A list is read again.
 * @throws ConfigError where a list, a password or a certificate cannot be used
 */
export async function buildBackchannels(
  config: Config,
  surroundings: BackchannelSurroundings,
  former?: Backchannels,
): Promise<Backchannels> {
  const probes = new Map<string, Probe>();
  const origins = new Map<Probe, Origin>();
  const listers = new Map<Probe, () => Promise<ImapSession>>();
  const witnesses = new Map<Probe, Witness>();
  for (const backchannel of config.backchannels) {
    const { name } = backchannel;
    const rules = config.lookup.addressRules;
    if (backchannel.type === 'list') {
      probes.set(
        name,
        await ListProbe.open(
          backchannel,
          rules,
          surroundings.log,
          former?.probes.find((each) => each.name === name),
        ),
      );
      continue;
    }
    const origin = { backchannel, rules, files: await accessFilesOf(backchannel) };
    const kept = unchanged(origin, former);
    const { probe, lister, witness } =
      kept === undefined
        ? await build(origin, config, surroundings)
        : { probe: kept, lister: former?.listers.get(kept), witness: former?.witnesses.get(kept) };
    probes.set(name, probe);
    origins.set(probe, origin);
    if (lister !== undefined) listers.set(probe, lister);
    if (witness !== undefined) witnesses.set(probe, witness);
  }
  const asked = new Map<string, Probe>();
  for (const { name, second } of config.backchannels) {
    const probe = probes.get(name);
    const other = probes.get(second ?? '');
    if (probe === undefined) continue;
    asked.set(
      name,
      other === undefined ? probe : paired(probe, other, former?.asked.get(name), surroundings),
    );
  }
  const entries = config.domains.flatMap(({ domain, backchannel }) => {
    const probe = asked.get(backchannel);
    return probe === undefined ? [] : [{ domain, probe }];
  });
  const route = routeByDomain(entries, config.lookup.domainsComplete);
  return { route, probes: [...probes.values()], asked, origins, listers, witnesses };
}

/** The same pair stays the same, so that what it said stays its word. */
function paired(
  first: Probe,
  second: Probe,
  former: Probe | undefined,
  { now }: BackchannelSurroundings,
): FallbackProbe {
  const kept = former instanceof FallbackProbe && former.isOf(first, second);
  return kept ? former : new FallbackProbe(first, second, now);
}

function unchanged(origin: Origin, former: Backchannels | undefined): Probe | undefined {
  return former?.probes.find((probe) => isDeepStrictEqual(former.origins.get(probe), origin));
}

type Built = {
  readonly probe: Pool;
  readonly lister: (() => Promise<ImapSession>) | undefined;
  readonly witness: Witness;
};

/** What a session in clear and without login does not need is not loaded. */
async function accessFilesOf(backchannel: CyrusBackchannelConfig): Promise<AccessFiles | undefined> {
  if (backchannel.tls === undefined && backchannel.login === undefined) return undefined;
  const { readAccessFiles } = await import('./login-files.js');
  return readAccessFiles(backchannel);
}

async function accessOf({ backchannel, files }: Origin): Promise<Access> {
  if (files === undefined) return { login: undefined, tls: undefined };
  const { toAccess } = await import('./login-files.js');
  return toAccess(backchannel, files);
}

async function build(origin: Origin, config: Config, surroundings: BackchannelSurroundings): Promise<Built> {
  const { log, now, random, restarted } = surroundings;
  const { backchannel } = origin;
  const { name } = backchannel;
  const access = await accessOf(origin);
  const witness = new Witness(backchannel.canary, witnessAlarm(name, log));
  const poolParts = { name, log, now, random, ...(restarted === undefined ? {} : { restarted }) };
  if (backchannel.type === 'imap') {
    const lister = await imapOpener(backchannel, access, config, surroundings, witness);
    return { probe: new Pool(lister, backchannel, { ...poolParts, seesFolders: true }), lister, witness };
  }
  const open = lmtpOpener(backchannel, access, config, surroundings, witness);
  return {
    probe: new Pool(open, backchannel, { ...poolParts, seesFolders: false }),
    lister: undefined,
    witness,
  };
}

/** The part of the configuration that the validator takes. */
export function validatorRules({ lookup }: Config): ValidatorRules {
  const always = new Set(lookup.alwaysAccept);
  return {
    address: lookup.addressRules,
    deadlineMs: lookup.deadlineMs,
    eightBit: lookup.eightBit,
    alwaysAccepts: ({ local, domain }) =>
      always.size > 0 && (always.has(local) || (domain !== undefined && always.has(`${local}@${domain}`))),
  };
}

async function imapOpener(
  config: ImapBackchannelConfig,
  access: Access,
  { lookup }: Config,
  { now, trace }: BackchannelSurroundings,
  witness: Witness,
): Promise<() => Promise<ImapSession>> {
  const { ImapSession } = await import('../cyrus/imap/session.js');
  const { endpoint, strictQuota, connectTimeoutMs, replyTimeoutMs } = config;
  return () =>
    ImapSession.open({
      endpoint,
      ...access,
      rules: lookup.addressRules,
      witness,
      strictQuota,
      connectTimeoutMs,
      replyTimeoutMs,
      now,
      ...(trace === undefined ? {} : { trace }),
    });
}

function lmtpOpener(
  config: LmtpBackchannelConfig,
  access: Access,
  { domains, lookup }: Config,
  { log, now, random, trace }: BackchannelSurroundings,
  witness: Witness,
): () => Promise<LmtpSession> {
  const check = {
    domains: new Set(
      domains.flatMap(({ domain, backchannel }) => (backchannel === config.name ? [domain] : [])),
    ),
    rules: lookup.addressRules,
    alarm: creationAlarm(config.name, log),
    now,
    random,
  };
  return () =>
    LmtpSession.open({
      endpoint: config.endpoint,
      ...access,
      witness,
      creationCheck: config.autocreate === 'accept' ? undefined : new CreationCheck(check),
      connectTimeoutMs: config.connectTimeoutMs,
      replyTimeoutMs: config.replyTimeoutMs,
      now,
      clientName: hostname() || 'localhost',
      ...(trace === undefined ? {} : { trace }),
    });
}

/** A line for each change, not for each session that finds the same. */
function creationAlarm(backchannel: string, log: Log): CreationAlarm {
  const last = new Map<string, Finding>();
  return {
    found: (finding, domain, reply) => {
      const before = last.get(domain) ?? 'clean';
      if (finding === 'clean') last.delete(domain);
      else if (last.size < FINDINGS_MAX) last.set(domain, finding);
      if (finding === before) return;
      const fields = { backchannel, domain, reply };
      switch (finding) {
        case 'clean':
          verbs.creationClean(log, fields);
          return;
        case 'catch-all':
          verbs.catchAll(log, fields);
          return;
        case 'autocreate':
          verbs.autocreate(log, fields);
          return;
      }
    },
  };
}

/** Domains whose finding is remembered for the log; beyond it a line may be repeated. */
const FINDINGS_MAX = 1_000;

function witnessAlarm(backchannel: string, log: Log): WitnessAlarm {
  return {
    missing: () => verbs.witnessMissing(log, { backchannel, key: `backchannel.${backchannel}.canary` }),
    failed: (witness: Recipient, verdict: Verdict) =>
      verbs.witnessFailed(log, { backchannel, witness: witness.address, verdict: verdict.kind }),
    recovered: (witness: Recipient) => verbs.witnessRecovered(log, { backchannel, witness: witness.address }),
  };
}

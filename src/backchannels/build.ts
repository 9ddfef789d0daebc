// Builds the probes that the configuration names, and finds who is asked about a domain. What has not changed since the last
// configuration is kept. Used by the daemon and by `check`, which decides without one. Reads what the back-channels name.
import { isDeepStrictEqual } from 'node:util';
import { witnessAlarm } from './alarms.js';
import type { Access, AccessFiles } from './login-files.js';
import { ListProbe } from './list.js';
import { buildMurder, type Murder } from './murder.js';
import { imapOpener, lmtpOpener, type BackchannelSurroundings, type Basis } from './openers.js';
import type { BackchannelConfig, Config, CyrusBackchannelConfig } from '../config/config.js';
import { serversFor } from '../config/murder-servers.js';
import type { ImapSession } from '../cyrus/imap/session.js';
import { DEFAULT_POOL_LIMITS, Pool } from '../cyrus/pool/pool.js';
import { Witness } from '../cyrus/witness/witness.js';
import { AnyOfProbe } from '../validation/any-of-probe.js';
import { FallbackProbe } from '../validation/fallback-probe.js';
import type { Probe, Route } from '../validation/probe.js';
import { ReplicaProbe } from '../validation/replica-probe.js';
import { routeByDomain } from '../validation/routing.js';

/** A back-channel to Cyrus, and what it was made of. */
type CyrusBackchannel = {
  readonly basis: Basis;
  readonly probe: Pool;
  /** Answers the questions about its mailboxes: the pool, or for a replica a probe that asks the pool. */
  readonly asked: Probe;
  /** The mailbox that must exist. */
  readonly witness: Witness;
  /** The domains about which it is asked. A reload changes them, and the sessions see the change. */
  readonly domains: Set<string>;
  /** Opens another session, to list all mailboxes. Undefined for LMTP, which cannot list them. */
  readonly lister: (() => Promise<ImapSession>) | undefined;
};

export type Backchannels = {
  readonly route: Route;
  readonly probes: readonly Probe[];
  /** For the name of each back-channel, the probe that is asked. Where it has a second, the probe asks both. */
  readonly asked: ReadonlyMap<string, Probe>;
  /** For the name of each back-channel that is a list, its probe. */
  readonly lists: ReadonlyMap<string, ListProbe>;
  /** Where several servers share a domain, one probe asks all of them. */
  readonly shared: readonly AnyOfProbe[];
  readonly murders: readonly Murder[];
  readonly cyrus: readonly CyrusBackchannel[];
};

/**
 * @param former what was built of the configuration before. What would be built of the same is kept, with its sessions and the
 *   witnesses that it learned, since a SIGHUP may only rotate the log. A list is read again
 * @throws ConfigError where a list, a password or a certificate cannot be used
 */
export async function buildBackchannels(
  config: Config,
  surroundings: BackchannelSurroundings,
  former?: Backchannels,
): Promise<Backchannels> {
  const { probes, cyrus, murders, asked } = await makeAll(config, surroundings, former);
  const shared: AnyOfProbe[] = [];
  const entries = config.domains.flatMap(({ domain, backchannels: names }) => {
    const probe = serverOf(
      names.flatMap((name) => asked.get(name) ?? []),
      shared,
      former,
      surroundings,
    );
    return probe === undefined ? [] : [{ domain, probe }];
  });
  const route = routeByDomain(entries, config.lookup.domainsComplete);
  const lists = new Map(
    [...probes].flatMap(([name, probe]) => (probe instanceof ListProbe ? [[name, probe] as const] : [])),
  );
  return { route, probes: [...probes.values()], asked, lists, shared, murders, cyrus };
}

/**
 * The probe for the servers of one domain. The cache remembers each answer as the word of a probe. So the same servers keep their
 * probe at a reload, and what they said stays known.
 */
function serverOf(
  members: readonly Probe[],
  shared: AnyOfProbe[],
  former: Backchannels | undefined,
  { now }: BackchannelSurroundings,
): Probe | undefined {
  if (members.length < 2) return members[0];
  const same = (each: AnyOfProbe): boolean => each.isOf(members);
  const made = shared.find(same);
  if (made !== undefined) return made;
  const anyOf = former?.shared.find(same) ?? new AnyOfProbe(members, now);
  shared.push(anyOf);
  return anyOf;
}

type Made = {
  readonly probes: Map<string, Probe>;
  readonly askable: Map<string, Probe>;
  readonly cyrus: CyrusBackchannel[];
  readonly murders: Murder[];
};

/** If one back-channel cannot be used, those that were just made are closed, and those of the former configuration go on. */
async function makeAll(
  config: Config,
  surroundings: BackchannelSurroundings,
  former: Backchannels | undefined,
): Promise<Omit<Made, 'askable'> & Pick<Backchannels, 'asked'>> {
  const made: Made = { probes: new Map(), askable: new Map(), cyrus: [], murders: [] };
  try {
    for (const backchannel of config.backchannels)
      await make(backchannel, config, made, surroundings, former);
    const asked = askedFor(config, made, former, surroundings);
    for (const backchannel of config.backchannels) {
      if (backchannel.type !== 'mupdate') continue;
      const murder = await buildMurder(backchannel, config, asked, surroundings, former?.murders ?? []);
      made.murders.push(murder);
      made.probes.set(backchannel.name, murder.probe);
      asked.set(backchannel.name, murder.probe);
    }
    return { ...made, asked };
  } catch (error) {
    const unused = [...made.probes.values()].filter((probe) => !former?.probes.includes(probe));
    await Promise.all(unused.map((probe) => probe.close()));
    throw error;
  }
}

async function make(
  backchannel: BackchannelConfig,
  config: Config,
  { probes, askable, cyrus }: Made,
  surroundings: BackchannelSurroundings,
  former: Backchannels | undefined,
): Promise<void> {
  const { name } = backchannel;
  const rules = config.lookup.addressRules;
  if (backchannel.type === 'mupdate') return;
  if (backchannel.type === 'list') {
    const before = former?.probes.find((each) => each.name === name);
    const list = await ListProbe.open(backchannel, rules, surroundings, before);
    probes.set(name, list);
    askable.set(name, list);
    return;
  }
  const basis = { backchannel, rules, files: await accessFilesOf(backchannel) };
  const kept = former?.cyrus.find((each) => isDeepStrictEqual(each.basis, basis));
  const built = kept ?? (await build(basis, surroundings));
  serve(built, config);
  probes.set(name, built.probe);
  askable.set(name, built.asked);
  cyrus.push(built);
}

/** Tells the sessions of a back-channel about which domains it is asked now. */
function serve({ domains, probe }: CyrusBackchannel, config: Config): void {
  domains.clear();
  for (const { domain, backchannels } of config.domains)
    if (serversFor(backchannels, config).includes(probe.name)) domains.add(domain);
}

/** The probe that is asked for each back-channel. The same pair keeps its probe at a reload, so what it said stays known. */
function askedFor(
  { backchannels }: Config,
  { askable: probes }: Made,
  former: Backchannels | undefined,
  { now }: BackchannelSurroundings,
): Map<string, Probe> {
  const asked = new Map<string, Probe>();
  for (const { name, second } of backchannels) {
    const probe = probes.get(name);
    const other = probes.get(second ?? '');
    const before = former?.asked.get(name);
    if (probe === undefined) continue;
    if (other === undefined) asked.set(name, probe);
    else if (before instanceof FallbackProbe && before.isOf(probe, other)) asked.set(name, before);
    else asked.set(name, new FallbackProbe(probe, other, now));
  }
  return asked;
}

/** Reads passwords and certificates. A session without TLS and login needs none, so the code for them is not loaded then. */
async function accessFilesOf(backchannel: CyrusBackchannelConfig): Promise<AccessFiles | undefined> {
  if (backchannel.tls === undefined && backchannel.login === undefined) return undefined;
  const { readAccessFiles } = await import('./login-files.js');
  return readAccessFiles(backchannel);
}

async function accessOf({ backchannel, files }: Basis): Promise<Access> {
  if (files === undefined) return { login: undefined, tls: undefined };
  const { toAccess } = await import('./login-files.js');
  return toAccess(backchannel, files);
}

async function build(basis: Basis, surroundings: BackchannelSurroundings): Promise<CyrusBackchannel> {
  const { log, now, random, restarted } = surroundings;
  const { backchannel } = basis;
  const { name } = backchannel;
  const access = await accessOf(basis);
  const domains = new Set<string>();
  const witness = new Witness(backchannel.canaries, witnessAlarm(name, log));
  const told = restarted === undefined ? {} : { restarted };
  const parts = { name, log, now, random, judgesSize: backchannel.strictQuota, ...told };
  if (backchannel.type === 'imap') {
    const lister = await imapOpener({ ...basis, backchannel }, access, witness, surroundings);
    // A tag proves whose an answer is, but Cyrus may contradict it right afterwards. So each answer is held for a moment before
    // it is told.
    const limits = { ...backchannel, unprovenTimeoutMs: DEFAULT_POOL_LIMITS.unprovenTimeoutMs };
    const probe = new Pool(lister, limits, { ...parts, seesFolders: true });
    return { basis, witness, domains, lister, probe, asked: askedOf(probe, basis) };
  }
  const open = lmtpOpener({ ...basis, backchannel }, domains, access, witness, surroundings);
  const probe = new Pool(open, backchannel, { ...parts, asksEightBit: true });
  return { basis, witness, domains, lister: undefined, probe, asked: askedOf(probe, basis) };
}

function askedOf(probe: Probe, { backchannel }: Basis): Probe {
  return backchannel.replica ? new ReplicaProbe(probe) : probe;
}

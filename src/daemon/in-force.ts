// What a daemon is made of before it opens anything, and how a configuration is put in force. A start and a reload take the same
// way, so that after a reload the daemon is as if it had been started with that file. Reads what the configuration names.
import { performance } from 'node:perf_hooks';
import { readAlwaysAccept } from '../backchannels/always-accept.js';
import { buildBackchannels, type Backchannels } from '../backchannels/build.js';
import type { BackchannelSurroundings } from '../backchannels/openers.js';
import { validatorRules } from '../backchannels/rules.js';
import type { Config } from '../config/config.js';
import type { Log } from '../log/log.js';
import * as verbs from '../log/verbs/backchannels.js';
import { snapshotSources, type ConfiguredSource } from '../snapshots/sources.js';
import { Snapshots } from '../snapshots/snapshots.js';
import { DEFAULT_BELIEF } from '../validation/belief.js';
import { FileWatch } from '../net/file-watch.js';
import type { Proof } from '../validation/proof.js';
import { Validator } from '../validation/validator.js';
import type { VanishAlarm } from '../validation/vanished.js';
import { VerdictCache } from '../validation/verdict-cache.js';
import { Decisions } from './decisions.js';
import { Harvest, harvestAlarm } from './harvest.js';
import { HostClock } from './host-clock.js';
import { LookupLog } from './lookup-log.js';
import { Outlet } from './outlet.js';
import { Lookups, policiesOf } from './lookups.js';
import { Metrics } from './metrics.js';
import { PolicyLookups } from './policy-lookups.js';
import { vouchedFor } from './proofs.js';
import { filesOf } from './watched-files.js';

export type Heart = {
  readonly log: Log;
  readonly cache: VerdictCache;
  readonly validator: Validator;
  readonly snapshots: Snapshots;
  readonly hostClock: HostClock;
  /** Other machines, once they are there to be told. */
  readonly outlet: Outlet;
  readonly files: FileWatch;
  readonly metrics: Metrics;
  readonly lookupLog: LookupLog;
  readonly decisions: Decisions;
  readonly harvest: Harvest;
  readonly lookups: Lookups;
  readonly policyLookups: PolicyLookups;
};

/** What was made of a configuration. */
export type InForce = {
  readonly config: Config;
  readonly backchannels: Backchannels;
  readonly sources: readonly ConfiguredSource[];
};

/** Asks nobody yet. @param filesChanged called when a file of which the configuration was made has changed without a signal */
export function heartOf(config: Config, log: Log, filesChanged: () => void): Heart {
  const sets = new Set(config.domains.map(({ backchannels }) => [...backchannels].sort().join(' ')));
  const words = config.backchannels.length + sets.size;
  const cache = new VerdictCache(config.cache, DEFAULT_BELIEF, now(), words);
  const validator = new Validator(cache, () => 'unserved', validatorRules(config), now, vanishAlarm(log));
  const snapshots = new Snapshots({ beginSnapshot: () => validator.beginSnapshot(), log, now });
  const outlet = new Outlet();
  const hostClock = new HostClock({
    validator,
    changed: (mailbox) => void outlet.changed([mailbox], false),
    log,
    now,
  });
  const files = new FileWatch(filesChanged);
  const metrics = new Metrics();
  const lookupLog = new LookupLog(log, config.log.maxRefusedPerSecond, now);
  const decisions = new Decisions(config.admin.decisions, now);
  const harvest = new Harvest(domainsOf(config), config.admin.harvest, harvestAlarm(log), now);
  const hearers = { log: lookupLog, metrics, decisions, harvest, now };
  const lookups = new Lookups(validator, policiesOf(config, metrics), hearers);
  const outlook = { log, metrics, lookupLog, decisions, harvest };
  const policyLookups = new PolicyLookups(validator, config, hearers);
  return { ...outlook, cache, validator, snapshots, hostClock, outlet, files, lookups, policyLookups };
}

/**
 * @param events the proof of the back-channels whose Cyrus pushes them
 * @param former what was in force before: parts of it that have not changed are kept
 * @throws ConfigError where it cannot be used; then the former one is as it was
 */
export async function putInForce(
  config: Config,
  heart: Heart,
  events: Proof | undefined,
  former?: InForce,
): Promise<InForce> {
  const { log, cache, validator, snapshots, hostClock, metrics, lookupLog, lookups, harvest } = heart;
  const restarted = (): void => snapshots.soon();
  const forget = (mailbox: string): void => validator.forget(mailbox);
  const surroundings: BackchannelSurroundings = { log, now, random: Math.random, restarted, forget };
  const read = await filesOf(config);
  const always = await readAlwaysAccept(config);
  const backchannels = await buildBackchannels(config, surroundings, former?.backchannels);
  const { fleet } = heart.outlet;
  const admission = former && (await fleet?.readAccess(config.fleet));
  const closeFormerClock = await hostClock.configure(config);
  // From here on nothing awaits, so that no lookup sees a configuration that is only half in force.
  if (admission !== undefined) fleet?.admit(admission);
  fleet?.follow(streamsOf(config));
  const { clock } = hostClock;
  heart.outlet.tellers = { events, clock };
  const vouched = vouchedFor(config, backchannels, { events, clock, stream: (name) => fleet?.proofOf(name) });
  cache.vouchers.take(vouched, now());
  validator.reconfigure(backchannels.route, validatorRules(config, always, backchannels.lists));
  lookups.policies = policiesOf(config, metrics);
  heart.policyLookups.take(config);
  lookupLog.maxRefusedPerSecond = config.log.maxRefusedPerSecond;
  harvest.watch(domainsOf(config), config.admin.harvest);
  const sources = snapshotSources(config, backchannels, now, former?.sources);
  snapshots.reconfigure(sources, config.cache.snapshotIntervalMs);
  closeFormerClock();
  heart.files.watch(read);
  return { config, backchannels, sources };
}

function vanishAlarm(log: Log): VanishAlarm {
  return {
    vanished: (backchannel, mailboxes) => verbs.mailboxesVanished(log, { backchannel, mailboxes }),
    back: (backchannel) => verbs.mailboxesBack(log, { backchannel }),
  };
}

function streamsOf({ backchannels }: Config): ReadonlySet<string> {
  return new Set(backchannels.flatMap((each) => ('stream' in each ? (each.stream ?? []) : [])));
}

function domainsOf({ domains }: Config): ReadonlySet<string> {
  return new Set(domains.map(({ domain }) => domain));
}

/** Monotonic milliseconds. Each lookup asks some five times: the imported object is found faster than the global one. */
export function now(): number {
  return performance.now();
}

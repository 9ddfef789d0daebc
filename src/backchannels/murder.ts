// Builds the back-channels of type "mupdate" from the back-channels that ask the servers of the murder. One that is the same as in
// the last configuration is kept, with its list. Reads password files, and subscribes to the list of the mupdate master.
import { isDeepStrictEqual } from 'node:util';
import type { AccessFiles } from './login-files.js';
import type { BackchannelSurroundings } from './openers.js';
import type { Config, CyrusBackchannelConfig, MupdateBackchannelConfig } from '../config/config.js';
import type { MurderProbe } from '../cyrus/mupdate/murder-probe.js';
import type { Probe } from '../validation/probe.js';
import type { AddressRules } from '../validation/recipient.js';

/** Everything from which such a back-channel is made. */
type MurderBasis = {
  readonly backchannel: MupdateBackchannelConfig;
  readonly rules: AddressRules;
  readonly files: AccessFiles;
  /** The back-channels of its servers, whose canaries must be on the list. */
  readonly servers: readonly CyrusBackchannelConfig[];
};

export type Murder = {
  readonly basis: MurderBasis;
  /** The probes that are asked for its servers. */
  readonly asked: readonly Probe[];
  readonly probe: MurderProbe;
};

/**
 * @param asked the probes, by the names of their back-channels
 * @throws ConfigError where a password cannot be used
 */
export async function buildMurder(
  backchannel: MupdateBackchannelConfig,
  { lookup, backchannels }: Config,
  asked: ReadonlyMap<string, Probe>,
  surroundings: BackchannelSurroundings,
  former: readonly Murder[],
): Promise<Murder> {
  const { readAccessFiles } = await import('./login-files.js');
  const names = [...backchannel.servers.values()];
  const servers = backchannels.filter(isCyrus).filter(({ name }) => names.includes(name));
  const rules = lookup.addressRules;
  const basis = { backchannel, rules, files: await readAccessFiles(backchannel), servers };
  const probes = names.flatMap((name) => asked.get(name) ?? []);
  const kept = former.find((each) => isDeepStrictEqual(each.basis, basis) && sameProbes(each.asked, probes));
  return kept ?? { basis, asked: probes, probe: await open(basis, asked, surroundings) };
}

function isCyrus(backchannel: Config['backchannels'][number]): backchannel is CyrusBackchannelConfig {
  return backchannel.type === 'lmtp' || backchannel.type === 'imap';
}

function sameProbes(some: readonly Probe[], others: readonly Probe[]): boolean {
  return some.length === others.length && some.every((probe, index) => probe === others[index]);
}

async function open(
  { backchannel, rules, files, servers }: MurderBasis,
  asked: ReadonlyMap<string, Probe>,
  { log, now, random, trace, forget }: BackchannelSurroundings,
): Promise<MurderProbe> {
  const [{ toAccess }, { Subscription }, { MurderProbe }, { mailboxesOf }] = await Promise.all([
    import('./login-files.js'),
    import('../cyrus/mupdate/subscription.js'),
    import('../cyrus/mupdate/murder-probe.js'),
    import('../cyrus/mailbox-list/names.js'),
  ]);
  const { name, endpoint, connectTimeoutMs, replyTimeoutMs, listTimeoutMs } = backchannel;
  const { login } = toAccess(backchannel, files);
  if (login === undefined) throw new Error(`backchannel.${name} has no login`);
  const subscription = new Subscription({
    ...backchannel,
    access: {
      endpoint,
      login,
      connectTimeoutMs,
      replyTimeoutMs,
      listTimeoutMs,
      ...(trace === undefined ? {} : { trace }),
    },
    servers: new Set(backchannel.servers.keys()),
    changed: (changed) => {
      for (const mailbox of mailboxesOf(changed, 'dotted', rules)) forget?.(mailbox);
    },
    log,
    now,
    random,
  });
  const members = [...backchannel.servers].flatMap(([server, each]) => {
    const probe = asked.get(each);
    const canaries = servers.find((one) => one.name === each)?.canaries ?? [];
    return probe === undefined ? [] : [{ name: server, probe, canaries }];
  });
  return new MurderProbe(name, subscription, members, now);
}

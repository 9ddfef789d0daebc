// Which proof each back-channel has, and how long it is believed by that: what the configuration says of the Cyrus behind
// it. No I/O.
import { beliefOf, toldByFleet } from './belief.js';
import { hosted } from './host-clock.js';
import type { Backchannels } from '../backchannels/build.js';
import { ListProbe } from '../backchannels/list.js';
import type { BackchannelConfig, Config, CyrusBackchannelConfig, EventsConfig } from '../config/config.js';
import { isLocal } from '../net/endpoint.js';
import { listsEverything } from '../snapshots/sources.js';
import { AGE } from '../validation/age-proof.js';
import type { Belief } from '../validation/belief.js';
import { joinProofs, proofOfAll } from '../validation/joined-proof.js';
import type { Probe } from '../validation/probe.js';
import type { Proof } from '../validation/proof.js';
import type { Vouched } from '../validation/vouchers.js';

/** What tells of changes; without it only the age of an answer counts. */
export type Tellers = {
  /** Undefined where there is no listener for events. */
  readonly events: Proof | undefined;
  /** Undefined where the Cyrus on this machine has no clock. */
  readonly clock: Proof | undefined;
  /** Of the Cyrus of which a stream of another daemon tells. */
  readonly stream?: (name: string) => Proof | undefined;
};

/** Each back-channel that is asked about domains, with its proof and its belief; those that share a domain also together. */
export function vouchedFor(config: Config, backchannels: Backchannels, tellers: Tellers): Vouched[] {
  const each = vouchedForEach(config, backchannels, tellers);
  const together = backchannels.shared.map((probe) =>
    vouchedTogether(
      probe,
      probe.members.flatMap((member) => each.filter((vouched) => vouched.probe === member)),
    ),
  );
  return [...each, ...together];
}

/** For what several servers said together: it is believed no longer than the word of any one of them. */
function vouchedTogether(probe: Probe, members: readonly Vouched[]): Vouched {
  const least = (key: keyof Belief): number => Math.min(...members.map(({ belief }) => belief[key]));
  const words = members.flatMap(({ word }) => word ?? []).sort();
  return {
    probe,
    ...(words.length === members.length ? { word: JSON.stringify(words) } : {}),
    proof: proofOfAll(members.map(({ proof }) => proof)),
    belief: {
      knownMs: least('knownMs'),
      freshMs: least('freshMs'),
      negativeMs: least('negativeMs'),
      unprovenNegativeMs: least('unprovenNegativeMs'),
      overQuotaMs: least('overQuotaMs'),
      staleMs: least('staleMs'),
    },
  };
}

function vouchedForEach(
  config: Config,
  { asked, lists, murders }: Backchannels,
  { events, clock, stream }: Tellers,
): Vouched[] {
  const pushing = config.events === undefined ? [] : pushers(config.events, config.backchannels);
  const hostedNames = hosted(config);
  const listed = listsEverything(config);
  return config.backchannels.flatMap((backchannel) => {
    const probe = asked.get(backchannel.name);
    if (probe === undefined) return [];
    const also = (backchannel.also ?? []).flatMap((name) => lists.get(name) ?? []);
    const unsure = also.length === 0 ? undefined : unlessEmpty(also);
    if (backchannel.type === 'list') {
      const own = [probe instanceof ListProbe ? probe.proof : AGE, unsure];
      const proof = joinProofs(own.filter((each) => each !== undefined));
      return [{ probe, proof, belief: beliefOf(config.cache, undefined, false) }];
    }
    if (backchannel.type === 'mupdate') {
      const own = murders.find((each) => each.probe === probe)?.probe.proof;
      const proof = joinProofs([own, unsure].filter((each) => each !== undefined));
      const { name, endpoint, servers } = backchannel;
      const word = JSON.stringify([name, endpoint, [...servers]]);
      return [{ probe, word, proof, belief: beliefOf(config.cache, undefined, false) }];
    }
    const told = events !== undefined && pushing.includes(backchannel.name);
    const followed = backchannel.stream === undefined ? undefined : stream?.(backchannel.stream);
    const pushed = told ? config.events : followed && toldByFleet(config.cache);
    const belief = beliefOf(config.cache, pushed, listed);
    const seen = hostedNames.includes(backchannel.name) ? clock : undefined;
    const moved = murders.flatMap((murder) =>
      murder.asked.includes(probe) ? toldBy(murder.probe.proof) : [],
    );
    const proofs = [told ? events : undefined, seen, followed, unsure, ...moved];
    return [
      {
        probe,
        word: wordOf(backchannel, config),
        proof: joinProofs(proofs.filter((proof) => proof !== undefined)),
        belief,
      },
    ];
  });
}

/** Of a server of a murder: what was said before the master's list was asked for is outdated; its "no" is not the master's. */
function toldBy(murder: Proof): Proof {
  return { ...AGE, floor: (now) => murder.floor(now), describe: () => murder.describe() };
}

/** For lists of aliases: while one of them is empty, nobody knows whether a name that Cyrus denies is an alias. */
function unlessEmpty(lists: readonly ListProbe[]): Proof {
  return {
    ...AGE,
    describe: () => `also ${lists.map(({ name }) => name).join(', ')}`,
    get deferUnknown() {
      return lists.some(({ isEmpty }) => isEmpty);
    },
  };
}

/** The back-channels whose Cyrus pushes its events to us: as configured, else those that can be on this machine. */
export function pushers(events: EventsConfig, backchannels: readonly BackchannelConfig[]): readonly string[] {
  if (events.backchannels !== undefined) return events.backchannels;
  const cyrus = backchannels.filter((each) => each.type === 'lmtp' || each.type === 'imap');
  const local = cyrus.filter(({ endpoint }) => isLocal(endpoint));
  if (local.length > 0) return local.map(({ name }) => name);
  const hosts = new Set(cyrus.map(hostOf));
  return hosts.size === 1 ? cyrus.map(({ name }) => name) : [];
}

/** Whose word an answer is: that of this Cyrus, and of the one that steps in for it. */
function wordOf(backchannel: CyrusBackchannelConfig, { backchannels }: Config): string | undefined {
  const second = backchannels.find(({ name }) => name === backchannel.second);
  if (second?.type === 'list' || second?.type === 'mupdate') return undefined;
  return JSON.stringify([backchannel, second].map((each) => each && [each.name, each.type, each.endpoint]));
}

function hostOf({ endpoint }: CyrusBackchannelConfig): string {
  return endpoint.kind === 'unix' ? '' : endpoint.host.toLowerCase();
}

// What a successor is told of mailboxes that the old process knew to exist, for back-channels without a canary: names only. They prove
// nothing: each is asked about anew, before and after whatever it is to vouch for. No I/O.
import type { Backchannels } from '../backchannels/build.js';
import { parseKey, type AddressRules, type Recipient } from '../validation/recipient.js';

type Cyrus = Backchannels['cyrus'][number];
type Learning = {
  readonly probe: Pick<Cyrus['probe'], 'name'>;
  readonly witness: Pick<Cyrus['witness'], 'learned' | 'learn'>;
};

/** Addresses by the names of the back-channels, the one confirmed last at the end. */
export type LearnedWitnesses = Readonly<Record<string, readonly string[]>>;

export function learnedWitnesses(cyrus: readonly Learning[]): LearnedWitnesses {
  return Object.fromEntries(
    cyrus.map(({ probe, witness }) => [
      probe.name,
      witness.learned.filter(isPlainUser).map(({ address }) => address),
    ]),
  );
}

/** @param told what another process says; whatever is not as it should be is left out */
export function learnAgain(told: LearnedWitnesses, cyrus: readonly Learning[], rules: AddressRules): void {
  for (const { probe, witness } of cyrus) {
    if (!Object.hasOwn(told, probe.name)) continue;
    for (const address of told[probe.name] ?? []) {
      const parsed = parseKey(address, rules);
      if (parsed.kind === 'recipient' && isPlainUser(parsed.recipient)) witness.learn(parsed.recipient);
    }
  }
}

/** Others are judged by more than their address. */
function isPlainUser({ plain, detail, shared, folder, messageBytes }: Recipient): boolean {
  return plain && detail === undefined && !shared && !folder && messageBytes === undefined;
}

// What back-channels tell of their witnesses and of lmtpd's doings with unknown names, in the log: a line for each change. No
// I/O of its own.
import type { CreationAlarm, Finding } from '../cyrus/lmtp/creation-check.js';
import type { WitnessAlarm } from '../cyrus/witness/witness.js';
import type { Log } from '../log/log.js';
import * as verbs from '../log/verbs/backchannels.js';

/** Domains whose finding is remembered for the log; beyond it a line may be repeated. */
const FINDINGS_MAX = 1_000;

/** A line for each change, not for each session that finds the same. */
export function creationAlarm(backchannel: string, log: Log): CreationAlarm {
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

export function witnessAlarm(backchannel: string, log: Log): WitnessAlarm {
  return {
    missing: () => verbs.witnessMissing(log, { backchannel, key: `backchannel.${backchannel}.canary` }),
    failed: (witness, verdict) =>
      verbs.witnessFailed(log, { backchannel, witness: witness.address, verdict: verdict.kind }),
    recovered: (witness) => verbs.witnessRecovered(log, { backchannel, witness: witness.address }),
  };
}

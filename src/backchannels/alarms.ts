// Writes to the log what back-channels find out about their witnesses, and about what lmtpd does with names that do not exist: one
// line for each change. No other I/O.
import type { CreationAlarm, Finding } from '../cyrus/lmtp/creation-check.js';
import type { WitnessAlarm } from '../cyrus/witness/witness.js';
import type { Log } from '../log/log.js';
import * as verbs from '../log/verbs/backchannels.js';

/** For how many domains the last finding is remembered. Where there are more, lines may be repeated. */
const FINDINGS_MAX = 1_000;

/** Logs a finding only where it differs from the last one, since each session finds the same anew. */
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

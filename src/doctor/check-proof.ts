// Judges on what a remembered "no" rests: only a clock, events, or a stream would tell that the mailbox was created meanwhile. And how the
// clock and the list of mailboxes of the running daemon stand, which no file shows. No I/O.
import type { Config } from '../config/config.js';
import { NOT_LOOKED_YET } from '../cyrus/mailbox-list/clock.js';
import { hosted } from '../daemon/host-clock.js';
import { pushers } from '../daemon/proofs.js';
import type { RunningProofs } from './ask-daemon.js';
import type { Finding } from './finding.js';
import type { Picture } from './picture.js';

export function checkProof({ config, running }: Picture): Finding[] {
  return [...checkNegative(config), ...(running === undefined ? [] : checkRunning(config, running))];
}

function checkNegative(config: Config): Finding[] {
  const { negativeTtlMs } = config.cache;
  if (negativeTtlMs === undefined || negativeTtlMs === 0) return [];
  const { backchannels, events, cyrus, host } = config;
  const told = events === undefined ? [] : pushers(events, backchannels);
  const seen = cyrus.clock && host?.list !== undefined ? hosted(config) : [];
  const unproven = backchannels
    .filter((each) => each.type !== 'list' && !('stream' in each && each.stream !== undefined))
    .map(({ name }) => name)
    .filter((name) => !told.includes(name) && !seen.includes(name));
  if (unproven.length === 0) return [];
  const seconds = negativeTtlMs / 1000;
  return [
    {
      check: 'proof.negative',
      severity: 'error',
      where: fileOf(config),
      what: `cache.negative_ttl is ${seconds}s, and nothing tells of a new mailbox of ${unproven.join(', ')}`,
      why: `who asks for a mailbox before it is made makes it a 550 for up to ${seconds}s after, and letters to it are lost; without it Cyrus is asked each time, in batches, some 30 µs each`,
      mend: 'in cyrusmapd.toml, [cache]: take out negative_ttl; or let Cyrus push its events to us, or run on its host',
    },
  ];
}

function checkRunning(config: Config, { clock, directory }: RunningProofs): Finding[] {
  const where = config.host?.list?.path ?? fileOf(config);
  const findings: Finding[] = [];
  const tell = (
    check: string,
    severity: Finding['severity'],
    what: string,
    why: string,
    mend: string,
  ): void => void findings.push({ check, severity, where, what, why, mend });
  const reason = clock?.reason ?? 'for a reason that the log has';
  if (clock?.standing === 'deferring') {
    tell(
      'proof.deferring',
      'error',
      `the running daemon calls nobody unknown: ${reason}`,
      'a Cyrus without its list says 550 for everybody; until it is there, unknown recipients are deferred',
      'see to the file; the daemon goes on by itself once it is there',
    );
  }
  if (clock?.standing === 'off') {
    tell(
      'proof.clock',
      'error',
      `the running daemon does not believe the list as its clock: ${reason}`,
      'a mailbox that was deleted may be accepted for up to cache.known_ttl, and no "no" is remembered',
      'see that imapd.conf names the list that lmtpd uses, and restart the daemon; else cyrus.clock = false',
    );
  }
  if (clock?.standing === 'limited' && clock.reason !== NOT_LOOKED_YET) {
    tell(
      'proof.clock',
      'warning',
      `the running daemon vouches for no "no" by the list: ${reason}`,
      'each question about an unknown mailbox goes to Cyrus',
      'give its user the right to search the folder (group mail on Debian), or leave it as it is',
    );
  }
  const wanted = config.cyrus.directory;
  if (wanted && (directory === undefined || directory.standing === 'off')) {
    tell(
      'proof.directory',
      'warning',
      `cyrus.directory is set, and the running daemon does not answer by the list: ${directory?.reason ?? 'see directory-off in its log'}`,
      'Cyrus is asked about each mailbox that is not remembered, as without it',
      'in cyrusmapd.toml, [cyrus]: take out directory; or mend what it says, and restart the daemon',
    );
  }
  return findings;
}

function fileOf({ file }: Config): string {
  return file ?? 'the built-in configuration';
}

// Whether this daemon and those on other machines can tell each other what changed: Valkey as it answered, the rights of our user,
// and who publishes. What each finding rests on is in docs/several-machines.md. No I/O.
import type { Config, FleetConfig } from '../config/config.js';
import type { StreamSeen, Survey } from '../fleet/survey.js';
import type { FleetAnswer } from './ask-fleet.js';
import type { Finding } from './finding.js';
import type { Picture } from './picture.js';

const TABLE = '[fleet] in cyrusmapd.toml';
const NO_LEASE = 'there is no lease: Cyrus is asked about each mailbox, and no "no" is remembered';

/** As docs/several-machines.md has them. */
const RIGHTS = {
  publisher:
    '~cyrusmapd:* resetchannels &cyrusmapd:*:acknowledgements -@all +get +set +del +xadd +zadd +zcard +zrange +zremrangebyscore +pexpire +subscribe',
  follower:
    '%R~cyrusmapd:*:stream %R~cyrusmapd:*:beacon %RW~cyrusmapd:*:questions %W~cyrusmapd:*:followers:* resetchannels &cyrusmapd:*:acknowledgements -@all +get +xread +incr +zadd +publish',
  both: '~cyrusmapd:* resetchannels &cyrusmapd:*:acknowledgements -@all +get +set +del +xadd +zadd +zcard +zrange +zremrangebyscore +pexpire +subscribe +xread +incr +publish',
};

export function checkFleet({ config, fleet: answer }: Picture): Finding[] {
  const { fleet } = config;
  if (fleet === undefined) return [];
  return [
    ...checkClear(fleet),
    ...checkRemembered(config),
    ...(answer === undefined ? [] : checkAnswer(answer, fleet, config)),
  ];
}

/** Whoever is killed cannot say that it stops: until leases are over, nobody tells of a new mailbox. */
function checkRemembered({ backchannels, cache }: Config): Finding[] {
  const follows = backchannels.some((each) => 'stream' in each && each.stream !== undefined);
  const { negativeTtlMs } = cache;
  if (!follows || negativeTtlMs === undefined || negativeTtlMs === 0) return [];
  return [
    {
      check: 'fleet.negative',
      severity: 'warning',
      where: '[cache] in cyrusmapd.toml',
      what: `a "no" is remembered here for ${negativeTtlMs} ms, and the daemon beside Cyrus tells of new mailboxes`,
      why: 'when that daemon is killed (kill -9, no memory), a mailbox that is made before the lease is over, in the next second, is denied from memory to whoever asked for it shortly before: a 550',
      mend: 'in cyrusmapd.toml, [cache]: no negative_ttl, unless floods of unknown names are worse',
    },
  ];
}

/** The password crosses the network, and whoever is on the way can write what makes followers believe. */
function checkClear({ url, user }: FleetConfig): Finding[] {
  if (url.tls || /^(?:localhost|127\.[\d.]+|::1)$/i.test(url.host)) return [];
  const password = user === undefined ? '' : `the password of ${user}, and `;
  return [
    {
      check: 'fleet.clear',
      severity: 'warning',
      where: TABLE,
      what: `${urlOf(url)} is another machine, and is asked without TLS`,
      why: `whoever is on the way can read ${password}what is told, and can make followers believe for longer`,
      mend: `let Valkey listen with TLS; then in cyrusmapd.toml, [fleet]: url = "${urlOf({ ...url, tls: true })}", and ca_file where its certificate is your own`,
    },
  ];
}

function checkAnswer(answer: FleetAnswer, fleet: FleetConfig, config: Config): Finding[] {
  switch (answer.kind) {
    case 'unread':
      return [
        {
          check: 'fleet.file',
          severity: 'error',
          where: TABLE,
          what: answer.error,
          why: 'the daemon does not start',
          mend: 'give the file to the user of the daemon, closed to others where it holds a secret (mode 0600 or 0640)',
        },
      ];
    case 'away':
      return [away(answer.error, fleet)];
    case 'refused':
      return [refused(answer.error, fleet, aclLine(config))];
    case 'seen':
      return [...checkRights(answer, fleet, aclLine(config)), ...answer.streams.flatMap(checkStream)];
  }
}

function away(error: string, { url }: FleetConfig): Finding {
  const untrusted = url.tls && /certificate|altname/i.test(error);
  return {
    check: 'fleet.down',
    severity: 'error',
    where: urlOf(url),
    what: `Valkey cannot be used: ${error}`,
    why: NO_LEASE,
    mend: untrusted
      ? `in cyrusmapd.toml, [fleet]: ca_file = "FILE", with the certificates of whom is trusted; server_name, where the certificate is for another name than ${url.host}`
      : `start Valkey, or open the way to it; in cyrusmapd.toml, [fleet]: url says where it is`,
  };
}

function refused(error: string, fleet: FleetConfig, acl: string): Finding {
  const { passwordFile } = fleet;
  const file =
    passwordFile === undefined
      ? 'in cyrusmapd.toml, [fleet]: user and password_file'
      : `the first line of ${passwordFile} must be the password of ${userOf(fleet)}`;
  return {
    check: 'fleet.login',
    severity: 'error',
    where: TABLE,
    what: `Valkey at ${urlOf(fleet.url)} does not let ${userOf(fleet)} in: ${error}`,
    why: NO_LEASE,
    mend: `${file}; in the ACL of Valkey: ${acl}`,
  };
}

function checkRights({ denied, excess }: Survey, fleet: FleetConfig, acl: string): Finding[] {
  const findings: Finding[] = [];
  if (denied.length > 0)
    findings.push({
      check: 'fleet.denied',
      severity: 'error',
      where: urlOf(fleet.url),
      what: `${userOf(fleet)} may not use ${denied.join(', ')}`,
      why: NO_LEASE,
      mend: `in the ACL of Valkey: ${acl}`,
    });
  if (excess.length > 0)
    findings.push({
      check: 'fleet.excess',
      severity: 'warning',
      where: urlOf(fleet.url),
      what: `${userOf(fleet)} may do more than it needs: ${excess.join(', ')}`,
      why: 'whoever has its password can change what others keep in Valkey, and can make followers believe for longer',
      mend:
        fleet.user === undefined
          ? `in the ACL of Valkey: ${acl}; in cyrusmapd.toml, [fleet]: that user, and its password_file`
          : `in the ACL of Valkey: ${acl}`,
    });
  return findings;
}

function checkStream({ name, role, standing }: StreamSeen): Finding[] {
  switch (standing) {
    case 'heard':
      return [];
    case 'silent':
      return [
        {
          check: 'fleet.silent',
          severity: 'warning',
          where: TABLE,
          what: `no publisher of the stream ${name} is heard`,
          why: NO_LEASE,
          mend:
            role === 'publisher'
              ? 'start the daemon here; where it runs, its log has the reason: fleet-trouble'
              : `on the machine of that Cyrus, in cyrusmapd.toml, [fleet]: publish = "${name}"; where it is so, the log there has the reason: fleet-trouble`,
        },
      ];
    case 'contested':
      return [
        {
          check: 'fleet.twice',
          severity: 'error',
          where: TABLE,
          what: `the stream ${name} has two publishers`,
          why: `followers believe neither: ${NO_LEASE}`,
          mend: `take publish = "${name}" out of the configuration of one of them, or give it a name of its own, which its followers have as stream`,
        },
      ];
  }
}

/** The line that gives our user what it needs, and no more. */
function aclLine({ fleet, backchannels }: Config): string {
  const follows = backchannels.some((each) => 'stream' in each && each.stream !== undefined);
  const publisher = follows ? 'both' : 'publisher';
  const role = fleet?.publish === undefined ? 'follower' : publisher;
  const name = fleet?.user ?? (role === 'follower' ? 'cyrusmapd-follow' : 'cyrusmapd-publish');
  return `user ${name} on >PASSWORD ${RIGHTS[role]}`;
}

function userOf({ user }: FleetConfig): string {
  return user === undefined ? 'the default user' : `user ${user}`;
}

/** It holds no secret: none may be written there. */
function urlOf({ tls, host, port }: FleetConfig['url']): string {
  return `valkey${tls ? 's' : ''}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

// The back-channels as they answered, and as cyrus.conf(5) has them: Cyrus is there, its canary exists, lmtpd has
// room for deliveries beside us, and no smmapd sits on our socket. No I/O.
import type { BackchannelConfig } from '../config/config.js';
import { formatEndpoint, type Endpoint } from '../net/endpoint.js';
import { catchesAll, makesMailboxes } from './check-imapd.js';
import type { CyrusConf, CyrusService } from './cyrus-files.js';
import type { Finding } from './finding.js';
import type { BackchannelAnswer, Picture } from './picture.js';

/** Of lmtpd's maxchild that may be ours: the rest delivers mail. */
const SHARE_MAX = 1 / 2;

export function checkBackchannels({ backchannels, cyrusConf, imapdConf, config }: Picture): Finding[] {
  // What imapd.conf says is told of there; lmtpd may run elsewhere, or with another file.
  const told = { 'catch-all': catchesAll(imapdConf), autocreate: makesMailboxes(imapdConf) };
  return [
    ...backchannels.flatMap(checkAnswer),
    ...backchannels.flatMap((each) =>
      each.creation === undefined || told[each.creation] ? [] : [noRefusal(each.backchannel, each.creation)],
    ),
    ...backchannels.flatMap(({ backchannel }) => checkRoom(backchannel, cyrusConf)),
    ...leftOver(cyrusConf, config.socketmap.listen),
  ];
}

function checkAnswer({ backchannel, error, canary, creation }: BackchannelAnswer): Finding[] {
  if (backchannel.type === 'list' || creation !== undefined) return [];
  const endpoint = formatEndpoint(backchannel.endpoint);
  if (error !== undefined) return [notAnswering(backchannel, endpoint, error)];
  const key = `[backchannel.${backchannel.name}]`;
  if (backchannel.canary === undefined) {
    return [
      {
        check: 'backchannel.canary',
        severity: 'warning',
        where: `${key} in cyrusmapd.toml`,
        what: `${backchannel.name} has no canary`,
        why: 'until some mailbox is confirmed after a start, recipients who do not exist are deferred',
        mend: `in cyrusmapd.toml, ${key}: canary = "postmaster@example.jp", a mailbox that always exists`,
      },
    ];
  }
  if (canary === undefined || canary.kind === 'deliverable' || canary.kind === 'overquota') return [];
  const reason = canary.kind === 'deferred' ? `: ${canary.reason}` : '';
  return [
    {
      check: 'backchannel.canary',
      severity: 'error',
      where: `${key} in cyrusmapd.toml`,
      what: `the canary ${backchannel.canary.address} is ${canary.kind}${reason}`,
      why: 'no recipient who does not exist is refused: 451 for all of them',
      mend: `create the mailbox user/${backchannel.canary.address}, or name one that always exists`,
    },
  ];
}

function notAnswering({ name, type }: BackchannelConfig, endpoint: string, error: string): Finding {
  const login = type === 'imap' ? 'user must be among its admins' : 'lmtpd needs -a on TCP';
  return {
    check: 'backchannel.down',
    severity: 'error',
    where: endpoint,
    what: `back-channel ${name} does not answer: ${error}`,
    why: 'who is not known already is deferred with 451',
    mend: `start Cyrus, or let its service ${type} listen where [backchannel.${name}] asks; ${login}`,
  };
}

function noRefusal({ name }: BackchannelConfig, creation: 'catch-all' | 'autocreate'): Finding {
  return creation === 'catch-all'
    ? {
        check: 'backchannel.catchall',
        severity: 'error',
        where: `[backchannel.${name}] in cyrusmapd.toml`,
        what: `Cyrus behind ${name} takes mail for a name that cannot exist`,
        why: 'no recipient is ever refused',
        mend: "take lmtp_catchall_mailbox out of that Cyrus' imapd.conf, and restart it",
      }
    : {
        check: 'backchannel.autocreate',
        severity: 'error',
        where: `[backchannel.${name}] in cyrusmapd.toml`,
        what: `Cyrus behind ${name} may make the mailboxes that it is asked about`,
        why: 'it is not asked then: 451 for everybody who is not known already',
        mend: "autocreate_post: no in that Cyrus' imapd.conf, and restart it",
      };
}

function checkRoom(backchannel: BackchannelConfig, conf: CyrusConf | undefined): Finding[] {
  if (backchannel.type === 'list' || conf === undefined) return [];
  const service = conf.services.find(({ listen }) => listensOn(listen, backchannel.endpoint));
  const max = service?.maxChildren;
  if (service === undefined || max === undefined || backchannel.connections <= max * SHARE_MAX) return [];
  return [
    {
      check: 'backchannel.maxchild',
      severity: backchannel.connections < max ? 'warning' : 'error',
      where: `${conf.path}:${service.line}`,
      what: `${service.name} has maxchild=${max}, and [backchannel.${backchannel.name}] takes ${backchannel.connections} of them`,
      why: 'beyond maxchild a delivery waits without a word, until one of ours has been idle for a minute',
      mend: `${service.name}: maxchild=${Math.max(20, backchannel.connections * 10)}`,
    },
  ];
}

function leftOver(conf: CyrusConf | undefined, listeners: readonly Endpoint[]): Finding[] {
  if (conf === undefined) return [];
  return conf.services
    .filter((service) => isSmmapd(service) && listeners.some((each) => listensOn(service.listen, each)))
    .map((service) => ({
      check: 'cyrus.smmapd',
      severity: 'error',
      where: `${conf.path}:${service.line}`,
      what: `service ${service.name} runs smmapd on our socket ${service.listen}`,
      why: "whoever of the two starts last takes the socket, and smmapd's PERM is a 550",
      mend: `put a # before the line of ${service.name}, and send SIGHUP to Cyrus' master`,
    }));
}

function isSmmapd({ command }: CyrusService): boolean {
  return /(?:^|\/)smmapd$/.test(command.trim().split(/\s+/)[0] ?? '');
}

/** `listen` is a path, `port`, `host:port` or `[address]:port`. */
function listensOn(listen: string, endpoint: Endpoint): boolean {
  if (endpoint.kind === 'unix') return listen === endpoint.path;
  const match = /^(?:(.*):)?(\d+)$/.exec(listen);
  if (match === null || Number(match[2]) !== endpoint.port) return false;
  const host = match[1]?.replace(/^\[(.*)\]$/, '$1');
  return host === undefined || host === endpoint.host || endpoint.host === 'localhost';
}

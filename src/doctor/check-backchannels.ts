// The back-channels as they answered, and as cyrus.conf(5) has them: Cyrus is there, its canary exists, lmtpd has
// room for deliveries beside us, and no smmapd sits on our socket. No I/O.
import type { BackchannelConfig } from '../config/config.js';
import { checkMaster } from './check-mupdate.js';
import type { CyrusConf } from '../cyrus/conf/cyrus-conf.js';
import { formatEndpoint, type Endpoint } from '../net/endpoint.js';
import { catchesAll, makesMailboxes } from './check-imapd.js';
import type { Finding } from './finding.js';
import { listensOn } from './listens-on.js';
import type { BackchannelAnswer, Picture } from './picture.js';
import type { Recipient } from '../validation/recipient.js';
import type { Verdict } from '../validation/verdict.js';

/** The share of lmtpd's maxchild that we may take: the rest delivers mail. */
const SHARE_MAX = 1 / 2;

export function checkBackchannels({ backchannels, cyrusConf, imapdConf, config }: Picture): Finding[] {
  // Where imapd.conf says it, that is a finding of its own. But lmtpd may run elsewhere, or with another file.
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

function checkAnswer(answer: BackchannelAnswer): Finding[] {
  const { backchannel, error, canary, lacks, creation } = answer;
  if (backchannel.type === 'mupdate') return checkMaster(backchannel, answer);
  if (backchannel.type === 'list' || creation !== undefined) return [];
  const endpoint = formatEndpoint(backchannel.endpoint);
  if (error !== undefined) return [notAnswering(backchannel, endpoint, error)];
  const key = `[backchannel.${backchannel.name}]`;
  if (backchannel.canaries.length === 0) {
    return [
      {
        check: 'backchannel.canary',
        severity: 'warning',
        where: `${key} in cyrusmapd.toml`,
        what: `${backchannel.name} has no canary`,
        why: 'until some mailbox is confirmed after a start, recipients who do not exist are deferred',
        mend: `in cyrusmapd.toml, ${key}: canary = "postmaster@example.jp"; or another mailbox that always exists`,
      },
    ];
  }
  const [first] = backchannel.canaries;
  const asked = lacks ?? first;
  if (canary === undefined || asked === undefined) return [];
  const { kind } = canary;
  return kind === 'deliverable' || kind === 'overquota' ? [] : [missingCanary(key, asked, canary)];
}

/**
 * Creating the canary is never advised: where mailboxes.db was lost, its absence is what tells us not to believe that Cyrus. With
 * the canary there again, every other mailbox would be a 550.
 */
function missingCanary(key: string, { address }: Recipient, verdict: Verdict): Finding {
  const reason = verdict.kind === 'deferred' ? `: ${verdict.reason}` : '';
  return {
    check: 'backchannel.canary',
    severity: 'error',
    where: `${key} in cyrusmapd.toml`,
    what: `the canary ${address} is ${verdict.kind}${reason}`,
    why: 'no recipient who does not exist is refused: 451 for all of them',
    mend:
      `if it was deleted or renamed, or never existed: in cyrusmapd.toml, ${key}: canary = a mailbox that exists; else ` +
      'mailboxes.db is lost or another one: do NOT create the canary, which turns each 451 into 550 for everybody whose ' +
      'mailbox is missing too; stop Cyrus, and do not start it without its list, since each start pushes a good copy out ' +
      'of db.backup1 and db.backup2; put the larger of these copies back, or a dump by ctl_mboxlist -u < DUMP; ' +
      'docs/troubleshooting.md has the commands',
  };
}

function notAnswering({ name, type }: BackchannelConfig, endpoint: string, error: string): Finding {
  return {
    check: 'backchannel.down',
    severity: 'error',
    where: endpoint,
    what: `back-channel ${name} does not answer: ${error}`,
    why: 'who is not known already is deferred with 451',
    mend: mendOf(error, type, `[backchannel.${name}]`),
  };
}

/** The mend depends on what was said: where the login was refused, for example, Cyrus need not be started. */
function mendOf(error: string, type: BackchannelConfig['type'], key: string): string {
  if (/\blogin with \S+ refused\b/.test(error))
    return `put the right password into the password_file of ${key}, or change that of the account in Cyrus; then cyrusmapd reload`;
  if (error.includes('its certificate has expired'))
    return 'renew the certificate that tls_server_cert in imapd.conf of that Cyrus names, and restart that Cyrus';
  if (error.includes('its certificate is '))
    return `let ca_file and server_name in ${key} agree with the certificate that tls_server_cert in imapd.conf of that Cyrus names; then cyrusmapd reload`;
  const login = type === 'imap' ? 'user must be among its admins' : 'lmtpd needs -a on TCP';
  return `start Cyrus, or let its service ${type} listen where ${key} asks; ${login}`;
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
  if (backchannel.type === 'list' || backchannel.type === 'mupdate' || conf === undefined) return [];
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
      mend: `at ${conf.path}:${service.line} write maxchild=${Math.max(20, backchannel.connections * 10)} in the place of maxchild=${max}, and restart Cyrus`,
    },
  ];
}

function leftOver(conf: CyrusConf | undefined, listeners: readonly Endpoint[]): Finding[] {
  if (conf === undefined) return [];
  return conf.services
    .filter(
      (service) => service.program === 'smmapd' && listeners.some((each) => listensOn(service.listen, each)),
    )
    .map((service) => ({
      check: 'cyrus.smmapd',
      severity: 'error',
      where: `${conf.path}:${service.line}`,
      what: `service ${service.name} runs smmapd on our socket ${service.listen}`,
      why: "whoever of the two starts last takes the socket, and smmapd's PERM is a 550",
      mend: `at ${conf.path}:${service.line} put a # before the line, and send SIGHUP to Cyrus' master`,
    }));
}

// Whether Cyrus is asked where it should be: lmtpd's socket as cyrus.conf(5) has it, and no frontend of a murder and no
// replica, whose lists lag behind. No I/O.
import type { CyrusBackchannelConfig } from '../config/config.js';
import { lmtpServices, type CyrusConf } from '../cyrus/conf/cyrus-conf.js';
import { formatEndpoint, isLocal } from '../net/endpoint.js';
import type { Finding } from './finding.js';
import { listensOn } from './listens-on.js';
import { whereOf } from './mend-imapd.js';
import type { BackchannelAnswer, Picture } from './picture.js';

export function checkPlace(picture: Picture): Finding[] {
  const local = picture.backchannels.filter(isHere);
  return [
    ...local.flatMap((answer) => checkSocket(answer, picture.cyrusConf)),
    ...(local.length === 0 ? [] : [...checkMurder(picture), ...checkReplica(picture)]),
    ...picture.backchannels.flatMap((answer) => checkStartTls(answer, picture)),
  ];
}

type CyrusAnswer = BackchannelAnswer & { readonly backchannel: CyrusBackchannelConfig };

function isHere(answer: BackchannelAnswer): answer is CyrusAnswer {
  const { backchannel } = answer;
  return (backchannel.type === 'lmtp' || backchannel.type === 'imap') && isLocal(backchannel.endpoint);
}

/** Only looked at where nobody answers: else a link, or another Cyrus, may be just what was meant. */
function checkSocket({ backchannel, error }: CyrusAnswer, conf: CyrusConf | undefined): Finding[] {
  if (backchannel.type !== 'lmtp' || error === undefined || conf === undefined) return [];
  const services = lmtpServices(conf);
  if (services.some(({ listen }) => listensOn(listen, backchannel.endpoint))) return [];
  const service = services.find(({ listen }) => listen.startsWith('/'));
  if (service === undefined) return [];
  const asked = formatEndpoint(backchannel.endpoint);
  return [
    {
      check: 'backchannel.elsewhere',
      severity: 'error',
      where: `${conf.path}:${service.line}`,
      what: `service ${service.name} runs lmtpd on ${service.listen}, and [backchannel.${backchannel.name}] asks ${asked}`,
      why: 'nobody listens there: who is not known already is deferred with 451',
      mend: `in cyrusmapd.toml, [backchannel.${backchannel.name}]: endpoint = "unix:${service.listen}"`,
    },
  ];
}

/** A server with mupdate_server is a frontend where no frontends may log in to it (proxyservers), unless it is both at once. */
function checkMurder({ imapdConf }: Picture): Finding[] {
  if (imapdConf?.mupdateServer === undefined) return [];
  if (imapdConf.get('mupdate_config') !== 'standard' || imapdConf.get('proxyservers') !== undefined)
    return [];
  return [
    {
      check: 'imapd.frontend',
      severity: 'error',
      where: whereOf(imapdConf, 'mupdate_server'),
      what: `mupdate_server is ${imapdConf.mupdateServer}, and there is no proxyservers: this Cyrus is a frontend of a murder`,
      why: 'its list lags behind: for 20 to 30 seconds after a restart of the mupdate server it denies mailboxes that exist, with 550',
      mend: 'let each domain ask its backend: in cyrusmapd.toml, a [backchannel.NAME] with endpoint = "inet:PORT@BACKEND" for each, and under [domains] an array of their names where they share it; or one of type "mupdate", which asks the master where each mailbox is',
    },
  ];
}

/** sync_server is what a replica runs, and what a primary that can become one runs as well. */
function checkReplica({ cyrusConf, imapdConf }: Picture): Finding[] {
  const service = cyrusConf?.services.find(({ program }) => program === 'sync_server');
  if (cyrusConf === undefined || service === undefined || imapdConf?.get('sync_host') !== undefined)
    return [];
  return [
    {
      check: 'cyrus.replica',
      severity: 'warning',
      where: `${cyrusConf.path}:${service.line}`,
      what: `service ${service.name} runs sync_server, and imapd.conf has no sync_host: this Cyrus is a replica`,
      why: 'it lags behind its primary by seconds, or for as long as nobody looks: mailboxes that exist are denied',
      mend: 'in cyrusmapd.toml, let [backchannel.NAME] ask the primary, and never name a replica as second',
    },
  ];
}

/** Since Cyrus 3.10 STARTTLS is off unless its imapd.conf asks for it. */
function checkStartTls({ backchannel, error }: BackchannelAnswer, { imapdConf }: Picture): Finding[] {
  if (backchannel.type !== 'imap' || error === undefined || !error.includes('offers no STARTTLS')) return [];
  const name = `[backchannel.${backchannel.name}]`;
  const own = imapdConf?.get('tls_server_cert') === undefined ? '' : '; or in imapd.conf: allowstarttls: yes';
  const { endpoint } = backchannel;
  const port = endpoint.kind === 'unix' ? endpoint : { ...endpoint, port: 993 };
  return [
    {
      check: 'backchannel.starttls',
      severity: 'error',
      where: `${name} in cyrusmapd.toml`,
      what: `tls is "starttls", and imapd on ${formatEndpoint(backchannel.endpoint)} offers no STARTTLS`,
      why: 'newer releases of Cyrus (3.10 and later) have it off by default, and want TLS from the first byte',
      mend: `in cyrusmapd.toml, ${name}: tls = "implicit"; in cyrusmapd.toml, ${name}: endpoint = "${formatEndpoint(port)}"${own}`,
    },
  ];
}

// Whether Cyrus pushes its events to where we listen for them: `notifysocket: dlist:PATH` and its companions in
// imapd.conf(5). Without them the daemon waits for news that never come, and asks as if it had no events. No I/O.
import type { EventsConfig } from '../config/config.js';
import type { ImapdConf } from '../cyrus/conf/imapd-conf.js';
import { formatEndpoint } from '../net/endpoint.js';
import type { Finding } from './finding.js';
import { setOption, whereOf } from './mend-imapd.js';
import type { Picture } from './picture.js';

export function checkEvents({ config, imapdConf }: Picture): Finding[] {
  const { events, lookup } = config;
  if (imapdConf === undefined) return [];
  return [
    ...checkQuotaGroup(imapdConf),
    ...(events === undefined ? [] : checkPush(imapdConf, events)),
    ...(events === undefined ? [] : checkServerName(imapdConf, events)),
    ...(events === undefined ? [] : checkDefaultDomain(imapdConf, lookup.addressRules.defaultDomain)),
  ];
}

/** This is a mistake whoever listens, since it is Cyrus that dies of it. */
function checkQuotaGroup(conf: ImapdConf): Finding[] {
  const { notifier, groups } = conf.events;
  if (notifier === undefined || !groups.includes('quota')) return [];
  return [
    {
      check: 'imapd.quotaevents',
      severity: 'error',
      where: whereOf(conf, 'event_groups'),
      what: `event_groups is ${groups.join(' ')}, and event_notifier is ${notifier}`,
      why: 'Cyrus 3.2 to 3.12 die of a quota event for a mailbox without a limit of storage: lmtpd at its RCPT too',
      mend: setOption(
        conf,
        'event_groups',
        groups.filter((group) => group !== 'quota').join(' ') || 'mailbox',
      ),
    },
  ];
}

function checkPush(conf: ImapdConf, { listen }: EventsConfig): Finding[] {
  const { notifier, groups, socket } = conf.events;
  const ours = `dlist:${listen.path}`;
  const missing: string[] = [];
  if (notifier !== 'external') missing.push(setOption(conf, 'event_notifier', 'external'));
  if (!groups.includes('mailbox')) {
    missing.push(
      setOption(conf, 'event_groups', ['mailbox', ...groups.filter((each) => each !== 'quota')].join(' ')),
    );
  }
  if (socket !== ours) missing.push(setOption(conf, 'notifysocket', ours));
  if (missing.length === 0) return [];
  return [
    {
      check: 'imapd.events',
      severity: 'warning',
      where: conf.path,
      what: `[events] listens on ${formatEndpoint(listen)}, and Cyrus pushes nothing there`,
      why: 'a mailbox that was deleted is answered as if it existed, until the next snapshot',
      mend: missing.join('; '),
    },
  ];
}

/** Without the option Cyrus uses the name of its host, which may differ from ours where the daemon runs in a jail of its own. */
function checkServerName(conf: ImapdConf, { serverNames }: EventsConfig): Finding[] {
  const name = conf.find('servername')?.value.toLowerCase();
  if (name === undefined || serverNames === undefined) return [];
  if (serverNames.some((each) => each.toLowerCase() === name)) return [];
  return [
    {
      check: 'imapd.servername',
      severity: 'error',
      where: whereOf(conf, 'servername'),
      what: `servername is ${name}, and events.server_names has ${serverNames.join(', ')}`,
      why: 'each of its events makes everything known be asked anew',
      mend: `in cyrusmapd.toml, [events]: server_names = ["${name}"]`,
    },
  ];
}

function checkDefaultDomain(conf: ImapdConf, ours: string | undefined): Finding[] {
  const option = conf.find('defaultdomain');
  const domain = option?.value.toLowerCase();
  if (option === undefined || domain === ours) return [];
  return [
    {
      check: 'imapd.defaultdomain',
      severity: 'warning',
      where: whereOf(conf, 'defaultdomain'),
      what: `defaultdomain is ${domain}, and lookup.default_domain is ${ours ?? 'not set'}`,
      why: 'events name its mailboxes without a domain: each of them has everything forgotten',
      mend: `in cyrusmapd.toml, [lookup]: default_domain = "${domain}"`,
    },
  ];
}

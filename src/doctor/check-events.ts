// Whether Cyrus pushes its events to where we listen for them: `notifysocket: dlist:PATH` and its companions in
// imapd.conf(5). Without them the daemon waits for news that never come, and asks as if it had no events. No I/O.
import type { EventsConfig } from '../config/config.js';
import { formatEndpoint } from '../net/endpoint.js';
import type { ImapdConf } from './cyrus-files.js';
import type { Finding } from './finding.js';
import type { Picture } from './picture.js';

/** Of event_groups, where imapd.conf has none. */
const DEFAULT_GROUPS = ['message', 'mailbox'];

export function checkEvents({ config, imapdConf }: Picture): Finding[] {
  const { events, lookup } = config;
  if (events === undefined || imapdConf === undefined) return [];
  return [
    ...checkPush(imapdConf, events),
    ...checkDefaultDomain(imapdConf, lookup.addressRules.defaultDomain),
  ];
}

function checkPush({ path, options }: ImapdConf, { listen, quota }: EventsConfig): Finding[] {
  const groups = options.get('event_groups')?.value.split(/\s+/) ?? DEFAULT_GROUPS;
  const wanted = quota ? ['mailbox', 'quota'] : ['mailbox'];
  const socket = `dlist:${listen.path}`;
  const missing: string[] = [];
  if (options.get('event_notifier')?.value !== 'external') missing.push('event_notifier: external');
  if (!wanted.every((group) => groups.includes(group))) missing.push(`event_groups: ${wanted.join(' ')}`);
  if (options.get('notifysocket')?.value !== socket) missing.push(`notifysocket: ${socket}`);
  if (missing.length === 0) return [];
  return [
    {
      check: 'imapd.events',
      severity: 'warning',
      where: path,
      what: `[events] listens on ${formatEndpoint(listen)}, and Cyrus pushes nothing there`,
      why: 'a mailbox that was deleted is answered as if it existed, until the next snapshot',
      mend: missing.join('; '),
    },
  ];
}

function checkDefaultDomain({ options }: ImapdConf, ours: string | undefined): Finding[] {
  const option = options.get('defaultdomain');
  const domain = option?.value.toLowerCase();
  if (option === undefined || domain === ours) return [];
  return [
    {
      check: 'imapd.defaultdomain',
      severity: 'warning',
      where: option.where,
      what: `defaultdomain is ${domain}, and lookup.default_domain is ${ours ?? 'not set'}`,
      why: 'events name its mailboxes without a domain: each of them has everything forgotten',
      mend: `in cyrusmapd.toml, [lookup]: default_domain = "${domain}"`,
    },
  ];
}

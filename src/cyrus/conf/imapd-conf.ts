// imapd.conf(5) as one service of Cyrus reads it, and what the daemon needs to know of it. No I/O: read-files.ts reads.
import type { NamedFile } from '../../net/stable-file.js';
import { effectiveOf, type Effective } from './effective.js';
import { OPTIONS, parseChoice, parseQuota, parseSwitch } from './options.js';
import type { Line } from './settings.js';

/** A file as it was when it was read; whoever looks again sees by it whether that still holds. */
export type ConfFile = NamedFile;

/** A database of Cyrus: `twoskip`, `skiplist`, `flat`, `sql` … */
type Database = {
  /** undefined where neither a path nor configdirectory is set: then Cyrus does not start. */
  readonly path: string | undefined;
  readonly kind: string;
};

export type ImapdConf = Effective & {
  readonly path: string;
  /** As cyrus.conf(5) names it; undefined: what all services share. */
  readonly service: string | undefined;
  /** This one and those that it includes, as they were read. */
  readonly files: readonly ConfFile[];
  readonly configDirectory: string | undefined;
  /** mailboxes.db: mboxlist_db, mboxlist_db_path */
  readonly mailboxList: Database;
  /** user_deny.db: userdeny_db, userdeny_db_path */
  readonly userDeny: Database;
  /** lmtp_downcase_rcpt */
  readonly downcase: boolean;
  /** undefined: no shared mailboxes are delivered to. */
  readonly postUser: string | undefined;
  /** virtdomains */
  readonly virtualDomains: 'off' | 'userid' | 'on';
  /** In the case in which it is written, which Cyrus keeps; `internal` where it is not set. */
  readonly defaultDomain: string;
  /** unixhierarchysep: whether `/` separates, and a dot is a letter. */
  readonly unixHierarchySeparator: boolean;
  /** Set in a murder. */
  readonly mupdateServer: string | undefined;
  readonly improvedMailboxListSort: boolean;
  /** lmtp_catchall_mailbox: takes what has no mailbox. */
  readonly catchallMailbox: string | undefined;
  /** lmtp_fuzzy_mailbox_match */
  readonly fuzzyMailboxMatch: boolean;
  /** lmtp_strict_rfc2821: whether 8-bit local parts are refused. */
  readonly strictRfc2821: boolean;
  /** autocreate_post: with a quota of 0 or more, RCPT makes mailboxes. */
  readonly autocreatePost: boolean;
  /** Names and groups as they are written; `anyone` where it is not set. */
  readonly autocreateUsers: string;
  /** KiB; -1 where it is not set, and then nothing is created. */
  readonly autocreateQuota: number;
  /** lmtp_over_quota_perm_failure */
  readonly overQuotaPermanent: boolean;
  /** lmtp_strict_quota */
  readonly strictQuota: boolean;
  /** event_notifier, event_groups, notifysocket */
  readonly events: {
    readonly notifier: string | undefined;
    readonly groups: readonly string[];
    /** Such as `dlist:/run/cyrusmapd/events`. */
    readonly socket: string | undefined;
  };
  /** undefined: the host's name. */
  readonly serverName: string | undefined;
  /** Of this service: `lmtp_admins` counts where it is called lmtp. */
  readonly admins: readonly string[];
};

/**
 * @param lines as readSettings() gives them
 * @param service see ImapdConf
 */
export function imapdConfOf(
  path: string,
  lines: readonly Line[],
  service: string | undefined,
  files: readonly ConfFile[],
): ImapdConf {
  const effective = effectiveOf(lines, service, path);
  const { get } = effective;
  const isOn = (option: string): boolean => parseSwitch(get(option) ?? '') === true;
  const words = (option: string): readonly string[] => Object.freeze(wordsOf(get(option)));
  const configDirectory = get('configdirectory');
  const database = (option: string, file: string): Database =>
    Object.freeze({
      path:
        get(`${option}_path`) ?? (configDirectory === undefined ? undefined : `${configDirectory}/${file}`),
      kind: get(option) ?? '',
    });
  return Object.freeze({
    ...effective,
    refusals: Object.freeze(effective.refusals),
    path,
    service,
    files: Object.freeze(files),
    configDirectory,
    mailboxList: database('mboxlist_db', 'mailboxes.db'),
    userDeny: database('userdeny_db', 'user_deny.db'),
    downcase: isOn('lmtp_downcase_rcpt'),
    postUser: get('postuser'),
    virtualDomains: virtualDomainsOf(get('virtdomains') ?? ''),
    defaultDomain: get('defaultdomain') ?? '',
    unixHierarchySeparator: isOn('unixhierarchysep'),
    mupdateServer: get('mupdate_server'),
    improvedMailboxListSort: isOn('improved_mboxlist_sort'),
    catchallMailbox: get('lmtp_catchall_mailbox'),
    fuzzyMailboxMatch: isOn('lmtp_fuzzy_mailbox_match'),
    strictRfc2821: isOn('lmtp_strict_rfc2821'),
    autocreatePost: isOn('autocreate_post'),
    autocreateUsers: get('autocreate_users') ?? '',
    autocreateQuota: parseQuota(get('autocreate_quota') ?? '') ?? -1,
    overQuotaPermanent: isOn('lmtp_over_quota_perm_failure'),
    strictQuota: isOn('lmtp_strict_quota'),
    events: Object.freeze({
      notifier: get('event_notifier'),
      groups: words('event_groups'),
      socket: get('notifysocket'),
    }),
    serverName: get('servername'),
    admins: words('admins'),
  });
}

function virtualDomainsOf(value: string): 'off' | 'userid' | 'on' {
  const type = OPTIONS.get('virtdomains')?.type;
  const word = type?.kind === 'choice' ? parseChoice(value, type) : undefined;
  return word === 'userid' || word === 'on' ? word : 'off';
}

function wordsOf(value: string | undefined): string[] {
  return value?.split(/[\t\n\v\f\r ]+/).filter((word) => word !== '') ?? [];
}

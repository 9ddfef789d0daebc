// imapd.conf(5) as one service of Cyrus understands it, with the settings that we need. No I/O: read-files.ts reads the files.
import type { NamedFile } from '../../net/stable-file.js';
import { effectiveOf, type Effective } from './effective.js';
import { OPTIONS, parseChoice, parseQuota, parseSwitch } from './options.js';
import type { Line } from './settings.js';

/** A file and its state when it was read, by which a later look can tell whether it has changed. */
export type ConfFile = NamedFile;

/** A database of Cyrus: `twoskip`, `skiplist`, `flat`, `sql` … */
type Database = {
  /** Undefined where neither a path nor configdirectory is set: then Cyrus does not start. */
  readonly path: string | undefined;
  readonly kind: string;
};

export type ImapdConf = Effective & {
  readonly path: string;
  /** The service's name in cyrus.conf(5); undefined where these are the settings that all services share. */
  readonly service: string | undefined;
  /** This file and those that it includes, as they were read. */
  readonly files: readonly ConfFile[];
  readonly configDirectory: string | undefined;
  /** mailboxes.db, by mboxlist_db and mboxlist_db_path. */
  readonly mailboxList: Database;
  /** user_deny.db, by userdeny_db and userdeny_db_path. */
  readonly userDeny: Database;
  /** lmtp_downcase_rcpt */
  readonly downcase: boolean;
  /** The setting postuser; undefined where lmtpd delivers to no shared mailboxes. */
  readonly postUser: string | undefined;
  /** virtdomains */
  readonly virtualDomains: 'off' | 'userid' | 'on';
  /** As it is written, since Cyrus keeps capital letters; `internal` where it is not set. */
  readonly defaultDomain: string;
  /** unixhierarchysep: whether `/` separates, and a dot is a letter. */
  readonly unixHierarchySeparator: boolean;
  /** mupdate_server, which is set in a murder. */
  readonly mupdateServer: string | undefined;
  readonly improvedMailboxListSort: boolean;
  /** lmtp_catchall_mailbox: the mailbox that gets mail for names that do not exist. */
  readonly catchallMailbox: string | undefined;
  /** lmtp_fuzzy_mailbox_match */
  readonly fuzzyMailboxMatch: boolean;
  /** lmtp_strict_rfc2821: whether 8-bit local parts are refused. */
  readonly strictRfc2821: boolean;
  /** autocreate_post: where autocreateQuota is 0 or more too, a RCPT creates mailboxes. */
  readonly autocreatePost: boolean;
  /** autocreate_users: names and groups as they are written; `anyone` where it is not set. */
  readonly autocreateUsers: string;
  /** autocreate_quota in KiB; -1 where it is not set, and then nothing is created. */
  readonly autocreateQuota: number;
  /** lmtp_over_quota_perm_failure */
  readonly overQuotaPermanent: boolean;
  /** lmtp_strict_quota */
  readonly strictQuota: boolean;
  /** event_notifier, event_groups, notifysocket */
  readonly events: {
    readonly notifier: string | undefined;
    readonly groups: readonly string[];
    /** notifysocket, such as `dlist:/run/cyrusmapd/events`. */
    readonly socket: string | undefined;
  };
  /** The setting servername; undefined where Cyrus takes the name of the host. */
  readonly serverName: string | undefined;
  /** The admins of this service: where it is called lmtp, `lmtp_admins` counts. */
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

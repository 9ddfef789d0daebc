// The virtual domains: each in virtdomains and in mailertable, none in access with RELAY, each with a postmaster,
// and every table built. VIRTUSER_DOMAIN_FILE puts its domains into class R, so mail for them is relayed: where no
// line of mailertable takes it to Cyrus, to anywhere. No I/O.
import type { Finding } from './finding.js';
import { cyrusRoutes, type Picture, type SendmailPicture } from './picture.js';
import { findDomain, isDatabase, type Table } from './sendmail-tables.js';

/** The usual place, where sendmail.cf declares no such table. */
const MAILERTABLE = '/etc/mail/mailertable';

export function checkDomains({ sendmail, postmasters }: Picture): Finding[] {
  if (sendmail === undefined) return [];
  return [
    ...unrouted(sendmail),
    ...unaccepted(sendmail),
    ...colonless(sendmail),
    ...relayed(sendmail),
    ...withoutPostmaster(sendmail, postmasters),
    ...tables(sendmail).flatMap(checkBuilt),
  ];
}

function unrouted({
  virtualDomains,
  localDomains,
  mailertable,
  virtusertable,
  ...others
}: SendmailPicture): Finding[] {
  const table = mailertable ?? { path: MAILERTABLE, type: 'hash' };
  const { path } = table;
  const declared = mailertable === undefined ? "; in the .mc file: FEATURE(`mailertable')" : '';
  const own = new Set(localDomains);
  const caught = new Set(virtusertable?.entries.map(({ key }) => key));
  return virtualDomains
    .filter((domain) => !own.has(domain) && !caught.has(`@${domain}`))
    .filter((domain) => findDomain(mailertable?.entries ?? [], domain) === undefined)
    .map((domain) => ({
      check: 'domains.unrouted',
      severity: 'error',
      where: others.virtualDomainFile,
      what: `${domain} is in ${others.virtualDomainFile} but not in ${path}`,
      why: 'its mail is relayed for anybody, without asking whether the mailbox exists',
      mend: `to ${path} add: ${domain}\tmrs_cyrus_mailertable:${thenBuild(table)}${declared}`,
    }));
}

function unaccepted(sendmail: SendmailPicture): Finding[] {
  const { virtualDomains, localDomains, relayDomains, virtualDomainFile, mailertable } = sendmail;
  const accepted = new Set([...virtualDomains, ...localDomains, ...relayDomains]);
  return cyrusRoutes(sendmail)
    .filter(({ key }) => !accepted.has(key) && !accepted.has(key.replace(/^\./, '')))
    .map(({ key, line }) => ({
      check: 'domains.unaccepted',
      severity: 'error',
      where: `${mailertable?.path}:${line}`,
      what: `${key} is in ${mailertable?.path} but not in ${virtualDomainFile}`,
      why: 'whoever writes to it from outside hears "Relaying denied"',
      mend: `to ${virtualDomainFile} add: ${key.replace(/^\./, '')}; then service sendmail restart, which reads it`,
    }));
}

function colonless(sendmail: SendmailPicture): Finding[] {
  const { mailertable } = sendmail;
  if (mailertable === undefined) return [];
  return cyrusRoutes(sendmail)
    .filter(({ value }) => !value.includes(':'))
    .map(({ key, value, line }) => ({
      check: 'domains.colon',
      severity: 'error',
      where: `${mailertable.path}:${line}`,
      what: `${key} goes to "${value}", which has no colon`,
      why: 'it is taken for the name of a host, and Cyrus is not asked',
      mend: `at ${mailertable.path}:${line} write: ${key}\t${value}:${thenBuild(mailertable)}`,
    }));
}

/** access is asked for a domain and each of its parents, with the tag To: and without. */
function relayed(sendmail: SendmailPicture): Finding[] {
  const { access, virtualDomains } = sendmail;
  if (access === undefined) return [];
  const domains = [...new Set([...virtualDomains, ...cyrusRoutes(sendmail).map(({ key }) => key)])];
  return access.entries.flatMap(({ key, value, line }): Finding[] => {
    const name = key.replace(/^to:/, '');
    if (value.toUpperCase() !== 'RELAY') return [];
    const domain = domains.find((each) => each === name || each.endsWith(`.${name}`));
    if (domain === undefined) return [];
    return [
      {
        check: 'domains.relay',
        severity: 'error',
        where: `${access.path}:${line}`,
        what: `${key} is RELAY, and ${domain} is a virtual domain`,
        why: 'its mail is accepted without a mailbox as soon as its line in mailertable is forgotten',
        mend: `take out the line at ${access.path}:${line}, since virtdomains and mailertable are enough${thenBuild(access)}`,
      },
    ];
  });
}

function withoutPostmaster(sendmail: SendmailPicture, postmasters: Picture['postmasters']): Finding[] {
  return [...postmasters].flatMap(([domain, verdict]): Finding[] => {
    if (verdict.kind !== 'unknown') return [];
    const table = sendmail.virtusertable;
    const forward =
      table === undefined
        ? ''
        : `; or to ${table.path} add: postmaster@${domain}\tSOMEBODY${thenBuild(table)}`;
    return [
      {
        check: 'domains.postmaster',
        severity: 'error',
        where: domain,
        what: `postmaster@${domain} does not exist`,
        why: 'RFC 5321 4.5.1 wants it, and others block domains without one',
        mend: `create the mailbox user/postmaster@${domain}${forward}`,
      },
    ];
  });
}

function tables({ mailertable, access, virtusertable }: SendmailPicture): Table[] {
  return [mailertable, access, virtusertable].filter((table) => table !== undefined);
}

function checkBuilt(table: Table): Finding[] {
  if (table.built === 'current') return [];
  return [
    {
      check: 'domains.outdated',
      severity: 'error',
      where: table.path,
      what:
        table.built === 'missing'
          ? `${table.path} has no database`
          : `${table.path} was changed after its database was built`,
      why: 'Sendmail reads the database, and knows nothing of what is written here',
      mend: buildCommand(table),
    },
  ];
}

type Built = Pick<Table, 'type' | 'path'>;

function buildCommand({ type, path }: Built): string {
  return `makemap ${type} ${path} < ${path}`;
}

/** The command that builds a table; nothing for one that Sendmail reads as it is. */
function thenBuild(table: Built): string {
  return isDatabase(table.type) ? `; then ${buildCommand(table)}` : '';
}

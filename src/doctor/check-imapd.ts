// What imapd.conf(5) says against what our lookups assume: the two decide about the same address, and where they
// differ a letter is accepted that Cyrus refuses, or the other way round. Defaults are those of Cyrus 3.x. No I/O.
import type { Config, MapConfig } from '../config/config.js';
import type { ImapdConf } from '../cyrus/conf/imapd-conf.js';
import type { Finding } from './finding.js';
import { setOption, takeOut, whereOf } from './mend-imapd.js';
import type { Picture } from './picture.js';

export function checkImapd({ imapdConf, config }: Picture): Finding[] {
  if (imapdConf === undefined) return [];
  return [
    ...checkSideEffects(imapdConf, config),
    ...checkNames(imapdConf, config),
    ...checkQuota(imapdConf, config),
  ];
}

/** Whether a question to lmtpd makes the mailbox that it is about. */
export function makesMailboxes(conf: ImapdConf | undefined): boolean {
  return conf !== undefined && conf.autocreatePost && conf.autocreateQuota >= 0;
}

/** Whether it takes mail for every address. */
export function catchesAll(conf: ImapdConf | undefined): boolean {
  return conf?.catchallMailbox !== undefined;
}

/** Our questions must change nothing in Cyrus, and Cyrus must be able to say no to them. */
function checkSideEffects(conf: ImapdConf, { backchannels }: Config): Finding[] {
  const findings: Finding[] = [];
  if (catchesAll(conf)) {
    findings.push({
      check: 'imapd.catchall',
      severity: 'error',
      where: whereOf(conf, 'lmtp_catchall_mailbox'),
      what: `lmtp_catchall_mailbox is ${conf.catchallMailbox}`,
      why: 'lmtpd takes mail for every address, so no recipient is ever refused',
      mend: `${takeOut(conf, 'lmtp_catchall_mailbox')}, and restart Cyrus`,
    });
  }
  const accepted = backchannels.every((each) => each.type === 'lmtp' && each.autocreate === 'accept');
  if (makesMailboxes(conf) && conf.autocreateUsers !== 'anyone') {
    findings.push({
      check: 'imapd.autocreateusers',
      severity: 'error',
      where: whereOf(conf, 'autocreate_users'),
      what: `autocreate_post is on for ${conf.autocreateUsers}`,
      why: 'a question about one of them makes his mailbox, and our test with a name that cannot exist shows nothing of it',
      mend: setOption(conf, 'autocreate_post', 'no'),
    });
  } else if (makesMailboxes(conf) && !accepted) {
    findings.push({
      check: 'imapd.autocreate',
      severity: 'error',
      where: whereOf(conf, 'autocreate_post'),
      what: 'autocreate_post is on',
      why: 'lmtpd makes a mailbox for each name it is asked about, also for those that are guessed',
      mend: setOption(conf, 'autocreate_post', 'no'),
    });
  }
  return findings;
}

/** Both must agree on which mailbox an address names. */
function checkNames(conf: ImapdConf, { lookup }: Config): Finding[] {
  const findings: Finding[] = [];
  const { downcase, postUser, virtualDomains } = lookup.addressRules;
  if (conf.downcase !== downcase) {
    findings.push({
      check: 'imapd.downcase',
      severity: 'error',
      where: whereOf(conf, 'lmtp_downcase_rcpt'),
      what: `lmtp_downcase_rcpt is ${conf.downcase ? 'on' : 'off'}, and lookup.downcase is ${downcase}`,
      why: downcase
        ? 'Alice@ is answered for alice@, and Cyrus refuses it when it is delivered'
        : 'what is cached for alice@ and for Alice@ differs, and Cyrus makes no difference',
      mend: `in cyrusmapd.toml, [lookup]: downcase = ${conf.downcase}`,
    });
  }
  const virtual = conf.virtualDomains !== 'off';
  if (virtual !== virtualDomains) {
    findings.push({
      check: 'imapd.virtdomains',
      severity: 'error',
      where: whereOf(conf, 'virtdomains'),
      what: `virtdomains is ${virtual ? 'on' : 'off'}, and lookup.virtual_domains is ${virtualDomains}`,
      why: virtual
        ? 'alice@example.jp and alice@example.net are two mailboxes, and one answer is given for both'
        : 'Cyrus drops the domain: alice@example.jp and alice@example.net are one mailbox',
      mend: `in cyrusmapd.toml, [lookup]: virtual_domains = ${virtual}`,
    });
  }
  if (!conf.unixHierarchySeparator) {
    findings.push({
      check: 'imapd.separator',
      severity: 'warning',
      where: whereOf(conf, 'unixhierarchysep'),
      what: 'unixhierarchysep is off',
      why: 'a mailbox made as user.first.last is a folder of first, so mail for first.last@ is refused',
      mend: `${setOption(conf, 'unixhierarchysep', 'yes')}; or make such mailboxes as user.first^last`,
    });
  }
  const post = conf.postUser ?? '';
  if (post !== postUser) {
    findings.push({
      check: 'imapd.postuser',
      severity: 'warning',
      where: whereOf(conf, 'postuser'),
      what: `postuser is "${post}", and lookup.post_user is "${postUser}"`,
      why: 'what is known of one shared mailbox is taken for all of them, or asked anew for each',
      mend: `in cyrusmapd.toml, [lookup]: post_user = "${post}"`,
    });
  }
  if (virtual && conf.defaultDomain !== conf.defaultDomain.toLowerCase()) {
    findings.push({
      check: 'imapd.domaincase',
      severity: 'warning',
      where: whereOf(conf, 'defaultdomain'),
      what: `defaultdomain is ${conf.defaultDomain}, with capitals`,
      why: `Cyrus compares it letter by letter: bob@${conf.defaultDomain.toLowerCase()} is not its bob, and is refused`,
      mend: setOption(conf, 'defaultdomain', conf.defaultDomain.toLowerCase()),
    });
  }
  if (conf.fuzzyMailboxMatch) {
    findings.push({
      check: 'imapd.fuzzy',
      severity: 'error',
      where: whereOf(conf, 'lmtp_fuzzy_mailbox_match'),
      what: 'lmtp_fuzzy_mailbox_match is on',
      why: 'RCPT for a shared mailbox is answered with 250 and the letter with 550, so over LMTP all shared mailboxes are deferred',
      mend: setOption(conf, 'lmtp_fuzzy_mailbox_match', 'no'),
    });
  }
  if (!conf.strictRfc2821 && lookup.eightBit === 'reject') {
    findings.push({
      check: 'imapd.eightbit',
      severity: 'error',
      where: whereOf(conf, 'lmtp_strict_rfc2821'),
      what: 'lmtp_strict_rfc2821 is off, and lookup.eight_bit is "reject"',
      why: 'a local part with 8-bit bytes is refused, though lmtpd delivers it',
      mend: 'in cyrusmapd.toml, [lookup]: eight_bit = "ask"; or take the key out, since this is the default where imapd.conf is read',
    });
  }
  return findings;
}

/** RCPT and delivery must say the same of a full mailbox. */
function checkQuota(conf: ImapdConf, { defaultMap, domainAnswers }: Config): Finding[] {
  const ofDomains = [...domainAnswers].flatMap(([domain, { overQuota }]) =>
    overQuota === undefined ? [] : checkOverQuota(conf, `domain."${domain}"`, overQuota),
  );
  return [...checkOverQuota(conf, 'lookup', defaultMap.overQuota), ...ofDomains, ...checkStrictQuota(conf)];
}

/** @param table of cyrusmapd.toml */
function checkOverQuota(conf: ImapdConf, table: string, overQuota: MapConfig['overQuota']): Finding[] {
  const permanent = conf.overQuotaPermanent;
  if (overQuota === 'ok' || permanent === (overQuota === 'reject')) return [];
  return [
    {
      check: 'imapd.overquota',
      severity: 'warning',
      where: whereOf(conf, 'lmtp_over_quota_perm_failure'),
      what: `lmtp_over_quota_perm_failure is ${permanent ? 'on' : 'off'}, and ${table}.over_quota is "${overQuota}"`,
      why: permanent
        ? 'a sender who writes to a full mailbox is told to try again, and one who slipped through gets a bounce'
        : 'a sender is refused for good what Cyrus would take once there is room',
      mend: `in cyrusmapd.toml, [${table}]: over_quota = "${permanent ? 'reject' : 'temp'}"`,
    },
  ];
}

function checkStrictQuota(conf: ImapdConf): Finding[] {
  const findings: Finding[] = [];
  if (conf.strictQuota) {
    findings.push({
      check: 'imapd.strict',
      severity: 'warning',
      where: whereOf(conf, 'lmtp_strict_quota'),
      what: 'lmtp_strict_quota is on',
      why: 'a lookup of a socketmap carries no size: a message too large for the room left is accepted, and refused at delivery; only the policy service of Postfix knows it',
      mend: setOption(conf, 'lmtp_strict_quota', 'no'),
    });
  }
  return findings;
}

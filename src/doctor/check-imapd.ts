// What imapd.conf(5) says against what our lookups assume: the two decide about the same address, and where they
// differ a letter is accepted that Cyrus refuses, or the other way round. Defaults are those of Cyrus 3.x. No I/O.
import type { Config } from '../config/config.js';
import { isOn, type ImapdConf } from './cyrus-files.js';
import type { Finding } from './finding.js';
import type { Picture } from './picture.js';

/** The words for no; virtdomains has `userid` beside them. */
const OFF = ['0', 'n', 'f', 'no', 'false', 'off'];

export function checkImapd({ imapdConf, config }: Picture): Finding[] {
  if (imapdConf === undefined) return [];
  const options = new Options(imapdConf);
  return [
    ...checkSideEffects(options, config),
    ...checkNames(options, config),
    ...checkQuota(options, config),
  ];
}

/** Whether a question to lmtpd makes the mailbox that it is about. */
export function makesMailboxes(conf: ImapdConf | undefined): boolean {
  if (conf === undefined) return false;
  const options = new Options(conf);
  return options.isOn('autocreate_post', false) && Number(options.text('autocreate_quota', '-1')) >= 0;
}

/** Whether it takes mail for every address. */
export function catchesAll(conf: ImapdConf | undefined): boolean {
  return conf !== undefined && new Options(conf).text('lmtp_catchall_mailbox', '') !== '';
}

/** A probe of ours must change nothing, and must be able to hear a no. */
function checkSideEffects(options: Options, { backchannels }: Config): Finding[] {
  const findings: Finding[] = [];
  if (catchesAll(options.conf)) {
    findings.push({
      check: 'imapd.catchall',
      severity: 'error',
      where: options.where('lmtp_catchall_mailbox'),
      what: `lmtp_catchall_mailbox is ${options.text('lmtp_catchall_mailbox', '')}`,
      why: 'lmtpd takes mail for every address, so no recipient is ever refused',
      mend: 'take the line out, and restart Cyrus',
    });
  }
  const accepted = backchannels.every((each) => each.type === 'lmtp' && each.autocreate === 'accept');
  if (makesMailboxes(options.conf) && !accepted) {
    findings.push({
      check: 'imapd.autocreate',
      severity: 'error',
      where: options.where('autocreate_post'),
      what: 'autocreate_post is on',
      why: 'lmtpd makes a mailbox for each name it is asked about, also for those that are guessed',
      mend: 'autocreate_post: no',
    });
  }
  return findings;
}

/** Which mailbox an address names. */
function checkNames(options: Options, { lookup }: Config): Finding[] {
  const findings: Finding[] = [];
  const { downcase, postUser, virtualDomains } = lookup.addressRules;
  const folds = options.isOn('lmtp_downcase_rcpt', true);
  if (folds !== downcase) {
    findings.push({
      check: 'imapd.downcase',
      severity: 'error',
      where: options.where('lmtp_downcase_rcpt'),
      what: `lmtp_downcase_rcpt is ${folds ? 'on' : 'off'}, and lookup.downcase is ${downcase}`,
      why: downcase
        ? 'Alice@ is answered for alice@, and Cyrus refuses it when it is delivered'
        : 'what is cached for alice@ and for Alice@ differs, and Cyrus makes no difference',
      mend: `in cyrusmapd.toml, [lookup]: downcase = ${folds}`,
    });
  }
  const virtual = !OFF.includes(options.text('virtdomains', 'off').toLowerCase());
  if (virtual !== virtualDomains) {
    findings.push({
      check: 'imapd.virtdomains',
      severity: 'error',
      where: options.where('virtdomains'),
      what: `virtdomains is ${virtual ? 'on' : 'off'}, and lookup.virtual_domains is ${virtualDomains}`,
      why: virtual
        ? 'alice@example.jp and alice@example.net are two mailboxes, and one answer is given for both'
        : 'Cyrus drops the domain: alice@example.jp and alice@example.net are one mailbox',
      mend: virtual ? 'in cyrusmapd.toml, [lookup]: virtual_domains = true' : 'virtdomains: userid',
    });
  }
  if (!options.isOn('unixhierarchysep', true)) {
    findings.push({
      check: 'imapd.separator',
      severity: 'warning',
      where: options.where('unixhierarchysep'),
      what: 'unixhierarchysep is off',
      why: 'a mailbox made as user.first.last is a folder of first, so mail for first.last@ is refused',
      mend: 'unixhierarchysep: yes; or make such mailboxes as user.first^last',
    });
  }
  const post = options.text('postuser', '');
  if (post !== postUser) {
    findings.push({
      check: 'imapd.postuser',
      severity: 'warning',
      where: options.where('postuser'),
      what: `postuser is "${post}", and lookup.post_user is "${postUser}"`,
      why: 'what is known of one shared mailbox is taken for all of them, or asked anew for each',
      mend: `in cyrusmapd.toml, [lookup]: post_user = "${post}"`,
    });
  }
  return findings;
}

/** At RCPT and at delivery the same is to be said of a full mailbox. */
function checkQuota(options: Options, { defaultMap }: Config): Finding[] {
  const findings: Finding[] = [];
  const { overQuota } = defaultMap;
  const permanent = options.isOn('lmtp_over_quota_perm_failure', false);
  if (overQuota !== 'ok' && permanent !== (overQuota === 'reject')) {
    findings.push({
      check: 'imapd.overquota',
      severity: 'warning',
      where: options.where('lmtp_over_quota_perm_failure'),
      what: `lmtp_over_quota_perm_failure is ${permanent ? 'on' : 'off'}, and lookup.over_quota is "${overQuota}"`,
      why: permanent
        ? 'a sender who writes to a full mailbox is told to try again, and one who slipped through gets a bounce'
        : 'a sender is refused for good what Cyrus would take once there is room',
      mend: `in cyrusmapd.toml, [lookup]: over_quota = "${permanent ? 'reject' : 'temp'}"`,
    });
  }
  if (options.isOn('lmtp_strict_quota', false)) {
    findings.push({
      check: 'imapd.strict',
      severity: 'warning',
      where: options.where('lmtp_strict_quota'),
      what: 'lmtp_strict_quota is on',
      why: 'a lookup carries no size: a message too large for the room left is accepted, and refused at delivery',
      mend: 'lmtp_strict_quota: no',
    });
  }
  return findings;
}

class Options {
  readonly conf: ImapdConf;

  constructor(conf: ImapdConf) {
    this.conf = conf;
  }

  text(name: string, fallback: string): string {
    return this.conf.options.get(name)?.value ?? fallback;
  }

  isOn(name: string, fallback: boolean): boolean {
    return isOn(this.conf.options.get(name), fallback);
  }

  where(name: string): string {
    return this.conf.options.get(name)?.where ?? this.conf.path;
  }
}

// Judges where Sendmail's own rules send mail for a mailbox that exists, and for one that does not; and finds what in sendmail.cf
// keeps Sendmail from starting, or belongs to another host. No I/O.
import { cyrusRoutes, type Picture, type SendmailPicture } from './picture.js';
import type { Finding } from './finding.js';

export function checkMailer(picture: Picture): Finding[] {
  const { sendmail } = picture;
  if (sendmail === undefined) return [];
  const causes = [...checkClassFiles(sendmail), ...checkMailers(sendmail)];
  return [
    ...checkWrapper(sendmail),
    ...causes,
    ...checkMechanisms(sendmail),
    // Where the cause was found already, Sendmail's own words would only repeat it.
    ...checkVerified(picture, sendmail).filter(
      ({ check }) => causes.length === 0 || check !== 'sendmail.broken',
    ),
  ];
}

/** On FreeBSD /usr/sbin/sendmail runs what mailer.conf(5) names, and there are two of these. */
function checkWrapper({ mailerConf }: SendmailPicture): Finding[] {
  return mailerConf
    .filter(({ program }) => !/\/sendmail$/.test(program))
    .map(({ path, line, program }) => ({
      check: 'sendmail.wrapper',
      severity: 'error',
      where: `${path}:${line}`,
      what: `sendmail is ${program} there`,
      why: 'whatever calls sendmail on this host hands its mail to another program, and `sendmail -bv` asks that one',
      mend: `at ${path}:${line} write: sendmail\t/usr/local/sbin/sendmail; or in /usr/ports/mail/sendmail: make mailer.conf`,
    }));
}

function checkClassFiles({ cf, missingClassFiles }: SendmailPicture): Finding[] {
  return missingClassFiles.map(({ path, name, line }) => ({
    check: 'sendmail.classfile',
    severity: 'error',
    where: `${cf.path}:${line}`,
    what: `class ${name} is read from ${path}, which is not there`,
    why: 'Sendmail does not start any more: fileclass: cannot open',
    mend:
      name === 'w'
        ? "in the .mc file: define(`confCW_FILE', `-o " + path + "')"
        : `touch ${path}; or in the .mc file give the file's name with -o before it`,
  }));
}

/** Two straight quotes in m4 stay in the value: the first and last mechanism have one in their names. */
function checkMechanisms({ cf }: SendmailPicture): Finding[] {
  const option = cf.authMechanisms;
  if (option === undefined || !/['"`]/.test(option.value)) return [];
  const bare = option.value.replaceAll(/['"`]/g, '');
  return [
    {
      check: 'sendmail.mechanisms',
      severity: 'error',
      where: `${cf.path}:${option.line}`,
      what: `AuthMechanisms is ${option.value}, quotes included`,
      why: 'the first and the last of them are not offered',
      mend: "in the .mc file: define(`confAUTH_MECHANISMS', `" + bare + "')",
    },
  ];
}

/** What mailertable names, and what our features deliver by. */
function checkMailers(sendmail: SendmailPicture): Finding[] {
  const { cf } = sendmail;
  const routed = cyrusRoutes(sendmail).length > 0 || cf.maps.has('cyrus');
  const twice = [...cf.mailers].filter(([name, lines]) => name.startsWith('cyrusv2') && lines.length > 1);
  const findings = twice.map(([name, lines]): Finding => ({
    check: 'sendmail.mailertwice',
    severity: 'error',
    where: `${cf.path}:${lines[1]}`,
    what: `mailer ${name} is defined twice, first in line ${lines[0]}`,
    why: 'the last one counts, and on ports since March 2021 it has no arguments: Sendmail does not start',
    mend: `in the .mc file take out MAILER(\`${name}'), since MAILER(\`cyrusv2') defines it on these ports`,
  }));
  if (!routed || ['cyrusv2', 'cyrusv2d'].some((name) => cf.mailers.has(name))) return findings;
  return [
    ...findings,
    {
      check: 'sendmail.nomailer',
      severity: 'error',
      where: cf.path,
      what: 'no mailer gives mail to Cyrus: neither cyrusv2d nor cyrusv2 is defined',
      why: 'who exists is refused with 554 5.3.5 unknown mailer cyrusv2d',
      mend: "in the .mc file: MAILER(`cyrusv2d'); or on a port since March 2021: MAILER(`cyrusv2')",
    },
  ];
}

function checkVerified({ sendmailSaid }: Picture, { cf }: SendmailPicture): Finding[] {
  if (sendmailSaid === undefined) return [];
  const { verified, somebody = '', nobody = '', broken } = sendmailSaid;
  if (broken !== undefined) {
    return [
      {
        check: 'sendmail.broken',
        severity: 'error',
        where: cf.path,
        what: `Sendmail does not start: ${broken}`,
        why: 'the one that runs goes on until it is restarted; then no mail is taken at all',
        mend: `write the line of the .mc file anew that this line comes from, build ${cf.path}, and try: sendmail -bv postmaster`,
      },
    ];
  }
  const findings: Finding[] = [];
  const known = verified.get(somebody);
  if (known?.kind === 'unknown' || (known?.kind === 'mailer' && !isCyrus(known.mailer))) {
    const where = known.kind === 'unknown' ? 'User unknown' : `mailer ${known.mailer}`;
    findings.push({
      check: 'sendmail.astray',
      severity: 'error',
      where: cf.path,
      what: `${somebody} exists in Cyrus, and sendmail -bv says: ${where}`,
      why: known.kind === 'unknown' ? 'its mail is refused with 550' : 'its mail never comes to Cyrus',
      mend: `look at it rule by rule: echo '3,0 ${somebody}' | sendmail -C ${cf.path} -bt; its domain needs its line in mailertable, and must be in no other table`,
    });
  }
  const unknown = verified.get(nobody);
  if (unknown?.kind === 'mailer') {
    findings.push({
      check: 'sendmail.accepts',
      severity: 'error',
      where: cf.path,
      what: `${nobody} exists nowhere, and sendmail -bv says: mailer ${unknown.mailer}`,
      why: 'recipients who do not exist are accepted, and bounce to senders who may be forged',
      mend: 'a port of mail/sendmail older than March 2021 does this: update it, or take mrs_cyrus.m4 of cyrusmapd, and build sendmail.cf anew',
    });
  }
  return findings;
}

function isCyrus(mailer: string): boolean {
  return mailer.startsWith('cyrus') || mailer === 'lmtp';
}

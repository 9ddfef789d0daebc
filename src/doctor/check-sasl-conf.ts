// Judges how Cyrus SASL checks passwords for Sendmail: saslauthd does not know the password itself, so with it neither SCRAM nor
// CRAM-MD5 can be offered. No I/O.
import type { Finding } from './finding.js';
import type { Picture } from './picture.js';

export function checkSaslConf({ saslConf, sasldb, sendmail }: Picture): Finding[] {
  const method = saslConf?.passwordCheck;
  if (saslConf === undefined || method === undefined || sendmail === undefined) return [];
  if (sasldb === undefined || !method.value.split(/\s+/).every((word) => word === 'saslauthd')) return [];
  return [
    {
      check: 'sasl.saslauthd',
      severity: 'error',
      where: `${saslConf.path}:${method.line}`,
      what: `pwcheck_method is ${method.value}, and the accounts are in ${sasldb.path}`,
      why: 'saslauthd does not look there: SMTP AUTH by PLAIN and LOGIN fails, though the password is right',
      mend: `at ${saslConf.path}:${method.line} write: pwcheck_method: auxprop`,
    },
  ];
}

// Finds lines of imapd.conf(5) and cyrus.conf(5) at which Cyrus' programs end: those that run already go on, but no new one starts.
// No I/O.
import { formatWhere } from '../cyrus/conf/settings.js';
import type { Finding } from './finding.js';
import type { Picture } from './picture.js';

export function checkConf({ imapdConf, cyrusConf }: Picture): Finding[] {
  const refused = imapdConf?.refusals.map(({ where, what }): Finding => {
    const place = formatWhere(where);
    return {
      check: 'imapd.refused',
      severity: 'error',
      where: place,
      what,
      why: 'each program of Cyrus that starts from now on ends with a fatal error, lmtpd too',
      mend:
        where.line === 0
          ? `to ${place} add: configdirectory: FOLDER, the one that holds mailboxes.db`
          : `take out the line at ${place}, or write it as Cyrus takes it; then cyr_info conf shows no fatal error`,
    };
  });
  const unstarted = cyrusConf?.refusals.map(({ where, what }): Finding => ({
    check: 'cyrus.refused',
    severity: 'error',
    where: formatWhere(where),
    what,
    why: "Cyrus' master ends at this line the next time it starts or is told to read it again",
    mend: `take out the line at ${formatWhere(where)}, or write it as master takes it`,
  }));
  return [...(refused ?? []), ...(unstarted ?? [])];
}

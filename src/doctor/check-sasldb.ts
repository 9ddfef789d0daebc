// sasldb in LMDB: reader slots (imapd leaks them; at the limit SMTP AUTH fails with "Unable to open MDB
// transaction") and room for more users. No I/O.
import type { Finding } from './finding.js';
import type { Picture, Sasldb } from './picture.js';
import type { LmdbReaders } from '../cyrus/sasldb/lmdb.js';

/** From this share on it is a finding, before anything fails. */
const FULL = 0.8;
/** How many processes are named, those with the most slots first. */
const NAMED_MAX = 5;
/** Longest part of a command line that is shown. */
const COMMAND_MAX = 60;

export function checkSasldb({ sasldb }: Picture): Finding[] {
  if (sasldb === undefined) return [];
  return [...checkReaders(sasldb), ...checkSize(sasldb)];
}

function checkReaders({ path, readers, processes }: Sasldb): Finding[] {
  if (readers === undefined) return [];
  const used = readers.holders.length;
  if (used < readers.max * FULL) return [];
  const more = readers.max * 10;
  return [
    {
      check: 'sasldb.readers',
      severity: used < readers.max ? 'warning' : 'error',
      where: `${path}-lock`,
      what: `${used} of ${readers.max} reader slots are taken, by ${holders(readers, processes)}`,
      why: 'with none left SMTP AUTH and logins fail: "Unable to open MDB transaction"',
      mend:
        `restart Cyrus (service imapd restart), which frees them; for good: sasl_sasldb_maxreaders: ${more} in ` +
        `imapd.conf and sasldb_maxreaders: ${more} in Sendmail.conf, then restart both`,
    },
  ];
}

/** `pid 123 (imapd) 40×, pid 7 (ended) 3×` */
function holders(readers: LmdbReaders, processes: ReadonlyMap<number, string> | undefined): string {
  const slots = new Map<number, number>();
  for (const pid of readers.holders) slots.set(pid, (slots.get(pid) ?? 0) + 1);
  const most = [...slots].sort(([, a], [, b]) => b - a);
  const named = most.slice(0, NAMED_MAX).map(([pid, count]) => {
    const command = processes === undefined ? 'unknown' : (processes.get(pid) ?? 'ended');
    return `pid ${pid} (${command.slice(0, COMMAND_MAX)})${count > 1 ? ` ${count} times` : ''}`;
  });
  const others = most.length - named.length;
  return named.join(', ') + (others > 0 ? ` and ${others} more` : '');
}

/** The option counts KiB (plugins/../sasldb/db_lmdb.c), though its manual says bytes. */
function checkSize({ path, data }: Sasldb): Finding[] {
  if (data === undefined || data.usedBytes < data.mapBytes * FULL) return [];
  const more = Math.ceil((data.mapBytes * 10) / 1024);
  return [
    {
      check: 'sasldb.size',
      severity: 'warning',
      where: path,
      what: `${data.usedBytes} of ${data.mapBytes} bytes are in use`,
      why: 'when it is full no user can be added and no password changed',
      mend: `sasl_sasldb_mapsize: ${more} in imapd.conf and sasldb_mapsize: ${more} in Sendmail.conf (KiB), then restart both`,
    },
  ];
}

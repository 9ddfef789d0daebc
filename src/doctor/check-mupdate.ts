// The mupdate master of a murder, as it answered: it is there, it is the master, and each of its servers is named. No I/O.
import type { MupdateBackchannelConfig } from '../config/config.js';
import { formatEndpoint } from '../net/endpoint.js';
import type { Finding } from './finding.js';
import type { BackchannelAnswer } from './picture.js';

const AWAY = 'every server is asked about each mailbox, and nobody is refused as unknown';

export function checkMaster(
  { name, endpoint }: MupdateBackchannelConfig,
  { error, strangers = [] }: Pick<BackchannelAnswer, 'error' | 'strangers'>,
): Finding[] {
  const table = `[backchannel.${name}]`;
  const [stranger] = strangers;
  if (error !== undefined) return [masterAway(name, table, formatEndpoint(endpoint), error)];
  if (stranger === undefined) return [];
  return [
    {
      check: 'mupdate.unnamed',
      severity: 'error',
      where: `${table} in cyrusmapd.toml`,
      what: `the murder has ${strangers.join(', ')}, and servers of ${name} does not name ${strangers.length === 1 ? 'it' : 'them'}`,
      why: 'mailboxes there are deferred with 451, and nobody is refused as unknown',
      mend: `in cyrusmapd.toml, a [backchannel.NAME] that asks ${stranger}, and in servers of ${table}: "${stranger}" = "NAME"`,
    },
  ];
}

/** A frontend's own mupdate is a slave, and goes on answering by what it knew before it lost the master. */
function masterAway(name: string, table: string, endpoint: string, error: string): Finding {
  const master = /a slave of mupdate:\/\/([\w.-]+)/.exec(error)?.[1];
  if (master !== undefined)
    return {
      check: 'mupdate.slave',
      severity: 'error',
      where: `${table} in cyrusmapd.toml`,
      what: `${name} asks a slave of the murder: ${error}`,
      why: AWAY,
      mend: `in cyrusmapd.toml, ${table}: endpoint = "inet:3905@${master}"`,
    };
  return {
    check: 'mupdate.down',
    severity: 'error',
    where: endpoint,
    what: `the mupdate master of ${name} is not heard: ${error}`,
    why: AWAY,
    mend: `start its service mupdate -m, or let it listen where ${table} asks; user must be among its admins`,
  };
}

// Completes the configuration from the Cyrus on this machine: what our file does not set is taken from imapd.conf(5) and
// cyrus.conf(5). What our file sets counts, and a difference is reported. I/O: reads these files.
import { dirname, join } from 'node:path';
import type { CyrusHost } from '../config/config.js';
import type { Completed } from '../config/load.js';
import type { TableOfFile } from '../config/read.js';
import type { CyrusService } from '../cyrus/conf/cyrus-conf.js';
import type { ImapdConf } from '../cyrus/conf/imapd-conf.js';
import { ConfigError } from '../errors.js';

/** The name of the back-channel that is made where the file has none. */
const MADE = 'cyrus';

/**
 * @param places where to look for imapd.conf if the file does not name it: by default those of FreeBSD's and Debian's packages
 * @param former the imapd.conf that was read for the configuration in force. While it is missing or half written, nobody knows
 *   how addresses become mailboxes, so this fails and the configuration in force stays
 * @throws ConfigError where an imapd.conf that the file names, or the former one, cannot be read
 */
export async function completeFromCyrus(
  written: TableOfFile,
  places?: readonly string[],
  former?: string,
): Promise<Completed> {
  const { imapd_conf: named } = tableOf(written['cyrus']);
  const wanted = named === undefined ? asksHere(written) : typeof named === 'string' && named.startsWith('/');
  if (!wanted) return { table: written, host: undefined };
  const reader = await import('../cyrus/conf/read-files.js');
  const path = typeof named === 'string' ? named : reader.findConf(places ?? reader.IMAPD_CONF_PLACES);
  if (named === undefined && former !== undefined && reader.findConf([former]) === undefined)
    throw gone(former);
  if (path === undefined) return { table: written, host: undefined };
  try {
    const services = await lmtpServicesBeside(path);
    const sockets = new Set(endpointsIn(written).map(({ path: socket }) => socket));
    const service = services.find(({ listen }) => sockets.has(listen)) ?? services[0];
    const conf = await reader.readImapdConf(path, service?.name);
    return completed(written, conf, services, named !== undefined);
  } catch (error) {
    if (named !== undefined || former !== undefined || !(error instanceof ConfigError)) throw error;
    return { table: written, host: { ...UNREAD, imapdConf: path, differences: [error.message] } };
  }
}

function gone(path: string): ConfigError {
  return new ConfigError(
    `${path} is gone: must be there, or cyrus.imapd_conf must be set; "" where Cyrus is not here any more`,
  );
}

/** What is said of an imapd.conf that nobody named, which was found and could not be read. */
const UNREAD: Omit<CyrusHost, 'imapdConf' | 'differences'> = {
  named: false,
  files: [],
  list: undefined,
  userDeny: undefined,
  mupdate: false,
  catchAll: false,
  fuzzy: false,
  beyondList: [],
  lmtpSockets: [],
};

/** Whether the file asks lmtpd on a UNIX socket, or has no back-channel at all: then Cyrus is on this machine. */
function asksHere(written: TableOfFile): boolean {
  return !('backchannel' in written) || endpointsIn(written).length > 0;
}

type UnixLmtp = { readonly name: string; readonly path: string };

/** The UNIX sockets on which the file asks lmtpd. */
function endpointsIn(written: TableOfFile): UnixLmtp[] {
  return Object.entries(tableOf(written['backchannel'])).flatMap(([name, each]) => {
    const { type, endpoint } = tableOf(each);
    if (type !== 'lmtp' || typeof endpoint !== 'string') return [];
    const path = /^(?:unix|local):(\/.*)$/s.exec(endpoint)?.[1];
    return path === undefined ? [] : [{ name, path }];
  });
}

/** The lmtpd services of cyrus.conf in the same folder that listen on a UNIX socket; none where it cannot be read. */
async function lmtpServicesBeside(imapdConf: string): Promise<readonly CyrusService[]> {
  const { readCyrusConf } = await import('../cyrus/conf/read-files.js');
  const { lmtpServices } = await import('../cyrus/conf/cyrus-conf.js');
  try {
    const conf = await readCyrusConf(join(dirname(imapdConf), 'cyrus.conf'));
    return lmtpServices(conf).filter(({ listen }) => listen.startsWith('/'));
  } catch (error) {
    if (error instanceof ConfigError) return [];
    throw error;
  }
}

function completed(
  written: TableOfFile,
  conf: ImapdConf,
  services: readonly CyrusService[],
  named: boolean,
): Completed {
  const { mailboxList, userDeny } = conf;
  const sockets = services.map(({ listen }) => listen);
  const ofCyrus = conf.get('lmtpsocket');
  const lmtpSockets = sockets.length > 0 || ofCyrus === undefined ? sockets : [ofCyrus];
  const lookup = tableOf(written['lookup']);
  const said = addressKeys(conf);
  return {
    table: {
      ...written,
      ...('lookup' in written && !isTable(written['lookup'])
        ? {}
        : { lookup: { ...said, ...eightBitOf(conf), ...lookup } }),
      ...backchannels(written, conf, lmtpSockets[0]),
    },
    host: {
      imapdConf: conf.path,
      named,
      files: conf.files,
      list: mailboxList.path === undefined ? undefined : { path: mailboxList.path, kind: mailboxList.kind },
      userDeny: userDeny.path,
      mupdate: conf.mupdateServer !== undefined,
      catchAll: conf.catchallMailbox !== undefined,
      fuzzy: conf.fuzzyMailboxMatch,
      beyondList: beyondListOf(conf),
      lmtpSockets,
      differences: Object.entries(said).flatMap(([key, value]) =>
        !(key in lookup) || lookup[key] === value
          ? []
          : [`lookup.${key} is ${JSON.stringify(lookup[key])}: ${conf.path} says ${JSON.stringify(value)}`],
      ),
    },
  };
}

/** Sentences on settings with which the mailbox list alone does not decide who gets mail, or cannot be read by us. */
function beyondListOf(conf: ImapdConf): string[] {
  const { kind } = conf.mailboxList;
  return [
    ...(kind === 'twoskip' ? [] : [`mboxlist_db is ${kind}`]),
    ...(conf.mupdateServer === undefined ? [] : ['mupdate_server is set']),
    ...(conf.improvedMailboxListSort ? ['improved_mboxlist_sort is on'] : []),
    ...(conf.catchallMailbox === undefined ? [] : ['lmtp_catchall_mailbox is set']),
    ...(conf.fuzzyMailboxMatch ? ['lmtp_fuzzy_mailbox_match is on'] : []),
    ...(conf.autocreatePost && conf.autocreateQuota >= 0 ? ['autocreate_post is on'] : []),
    ...(conf.defaultDomain === conf.defaultDomain.toLowerCase() ? [] : ['defaultdomain has capitals']),
  ];
}

/** Kept apart from addressKeys(): it does not change which mailbox an address names, so no difference is reported. */
function eightBitOf({ strictRfc2821 }: ImapdConf): TableOfFile {
  return strictRfc2821 ? {} : { eight_bit: 'ask' };
}

/** The settings of imapd.conf under their names in [lookup]. */
function addressKeys(conf: ImapdConf): TableOfFile {
  return {
    downcase: conf.downcase,
    post_user: conf.postUser ?? '',
    virtual_domains: conf.virtualDomains !== 'off',
    default_domain: conf.defaultDomain,
  };
}

/** Makes a back-channel where the file has none; for an lmtpd on this machine, sets `strict_quota` as imapd.conf has it. */
function backchannels(written: TableOfFile, conf: ImapdConf, socket: string | undefined): TableOfFile {
  const strict = conf.strictQuota ? { strict_quota: true } : {};
  if (!('backchannel' in written)) {
    const made = { type: 'lmtp', endpoint: `unix:${socket ?? ''}`, ...strict };
    return socket === undefined ? {} : { backchannel: { [MADE]: made } };
  }
  const here = new Set(endpointsIn(written).map(({ name }) => name));
  if (!conf.strictQuota || here.size === 0) return {};
  const all = Object.entries(tableOf(written['backchannel']));
  const counted = all.map(([name, each]) => [name, here.has(name) ? { ...strict, ...tableOf(each) } : each]);
  return { backchannel: Object.fromEntries(counted) };
}

function tableOf(value: unknown): TableOfFile {
  return isTable(value) ? value : {};
}

function isTable(value: unknown): value is TableOfFile {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

// Every key of the configuration file: what it allows and its default. The words for the administrator are in
// rc.d/cyrusmapd.toml.sample, which a test holds against this table. No I/O.
import * as v from 'valibot';
import { MECHANISMS } from './mechanism-names.js';
import {
  absolutePath,
  account,
  choice,
  duration,
  endpoint,
  fileMode,
  flag,
  integer,
  list,
  mailbox,
  network,
  table,
  tableOnly,
  text,
  unixEndpoint,
} from './values.js';

const socketmap = table({
  listen: v.optional(list(endpoint(), 1, 'endpoints'), ['unix:/var/run/cyrusmapd/socketmap']),
  allow: v.optional(list(network(), 0, 'networks'), []),
  socket_owner: v.optional(account()),
  socket_group: v.optional(account()),
  socket_mode: v.optional(fileMode(), '0660'),
  max_connections: v.optional(integer(1, 100_000), 4096),
  max_waiting: v.optional(integer(1, 10_000), 100),
  max_request_bytes: v.optional(integer(512, 100_000), 10_000),
  idle_timeout: v.optional(duration('10s', '7d'), '2h'),
  request_timeout: v.optional(duration('1s', '60s'), '10s'),
  write_timeout: v.optional(duration('1s', '30s'), '10s'),
  linger_timeout: v.optional(duration('1s', '7d'), '1h'),
  backlog: v.optional(integer(1, 65_535), 1024),
  shutdown_grace: v.optional(duration('0s', '5m'), '10s'),
});

const lookup = table({
  deadline: v.optional(duration('100ms', '25s', 'Sendmail gives up at 30s'), '5s'),
  over_quota: v.optional(choice('temp', 'ok', 'reject'), 'temp'),
  refused: v.optional(choice('reject', 'temp'), 'reject'),
  detail: v.optional(choice('inbox', 'folder'), 'inbox'),
  eight_bit: v.optional(choice('reject', 'temp'), 'reject'),
  downcase: v.optional(flag(), true),
  post_user: v.optional(
    text((value) => /^[!#-'*\-./0-9=?A-Z^-~]{0,64}$/.test(value), 'a local part or empty'),
    '',
  ),
  virtual_domains: v.optional(flag(), true),
  default_domain: v.optional(text((value) => /^[A-Za-z0-9.-]{1,253}$/.test(value), 'a domain')),
  always_accept: v.optional(list(mailbox(), 0, 'addresses'), []),
  domains_complete: v.optional(flag(), false),
});

const map = table({
  over_quota: v.optional(choice('temp', 'ok', 'reject')),
  refused: v.optional(choice('reject', 'temp')),
  detail: v.optional(choice('inbox', 'folder')),
});

const cache = table({
  known_ttl: v.optional(duration('1s', '1h'), '60s'),
  negative_ttl: v.optional(duration('1s', '300s', 'a mailbox may be created the next moment'), '10s'),
  over_quota_ttl: v.optional(duration('1s', '300s'), '30s'),
  serve_stale: v.optional(duration('0s', '7d'), '24h'),
  max_known: v.optional(integer(100, 10_000_000), 100_000),
  max_negative: v.optional(integer(100, 1_000_000), 20_000),
  snapshot_interval: v.optional(duration('10s', '1d'), '15m'),
  state_file: v.optional(absolutePath()),
  state_interval: v.optional(duration('10s', '1d'), '5m'),
});

const events = table({
  listen: v.optional(unixEndpoint()),
  socket_owner: v.optional(account()),
  socket_group: v.optional(account()),
  socket_mode: v.optional(fileMode(), '0660'),
  quota: v.optional(flag(), false),
  negative_ttl: v.optional(duration('1s', '300s'), '30s'),
  forward: v.optional(unixEndpoint()),
});

const backchannelName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/, 'is no name: letters, digits, - and _, at most 32'),
  v.metadata({ allowed: 'the name of another back-channel' }),
);

const login = {
  user: v.optional(text((value) => /^[^\0\r\n]{1,255}$/.test(value), 'an account of Cyrus')),
  password_file: v.optional(absolutePath()),
  authorization_id: v.optional(text((value) => /^[^\0\r\n]{1,255}$/.test(value), 'an account of Cyrus')),
  mechanisms: v.optional(
    list(choice(...MECHANISMS), 1, 'login mechanisms'),
    MECHANISMS.filter((name) => name !== 'EXTERNAL'),
  ),
  plain_anywhere: v.optional(flag(), false),
  login_backoff: v.optional(duration('10s', '1h'), '5m'),
};

const tls = {
  tls: v.optional(choice('none', 'starttls', 'implicit'), 'none'),
  ca_file: v.optional(absolutePath()),
  server_name: v.optional(
    text((value) => /^[A-Za-z0-9.:_-]{1,253}$/.test(value), 'a host name or an address'),
  ),
  client_cert: v.optional(absolutePath()),
  client_key: v.optional(absolutePath()),
  tls_min_version: v.optional(choice('1.2', '1.3'), '1.2'),
};

const lmtpBackchannel = table({
  type: v.literal('lmtp'),
  endpoint: endpoint(),
  canary: v.optional(mailbox()),
  ...login,
  ...tls,
  connections: v.optional(integer(1, 16, 'each takes one of the maxchild processes of lmtpd'), 2),
  batch: v.optional(integer(1, 128), 128),
  max_waiting: v.optional(integer(100, 100_000), 10_000),
  idle_timeout: v.optional(duration('1s', '300s', 'lmtpd closes at 360s'), '60s'),
  connect_timeout: v.optional(duration('100ms', '25s'), '2s'),
  reply_timeout: v.optional(duration('100ms', '60s'), '10s'),
  backoff_min: v.optional(duration('100ms', '60s'), '1s'),
  backoff_max: v.optional(duration('100ms', '5m'), '10s'),
  autocreate: v.optional(choice('defer', 'accept'), 'defer'),
  second: v.optional(backchannelName),
});

const imapBackchannel = table({
  type: v.literal('imap'),
  endpoint: endpoint(),
  canary: v.optional(mailbox()),
  ...login,
  ...tls,
  strict_quota: v.optional(flag(), false),
  connections: v.optional(integer(1, 4, 'each login takes a reader of sasldb'), 1),
  batch: v.optional(integer(1, 128), 128),
  max_waiting: v.optional(integer(100, 100_000), 10_000),
  idle_timeout: v.optional(duration('1s', '29m', 'imapd closes at 30m or later'), '25m'),
  connect_timeout: v.optional(duration('100ms', '25s'), '2s'),
  reply_timeout: v.optional(duration('100ms', '60s'), '10s'),
  backoff_min: v.optional(duration('100ms', '60s'), '1s'),
  backoff_max: v.optional(duration('100ms', '5m'), '10s'),
  second: v.optional(backchannelName),
});

const listBackchannel = table({
  type: v.literal('list'),
  file: absolutePath(),
});

/** By its type, in the order of the sample file. */
export const BACKCHANNELS = { lmtp: lmtpBackchannel, imap: imapBackchannel, list: listBackchannel };

const mapName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-]{1,64}$/, 'is no map name: letters, digits, - and _, at most 64'),
);

const domain = v.pipe(
  v.string(),
  v.regex(
    /^(?:\*|(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)$/,
    'is no domain: must be such as "example.jp", "*.example.jp" or "*"',
  ),
);

const log = table({
  level: v.optional(choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), 'info'),
  file: v.optional(absolutePath()),
  max_pending_bytes: v.optional(integer(65_536, 67_108_864), 1_048_576),
  max_refused_per_second: v.optional(integer(1, 1_000_000), 100),
});

/** One for each name of a map. */
export const MAP = map;

/** The tables of which a file has one each. */
export const SECTIONS = { socketmap, lookup, cache, events, log };

export const FILE = table({
  socketmap: v.optional(tableOnly(socketmap), {}),
  lookup: v.optional(tableOnly(lookup), {}),
  cache: v.optional(tableOnly(cache), {}),
  events: v.optional(tableOnly(events), {}),
  backchannel: v.optional(
    tableOnly(
      v.record(
        backchannelName,
        tableOnly(v.variant('type', [lmtpBackchannel, imapBackchannel, listBackchannel], variantMessage)),
      ),
    ),
    {},
  ),
  map: v.optional(tableOnly(v.record(mapName, tableOnly(map))), {}),
  domains: v.optional(tableOnly(v.record(domain, v.string('must be the name of a back-channel'))), {}),
  log: v.optional(tableOnly(log), {}),
});

/** What a file holds once its defaults are filled in: still in the file's own words. */
export type Settings = v.InferOutput<typeof FILE>;
export type BackchannelSettings = Settings['backchannel'][string];
export type CyrusSettings = Exclude<BackchannelSettings, { type: 'list' }>;

function variantMessage(issue: v.VariantIssue): string {
  const [last, ...others] = Object.keys(BACKCHANNELS)
    .map((type) => `"${type}"`)
    .reverse();
  const types = `${others.reverse().join(', ')} or ${last}`;
  return issue.received === 'undefined' ? `is missing: must be ${types}` : `must be ${types}`;
}

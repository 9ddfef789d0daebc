// From settings in the file's words to the Config that the daemon uses: milliseconds, endpoints, recipients,
// deeply frozen. The settings have been checked; what cannot be converted after all is a ConfigError. No I/O.
import type {
  BackchannelConfig,
  CacheConfig,
  Config,
  CyrusConnectionConfig,
  DomainRoute,
  EventsConfig,
  LoginConfig,
  LookupConfig,
  MapConfig,
  SocketmapConfig,
  TlsConfig,
  UnixEndpoint,
} from './config.js';
import { parseEndpoint, type Endpoint } from '../net/endpoint.js';
import { ConfigError } from '../errors.js';
import { parseKey, type AddressRules, type Recipient } from '../validation/recipient.js';
import { parseDuration } from './duration.js';
import { parseNetwork, type Network } from '../net/network.js';
import type { BackchannelSettings, CyrusSettings, Settings } from './schema.js';

export function toConfig(settings: Settings, file: string | undefined): Config {
  const lookup = toLookup(settings.lookup);
  const backchannels = Object.entries(settings.backchannel).map(([name, each]) =>
    toBackchannel(name, each, lookup.addressRules),
  );
  return deepFreeze({
    file,
    socketmap: toSocketmap(settings.socketmap),
    lookup,
    cache: toCache(settings.cache),
    ...toMaps(settings),
    events: toEvents(settings.events),
    backchannels,
    domains: toDomains(settings.domains, backchannels),
    log: {
      level: settings.log.level,
      file: settings.log.file,
      maxPendingBytes: settings.log.max_pending_bytes,
      maxRefusedPerSecond: settings.log.max_refused_per_second,
    },
  });
}

function toSocketmap(settings: Settings['socketmap']): SocketmapConfig {
  return {
    listen: settings.listen.map((text) => parseEndpoint(text, 'socketmap.listen')),
    allow: settings.allow.map(toNetwork),
    socketOwner: settings.socket_owner,
    socketGroup: settings.socket_group,
    socketMode: Number.parseInt(settings.socket_mode, 8),
    maxConnections: settings.max_connections,
    maxWaiting: settings.max_waiting,
    maxRequestBytes: settings.max_request_bytes,
    idleTimeoutMs: toMs(settings.idle_timeout),
    requestTimeoutMs: toMs(settings.request_timeout),
    writeTimeoutMs: toMs(settings.write_timeout),
    lingerTimeoutMs: toMs(settings.linger_timeout),
    backlog: settings.backlog,
    shutdownGraceMs: toMs(settings.shutdown_grace),
  };
}

function toLookup(settings: Settings['lookup']): LookupConfig {
  const addressRules = {
    downcase: settings.downcase,
    postUser: settings.post_user,
    virtualDomains: settings.virtual_domains,
    defaultDomain: settings.default_domain?.toLowerCase(),
  };
  return {
    deadlineMs: toMs(settings.deadline),
    eightBit: settings.eight_bit,
    addressRules,
    alwaysAccept: settings.always_accept.map((address) => toRecipient(address, addressRules).address),
    domainsComplete: settings.domains_complete,
  };
}

/** What a map does not say, `[map.cyrus]` says, and what that does not say, `[lookup]`. */
function toMaps({ lookup, map }: Settings): { maps: ReadonlyMap<string, MapConfig>; defaultMap: MapConfig } {
  const base = { overQuota: lookup.over_quota, refused: lookup.refused, detail: lookup.detail };
  const defaultMap = map[DEFAULT_MAP] === undefined ? base : overridden(base, map[DEFAULT_MAP]);
  const maps = Object.entries(map).map(([name, each]) => [name, overridden(defaultMap, each)] as const);
  return { maps: new Map(maps), defaultMap };
}

function overridden(base: MapConfig, settings: Settings['map'][string]): MapConfig {
  return {
    overQuota: settings.over_quota ?? base.overQuota,
    refused: settings.refused ?? base.refused,
    detail: settings.detail ?? base.detail,
  };
}

/** As FEATURE(mrs_cyrus) declares it. */
const DEFAULT_MAP = 'cyrus';

function toCache(settings: Settings['cache']): CacheConfig {
  return {
    knownTtlMs: toMs(settings.known_ttl),
    negativeTtlMs: toMs(settings.negative_ttl),
    overQuotaTtlMs: toMs(settings.over_quota_ttl),
    serveStaleMs: toMs(settings.serve_stale),
    maxKnown: settings.max_known,
    maxNegative: settings.max_negative,
    snapshotIntervalMs: toMs(settings.snapshot_interval),
    stateFile: settings.state_file,
    stateIntervalMs: toMs(settings.state_interval),
  };
}

function toEvents(settings: Settings['events']): EventsConfig | undefined {
  if (settings.listen === undefined) return undefined;
  return {
    listen: toUnix(settings.listen, 'events.listen'),
    socketOwner: settings.socket_owner,
    socketGroup: settings.socket_group,
    socketMode: Number.parseInt(settings.socket_mode, 8),
    quota: settings.quota,
    negativeTtlMs: toMs(settings.negative_ttl),
    forward: settings.forward === undefined ? undefined : toUnix(settings.forward, 'events.forward'),
  };
}

function toUnix(text: string, key: string): UnixEndpoint {
  const endpoint = parseEndpoint(text, key);
  if (endpoint.kind !== 'unix')
    throw new ConfigError(`${key} is ${JSON.stringify(text)}: must be unix:/path`);
  return endpoint;
}

function toBackchannel(name: string, settings: BackchannelSettings, rules: AddressRules): BackchannelConfig {
  switch (settings.type) {
    case 'list':
      return { type: 'list', name, file: settings.file, second: undefined };
    case 'lmtp':
      return {
        type: 'lmtp',
        ...toCyrusConnection(name, settings, rules),
        autocreate: settings.autocreate,
      };
    case 'imap':
      return {
        type: 'imap',
        ...toCyrusConnection(name, settings, rules),
        strictQuota: settings.strict_quota,
      };
  }
}

function toCyrusConnection(
  name: string,
  settings: CyrusSettings,
  rules: AddressRules,
): CyrusConnectionConfig {
  const endpoint = parseEndpoint(settings.endpoint, `backchannel.${name}.endpoint`);
  return {
    name,
    endpoint,
    canary: settings.canary === undefined ? undefined : toRecipient(settings.canary, rules),
    login: toLogin(settings),
    tls: toTls(settings, endpoint),
    connections: settings.connections,
    batch: settings.batch,
    maxWaiting: settings.max_waiting,
    idleTimeoutMs: toMs(settings.idle_timeout),
    connectTimeoutMs: toMs(settings.connect_timeout),
    replyTimeoutMs: toMs(settings.reply_timeout),
    backoffMinMs: toMs(settings.backoff_min),
    backoffMaxMs: toMs(settings.backoff_max),
    loginBackoffMs: toMs(settings.login_backoff),
    second: settings.second,
  };
}

function toLogin(settings: CyrusSettings): LoginConfig | undefined {
  if (settings.user === undefined && !settings.mechanisms.includes('EXTERNAL')) return undefined;
  return {
    user: settings.user ?? '',
    passwordFile: settings.password_file,
    authorizationId: settings.authorization_id,
    mechanisms: settings.mechanisms,
    plainAnywhere: settings.plain_anywhere,
  };
}

function toTls(settings: CyrusSettings, endpoint: Endpoint): TlsConfig | undefined {
  if (settings.tls === 'none') return undefined;
  return {
    mode: settings.tls,
    caFile: settings.ca_file,
    serverName: settings.server_name ?? (endpoint.kind === 'unix' ? 'localhost' : endpoint.host),
    clientCert: settings.client_cert,
    clientKey: settings.client_key,
    minVersion: `TLSv${settings.tls_min_version}`,
  };
}

/** Without a table the only back-channel serves everything. */
function toDomains(settings: Settings['domains'], backchannels: readonly BackchannelConfig[]): DomainRoute[] {
  const routes = Object.entries(settings).map(([domain, backchannel]) => ({
    domain: domain.toLowerCase(),
    backchannel,
  }));
  const [only] = backchannels;
  if (routes.length === 0 && only !== undefined) routes.push({ domain: '*', backchannel: only.name });
  return routes.sort((a, b) => specificity(b.domain) - specificity(a.domain));
}

/** A whole name before `*.` and a name, the longer before the shorter, `*` last. No name is longer than 255. */
function specificity(domain: string): number {
  return domain.startsWith('*') ? domain.length : 1000 + domain.length;
}

function toMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new ConfigError(`${JSON.stringify(text)} is no duration`);
  return ms;
}

function toNetwork(text: string): Network {
  const network = parseNetwork(text);
  if (network === undefined) throw new ConfigError(`${JSON.stringify(text)} is no network`);
  return network;
}

function toRecipient(address: string, rules: AddressRules): Recipient {
  const parsed = parseKey(address, rules);
  if (parsed.kind === 'recipient') return parsed.recipient;
  throw new ConfigError(`${JSON.stringify(address)} has ${parsed.reason}: no mailbox has such an address`);
}

function deepFreeze<Value extends object>(value: Value): Value {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}

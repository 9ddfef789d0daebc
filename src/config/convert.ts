// Makes the Config that the daemon uses from the values of a file: puts together what belongs together, completes maps and domains
// by what other tables say, and turns addresses into recipients. All of it is deeply frozen. No I/O.
import { ConfigError } from '../errors.js';
import type { Endpoint } from '../net/endpoint.js';
import { parseKey, type AddressRules, type Recipient } from '../validation/recipient.js';
import type {
  BackchannelConfig,
  Config,
  CyrusHost,
  DomainRoute,
  EventsConfig,
  FleetConfig,
  LoginConfig,
  LookupConfig,
  MapConfig,
  TlsConfig,
} from './config.js';
import type { BackchannelValues, CyrusValues, MapValues, Values } from './schema.js';

/** @throws ConfigError naming an address that no mailbox can have */
export function toConfig(values: Values, file: string | undefined, host: CyrusHost | undefined): Config {
  const { backchannel, map, domain, domains, lookup: lookupValues, events, fleet, ...sections } = values;
  const lookup = toLookup(lookupValues);
  const backchannels = [...backchannel].map(([name, each]) => toBackchannel(name, each, lookup.addressRules));
  return deepFreeze({
    ...sections,
    file,
    host,
    lookup,
    ...toMaps(lookupValues, map),
    domainAnswers: new Map([...domain].map(([name, each]) => [name.toLowerCase(), each])),
    events: toEvents(events),
    fleet: toFleet(fleet),
    backchannels,
    domains: toDomains(domains, backchannels),
  });
}

function toLookup(values: Values['lookup']): LookupConfig {
  const addressRules = {
    downcase: values.downcase,
    postUser: values.postUser,
    virtualDomains: values.virtualDomains,
    defaultDomain: values.defaultDomain?.toLowerCase(),
    spelledDefaultDomain: values.defaultDomain,
    asksEightBit: values.eightBit === 'ask',
  };
  return {
    deadlineMs: values.deadlineMs,
    eightBit: values.eightBit,
    addressRules,
    alwaysAccept: values.alwaysAccept.map((address) => {
      const { local, domain } = toRecipient('lookup.always_accept', address, addressRules);
      return domain === undefined ? local : `${local}@${domain}`;
    }),
    alwaysAcceptFile: values.alwaysAcceptFile,
    domainsComplete: values.domainsComplete,
  };
}

/** A key that a map does not have is taken from `[map.cyrus]`, and one that this does not have either, from `[lookup]`. */
function toMaps(
  lookup: Values['lookup'],
  named: ReadonlyMap<string, MapValues>,
): { maps: ReadonlyMap<string, MapConfig>; defaultMap: MapConfig } {
  const base: MapConfig = {
    keys: 'recipients',
    overQuota: lookup.overQuota,
    refused: lookup.refused,
    detail: lookup.detail,
    queueId: false,
  };
  const defaultMap = overridden(base, named.get(DEFAULT_MAP));
  const maps = [...named].map(([name, each]) => [name, overridden(defaultMap, each)] as const);
  return { maps: new Map(maps), defaultMap };
}

function overridden(base: MapConfig, values: MapValues | undefined): MapConfig {
  return {
    // Not from [map.cyrus]: a map of domains is one only where it says so itself.
    keys: values?.keys ?? 'recipients',
    overQuota: values?.overQuota ?? base.overQuota,
    refused: values?.refused ?? base.refused,
    detail: values?.detail ?? base.detail,
    queueId: values?.queueId ?? base.queueId,
  };
}

/** As FEATURE(mrs_cyrus) declares it. */
const DEFAULT_MAP = 'cyrus';

function toEvents({ listen, ...values }: Values['events']): EventsConfig | undefined {
  return listen === undefined ? undefined : { listen, ...values };
}

function toFleet({ url, ...values }: Values['fleet']): FleetConfig | undefined {
  return url === undefined ? undefined : { url, ...values };
}

function toBackchannel(name: string, values: BackchannelValues, rules: AddressRules): BackchannelConfig {
  if (values.type === 'list') {
    const here = values.domains?.map((domain) => domain.toLowerCase());
    return { ...values, name, domains: here, second: undefined };
  }
  if (values.type === 'mupdate') {
    const { user, passwordFile, authorizationId, mechanisms, plainAnywhere, ...own } = values;
    const password = { user, passwordFile, authorizationId, mechanisms, plainAnywhere };
    const login = { ...password, channelBinding: 'none' as const };
    return { ...own, name, login, tls: undefined, second: undefined };
  }
  const { canary, user, passwordFile, authorizationId, ...untilLogin } = values;
  const { mechanisms, channelBinding, plainAnywhere, ...untilTls } = untilLogin;
  const { tls, caFile, serverName, clientCert, clientKey, tlsMinVersion, ...own } = untilTls;
  return {
    ...own,
    name,
    canaries: (canary ?? []).map((each) => toRecipient(`backchannel.${name}.canary`, each, rules)),
    login: toLogin({
      ...{ user, passwordFile, authorizationId },
      ...{ mechanisms, channelBinding, plainAnywhere },
    }),
    tls: toTls({ tls, caFile, serverName, clientCert, clientKey, tlsMinVersion }, own.endpoint),
  };
}

type LoginValues = Pick<CyrusValues, keyof LoginConfig>;

function toLogin(values: LoginValues): LoginConfig | undefined {
  const { user } = values;
  if (user === undefined && !values.mechanisms.includes('EXTERNAL')) return undefined;
  return { ...values, user: user ?? '' };
}

type TlsValues = Pick<CyrusValues, 'tls' | 'tlsMinVersion'> &
  Pick<CyrusValues, keyof TlsConfig & keyof CyrusValues>;

function toTls(
  { tls, tlsMinVersion, serverName, ...files }: TlsValues,
  endpoint: Endpoint,
): TlsConfig | undefined {
  if (tls === 'none') return undefined;
  const host = endpoint.kind === 'unix' ? 'localhost' : endpoint.host;
  return { ...files, mode: tls, serverName: serverName ?? host, minVersion: `TLSv${tlsMinVersion}` };
}

/** Where there is no table [domains], the only back-channel serves every domain. */
function toDomains(written: Values['domains'], backchannels: readonly BackchannelConfig[]): DomainRoute[] {
  const routes = [...written].map(([domain, names]) => ({
    domain: domain.toLowerCase(),
    backchannels: names,
  }));
  const [only] = backchannels;
  if (routes.length === 0 && only !== undefined) routes.push({ domain: '*', backchannels: [only.name] });
  return routes.sort((a, b) => specificity(b.domain) - specificity(a.domain));
}

/** A whole name before `*.` and a name, the longer before the shorter, `*` last. No name is longer than 255. */
function specificity(domain: string): number {
  return domain.startsWith('*') ? domain.length : 1000 + domain.length;
}

function toRecipient(key: string, address: string, rules: AddressRules): Recipient {
  const parsed = parseKey(address, rules);
  if (parsed.kind === 'recipient') return parsed.recipient;
  const shown = JSON.stringify(address);
  throw new ConfigError(`${key} is ${shown}: has ${parsed.reason}, and no mailbox has such an address`);
}

function deepFreeze<Value extends object>(value: Value): Value {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}

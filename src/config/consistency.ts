// Finds settings that contradict each other, which no single key can show. No I/O.
import { messageOf } from '../errors.js';
import { formatEndpoint } from '../net/endpoint.js';
import { requireAllowList } from '../net/network-list.js';
import { domainContradictions } from './domain-consistency.js';
import { formatDuration } from './duration.js';
import { fleetContradictions } from './fleet-consistency.js';
import { isBinding } from './mechanism-names.js';
import { murderContradictions } from './murder-consistency.js';
import { problem, showValue, type Problem } from './problems.js';
import type { BackchannelValues, CyrusValues, Values } from './schema.js';

export function contradictions(values: Values): Problem[] {
  const cyrus = [...values.backchannel].flatMap(([name, each]) =>
    each.type === 'lmtp' || each.type === 'imap' ? [[name, each] as const] : [],
  );
  const seconded = [...values.backchannel].flatMap(([name, { type }]) => (type === 'mupdate' ? [] : [name]));
  return [
    ...openListeners(values),
    ...policyListeners(values),
    ...adminListeners(values),
    ...shadows(values),
    ...missingBackchannel(values),
    ...eventBackchannels(
      values,
      cyrus.map(([name]) => name),
    ),
    ...cyrus.flatMap(([name, each]) => [
      ...backoffs(name, each),
      ...seconds(name, each, seconded),
      ...logins(name, each),
      ...(each.tls === 'none' ? uselessTlsKeys(name, each) : missingTlsKeys(name, each)),
      ...canaries(name, each, values),
    ]),
    ...[...values.backchannel].flatMap(([name, each]) =>
      each.type === 'mupdate' ? backoffs(name, each) : [],
    ),
    ...murderContradictions(values),
    ...alsos(values),
    ...fleetContradictions(values),
    ...unseenFolders(values),
    ...domainContradictions(values),
  ];
}

function openListeners({ socketmap }: Values): Problem[] {
  try {
    requireAllowList(socketmap.listen, socketmap.allow);
    return [];
  } catch (error) {
    return [{ path: ['socketmap', 'listen'], sentence: messageOf(error) }];
  }
}

/** Postfix asks the policy service about every recipient: without the list of our domains all the world would be unknown. */
function policyListeners({ policy, socketmap, domains }: Values): Problem[] {
  const { listen, allow } = policy;
  if (listen.length === 0) return [];
  const problems: Problem[] = [];
  if (domains.size === 0 || domains.has('*'))
    problems.push(problem(['policy', 'listen'], 'must have [domains], without "*", to tell whose they are'));
  const taken = new Set(socketmap.listen.map(formatEndpoint));
  const shared = listen.map(formatEndpoint).find((name) => taken.has(name));
  if (shared !== undefined && !/^inet6?:0@/.test(shared))
    problems.push(
      problem(['policy', 'listen'], `has "${shared}": must be another socket than those of socketmap.listen`),
    );
  try {
    requireAllowList(listen, allow, { listen: 'policy.listen', allow: 'policy.allow' });
  } catch (error) {
    problems.push({ path: ['policy', 'listen'], sentence: messageOf(error) });
  }
  return problems;
}

/** Who may ask the control socket may change what is answered: so it must not be where mail servers ask. */
function adminListeners({ admin, socketmap }: Values): Problem[] {
  const problems: Problem[] = [];
  const { listen, http, allow } = admin;
  const shared = socketmap.listen.some((each) => each.kind === 'unix' && each.path === listen?.path);
  if (listen !== undefined && shared) {
    const what = `is "${formatEndpoint(listen)}": must be another socket than those of socketmap.listen`;
    problems.push(problem(['admin', 'listen'], what));
  }
  if (http === undefined) return problems;
  try {
    requireAllowList([http], allow, { listen: 'admin.http', allow: 'admin.allow' });
  } catch (error) {
    problems.push({ path: ['admin', 'http'], sentence: messageOf(error) });
  }
  return problems;
}

/** A daemon that asked itself would never come to an end. */
function shadows({ shadow, socketmap }: Values): Problem[] {
  const { endpoint, only } = shadow;
  if (endpoint === undefined) {
    return only ? [problem(['shadow', 'only'], 'is true: must be with an endpoint, which is asked')] : [];
  }
  const name = formatEndpoint(endpoint);
  if (!socketmap.listen.some((each) => formatEndpoint(each) === name)) return [];
  return [
    problem(['shadow', 'endpoint'], `is "${name}": must be another socket than those of socketmap.listen`),
  ];
}

function missingBackchannel({ backchannel }: Values): Problem[] {
  if (backchannel.size > 0) return [];
  return [problem(['backchannel'], 'is missing: must name at least one, such as [backchannel.cyrus]')];
}

function eventBackchannels({ events }: Values, names: readonly string[]): Problem[] {
  return (events.backchannels ?? []).flatMap((name, index) => {
    if (names.includes(name)) return [];
    const others = names.join(', ') || 'there is none';
    const rest = `is ${showValue(name)}: must be the name of a back-channel to Cyrus: ${others}`;
    return [problem(['events', 'backchannels', index], rest)];
  });
}

function backoffs(
  name: string,
  { backoffMinMs, backoffMaxMs }: Pick<CyrusValues, 'backoffMinMs' | 'backoffMaxMs'>,
): Problem[] {
  if (backoffMinMs <= backoffMaxMs) return [];
  const [min, max] = [formatDuration(backoffMinMs), formatDuration(backoffMaxMs)];
  return [problem(['backchannel', name, 'backoff_max'], `is "${max}": must be at least backoff_min, ${min}`)];
}

function seconds(name: string, { second }: CyrusValues, names: readonly string[]): Problem[] {
  if (second === undefined || (second !== name && names.includes(second))) return [];
  const others = names.filter((other) => other !== name).join(', ') || 'there is none';
  return [
    problem(
      ['backchannel', name, 'second'],
      `is ${showValue(second)}: must be the name of another back-channel: ${others}`,
    ),
  ];
}

/** `also` names lists only. Another Cyrus that may have the mailbox belongs into [domains], where its "no" counts as well. */
function alsos({ backchannel }: Values): Problem[] {
  const lists = [...backchannel].filter(([, { type }]) => type === 'list').map(([name]) => name);
  return [...backchannel].flatMap(([name, { also = [] }]) =>
    also.flatMap((each, index) => {
      if (each !== name && lists.includes(each)) return [];
      const others = lists.filter((list) => list !== name).join(', ') || 'there is none';
      const rest = `is ${showValue(each)}: must be the name of another back-channel of type "list": ${others}`;
      return [problem(['backchannel', name, 'also', index], rest)];
    }),
  );
}

function logins(name: string, values: CyrusValues): Problem[] {
  const { user, passwordFile, authorizationId } = values;
  const path = (key: string) => ['backchannel', name, key];
  if (values.mechanisms.every((mechanism) => mechanism === 'EXTERNAL')) return [];
  if (values.mechanisms.every(isBinding) && (values.tls === 'none' || values.channelBinding === 'none')) {
    const what =
      values.tls === 'none' ? 'tls = "starttls" or "implicit"' : 'another channel_binding than "none"';
    return [problem(path('mechanisms'), `has nothing but -PLUS: must be with ${what}, which they need`)];
  }
  if (user === undefined && values.type === 'imap')
    return [problem(path('user'), 'is missing: must name an administrator of Cyrus')];
  if (user === undefined) {
    const useless = { password_file: passwordFile, authorization_id: authorizationId };
    return Object.entries(useless)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => problem(path(key), `is ${showValue(value)}: must be with a user`));
  }
  if (passwordFile !== undefined) return [];
  return [
    problem(
      path('password_file'),
      `is missing: must name the file that holds the password of user ${showValue(user)}`,
    ),
  ];
}

/** An administrator who names a CA believes that he is protected: so without TLS that is an error. */
function uselessTlsKeys(name: string, { caFile, serverName, clientCert, clientKey }: CyrusValues): Problem[] {
  const useless = {
    ca_file: caFile,
    server_name: serverName,
    client_cert: clientCert,
    client_key: clientKey,
  };
  return Object.entries(useless)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) =>
      problem(
        ['backchannel', name, key],
        `is ${showValue(value)}: must be with tls = "starttls" or "implicit"`,
      ),
    );
}

function missingTlsKeys(name: string, values: CyrusValues): Problem[] {
  const { clientCert, clientKey, serverName, endpoint } = values;
  const missing = (key: string, what: string): Problem[] => [
    problem(['backchannel', name, key], `is missing: must be ${what}`),
  ];
  return [
    ...(clientCert !== undefined && clientKey === undefined
      ? missing('client_key', 'the key of client_cert')
      : []),
    ...(clientKey !== undefined && clientCert === undefined
      ? missing('client_cert', 'the certificate of client_key')
      : []),
    ...(serverName === undefined && endpoint.kind === 'unix'
      ? missing('server_name', `set, ${formatEndpoint(endpoint)} has no host`)
      : []),
  ];
}

/**
 * A mailbox's name as cyradm shows it is no address: no mail could be delivered there, so it would vouch for nothing. For imapd a
 * name without domain may belong to the domain of the login, so it is not allowed there.
 */
function canaries(name: string, { type, canary = [] }: CyrusValues, { lookup }: Values): Problem[] {
  const nameless = lookup.virtualDomains && lookup.defaultDomain === undefined && type === 'imap';
  return canary.flatMap((each, index) => {
    const path = ['backchannel', name, 'canary', ...(canary.length > 1 ? [index] : [])];
    const mailbox = /^user\/([^+@]+)(@.*)?$/.exec(each);
    if (mailbox !== null) {
      const address = `${mailbox[1] ?? ''}${mailbox[2] ?? ''}`;
      return [problem(path, `is ${showValue(each)}: must be an address, ${address}`)];
    }
    if (!nameless || each.includes('@')) return [];
    const rest = `is ${showValue(each)}: must have a domain, or lookup.default_domain must be set`;
    return [problem(path, rest)];
  });
}

/** Only these see folders: lmtpd takes any detail, a list has none, and the servers of a murder are looked at by themselves. */
const SEES_FOLDERS: ReadonlySet<BackchannelValues['type']> = new Set(['imap', 'mupdate']);

function unseenFolders({ lookup, map, backchannel }: Values): Problem[] {
  const paths = [...map]
    .filter(([, { detail }]) => detail === 'folder')
    .map(([name]) => ['map', name, 'detail']);
  if (lookup.detail === 'folder') paths.push(['lookup', 'detail']);
  const blind = [...backchannel].filter(([, { type }]) => !SEES_FOLDERS.has(type));
  return paths.flatMap((path) =>
    blind.map(([name, { type }]) =>
      problem(path, `is "folder": must be "inbox", ${type} of backchannel.${name} sees no folders`),
    ),
  );
}

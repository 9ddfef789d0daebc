// Postfix' main.cf and master.cf against where we listen: its programs run in a chroot as Debian has them, a domain is of
// one class only, and proxymap asks nothing that it is not allowed to. Tried on 3.7 and 3.10. No I/O.
import type { Config } from '../config/config.js';
import type { Endpoint } from '../net/endpoint.js';
import type { PostfixPicture } from './ask-postfix.js';
import { checkAccess } from './check-postfix-access.js';
import type { Finding } from './finding.js';
import type { Picture } from './picture.js';
import { socketMapsOf, wordsOf, type PostfixService, type SocketMap } from './postfix-conf.js';

/** Parameters whose maps Postfix asks about domains, and not about recipients. */
const OF_DOMAINS: ReadonlySet<string> = new Set([
  'mydestination',
  'relay_domains',
  'virtual_alias_domains',
  'virtual_mailbox_domains',
]);

export function checkPostfix({ postfix, config, sockets, listeners }: Picture): Finding[] {
  if (postfix === undefined) return [];
  const maps = socketMapsOf(postfix);
  const paths = pathsOf(config.socketmap.listen);
  return [
    ...(paths[0] === undefined || asksUs(postfix, maps, config) ? [] : [noMap(postfix, paths[0])]),
    ...(maps.length > 0 && !postfix.mapTypes.has('socketmap') ? [noType(postfix)] : []),
    ...maps.flatMap((map) => [...checkProxy(postfix, map), ...checkPath(postfix, map, paths)]),
    // Where nobody answers at all, that is a finding about the socket already.
    ...(listeners.every(({ error }) => error === undefined) ? checkAnswers(postfix, config) : []),
    ...checkAccess(postfix, maps, sockets),
    ...checkClasses(postfix, served(maps, config)),
    ...checkTransport(postfix),
    ...checkUnlisted(postfix, maps),
  ];
}

/** Whether Postfix asks us about recipients, by a map or by the policy service. */
function asksUs({ settings }: PostfixPicture, maps: readonly SocketMap[], { policy }: Config): boolean {
  const restrictions = settings.get('smtpd_recipient_restrictions') ?? '';
  if (policy.listen.length > 0 && restrictions.includes('check_policy_service')) return true;
  return maps.some(({ parameter }) => !OF_DOMAINS.has(parameter));
}

/** The domains that Postfix learns from a map of ours. */
function served(maps: readonly SocketMap[], { domains }: Config): readonly string[] {
  if (!maps.some(({ parameter }) => parameter === 'virtual_mailbox_domains')) return [];
  return domains.map(({ domain }) => domain);
}

function noMap(postfix: PostfixPicture, socket: string): Finding {
  const { path } = postfix;
  return {
    check: 'postfix.map',
    severity: 'error',
    where: path,
    what: 'no map asks cyrusmapd',
    why: 'recipients are accepted without a look at Cyrus, and bounce later',
    mend: `postconf -e 'virtual_mailbox_maps = socketmap:${targetOf({ kind: 'unix', path: socket }, postfix)}:cyrus'`,
  };
}

function noType({ path }: PostfixPicture): Finding {
  return {
    check: 'postfix.type',
    severity: 'error',
    where: path,
    what: 'this Postfix is built without the map type socketmap',
    why: 'it cannot ask cyrusmapd: each recipient is a 451',
    mend: 'take a Postfix 3.0 or later; postconf -m must name socketmap',
  };
}

/** proxymap(8) serves what proxy_read_maps lists, all its clients by few processes, and waits for each answer. */
function checkProxy(postfix: PostfixPicture, map: SocketMap): Finding[] {
  if (!map.proxied) return [];
  const { path } = postfix;
  return [
    {
      check: 'postfix.proxy',
      severity: 'warning',
      where: path,
      what: `${map.parameter} asks through proxy:`,
      why: 'few proxymap processes then ask for all smtpd, one after the other, and only what proxy_read_maps lists',
      mend: rewrite(postfix, map, map.text.slice('proxy:'.length)),
    },
  ];
}

/** smtpd opens maps before it enters its chroot, but connects to a socket at each lookup: from within. */
function checkPath(postfix: PostfixPicture, map: SocketMap, ours: readonly string[]): Finding[] {
  if (map.path === undefined || map.proxied || ours.length === 0) return [];
  const queue = postfix.settings.get('queue_directory') ?? '/var/spool/postfix';
  const jailed = smtpd(postfix).some(({ chroot }) => chroot);
  const asked = jailed || !map.path.startsWith('/') ? `${queue}/${map.path.replace(/^\//, '')}` : map.path;
  if (ours.includes(asked)) return [];
  const inside = ours.find((each) => each.startsWith(`${queue}/`));
  const target = inside === undefined ? 'cyrusmapd/socketmap' : inside.slice(queue.length + 1);
  const mend =
    inside === undefined && jailed
      ? `in cyrusmapd.toml, [socketmap]: listen = ["unix:${queue}/${target}"]; then service cyrusmapd restart; then `
      : '';
  const wanted = jailed || inside !== undefined ? target : (ours[0] ?? '');
  return [
    {
      check: 'postfix.endpoint',
      severity: 'error',
      where: postfix.path,
      what: `${map.parameter} asks ${asked}${jailed ? ' (smtpd runs in a chroot)' : ''}, and cyrusmapd listens on ${ours.join(', ')}`,
      why: 'each lookup is answered by nobody, with 451',
      mend: mend + rewrite(postfix, map, `socketmap:unix:${wanted}:${nameOf(map)}`),
    },
  ];
}

function pathsOf(listeners: readonly Endpoint[]): string[] {
  return listeners.flatMap((each) => (each.kind === 'unix' ? [each.path] : []));
}

/** The endpoint as Postfix writes it: relative to its queue directory, where the socket is in there. */
function targetOf(endpoint: Endpoint, { settings }: PostfixPicture): string {
  if (endpoint.kind !== 'unix') return `inet:${endpoint.host}:${endpoint.port}`;
  const queue = `${settings.get('queue_directory') ?? '/var/spool/postfix'}/`;
  return `unix:${endpoint.path.startsWith(queue) ? endpoint.path.slice(queue.length) : endpoint.path}`;
}

function nameOf({ text }: SocketMap): string {
  return text.slice(text.lastIndexOf(':') + 1);
}

/** The value of the parameter, with another word in the place of this map. */
function rewrite({ settings }: PostfixPicture, map: SocketMap, text: string): string {
  const value = (settings.get(map.parameter) ?? map.text).replace(map.text, () => text);
  return `postconf -e '${map.parameter} = ${value}'`;
}

/** Finds where postmap got no answer though we listen there: the way may be closed to it, or nobody answers. */
function checkAnswers(postfix: PostfixPicture, { socketmap }: Config): Finding[] {
  const ours = pathsOf(socketmap.listen);
  const [first] = socketmap.listen;
  return postfix.answers.flatMap(({ map, error }) => {
    if (error === undefined || checkPath(postfix, map, ours).length > 0) return [];
    return [
      {
        check: 'postfix.silent',
        severity: 'error' as const,
        where: postfix.path,
        what: `postmap -q through ${map.text}: ${error}`,
        why: 'each lookup is a 451',
        mend:
          map.path === undefined && first !== undefined
            ? rewrite(postfix, map, `socketmap:${targetOf(first, postfix)}:${nameOf(map)}`)
            : 'service cyrusmapd start',
      },
    ];
  });
}

function smtpd({ services }: PostfixPicture): PostfixService[] {
  return services.filter(({ type, command }) => type === 'inet' && command === 'smtpd');
}

/** Of two classes the first one counts: a domain that is in mydestination too has its recipients among the local users. */
function checkClasses({ settings, path }: PostfixPicture, told: readonly string[]): Finding[] {
  const domains = new Set([...plain(settings.get('virtual_mailbox_domains')), ...told]);
  const classes = ['mydestination', 'virtual_alias_domains', 'relay_domains'] as const;
  return classes.flatMap((parameter) => {
    const both = plain(settings.get(parameter)).filter((domain) => domains.has(domain));
    if (both.length === 0) return [];
    const kept = wordsOf(settings.get(parameter) ?? '').filter((word) => !domains.has(word.toLowerCase()));
    return [
      {
        check: 'postfix.class',
        severity: 'error' as const,
        where: path,
        what: `${both.join(', ')} in virtual_mailbox_domains and in ${parameter}`,
        why:
          parameter === 'mydestination'
            ? 'its recipients are taken for users of this host, and Cyrus is not asked'
            : 'Postfix does not say which of the two holds, and warns at each letter',
        mend: `postconf -e '${parameter} = ${kept.join(', ')}'`,
      },
    ];
  });
}

/** The words of a list that are no maps. */
function plain(value = ''): string[] {
  return wordsOf(value)
    .filter((word) => !word.includes(':') && !word.startsWith('/'))
    .map((word) => word.toLowerCase());
}

/** lmtp(8) runs in a chroot as well, and lmtpd's socket is outside of it. */
function checkTransport({ settings, services, path }: PostfixPicture): Finding[] {
  const transport = settings.get('virtual_transport') ?? '';
  const socket = /^lmtp:unix:(\/.*)$/.exec(transport)?.[1];
  const lmtp = services.find(({ name, type }) => name === 'lmtp' && type === 'unix');
  const queue = settings.get('queue_directory') ?? '/var/spool/postfix';
  const served = (settings.get('virtual_mailbox_domains') ?? '') !== '';
  if (served && /^(?:virtual|)$/.test(transport)) {
    return [
      {
        check: 'postfix.transport',
        severity: 'error',
        where: path,
        what: `virtual_transport is ${transport || 'not set'}`,
        why: 'mail is written to files by virtual(8), and never comes to Cyrus',
        mend: "postconf -e 'virtual_transport = lmtp:unix:/run/cyrus/socket/lmtp'",
      },
    ];
  }
  if (socket === undefined || lmtp?.chroot !== true || socket.startsWith(`${queue}/`)) return [];
  return [
    {
      check: 'postfix.lmtpchroot',
      severity: 'error',
      where: path.replace(/main\.cf$/, 'master.cf'),
      what: `virtual_transport is ${transport}, and lmtp runs in a chroot below ${queue}`,
      why: 'it looks for the socket in there: mail stays in the queue',
      mend: 'postconf -F lmtp/unix/chroot=n',
    },
  ];
}

function checkUnlisted({ settings, path }: PostfixPicture, maps: readonly SocketMap[]): Finding[] {
  const value = settings.get('smtpd_reject_unlisted_recipient');
  if (maps.length === 0 || value !== 'no') return [];
  return [
    {
      check: 'postfix.unlisted',
      severity: 'error',
      where: path,
      what: 'smtpd_reject_unlisted_recipient is no',
      why: 'recipients who do not exist are accepted, and bounce later',
      mend: "postconf -e 'smtpd_reject_unlisted_recipient = yes'",
    },
  ];
}

// Sendmail's map: compiled in, declared so that a failure defers, pointing at our listener, patient enough.
// After Sendmail's doc/op/op.me, "socket" maps, and map_lookup() of sendmail/parseaddr.c. No I/O.
import { formatEndpoint, isLocal, parseEndpoint, type Endpoint } from '../net/endpoint.js';
import type { Finding } from './finding.js';
import type { Picture } from './picture.js';
import type { MapLine, SendmailCf } from './sendmail-cf.js';

/** The map's own timeout for a reply, where no -d says otherwise. */
const DEFAULT_TIMEOUT_MS = 30_000;

const UNITS: { readonly [unit: string]: number } = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function checkSendmail(picture: Picture): Finding[] {
  const { sendmail, config } = picture;
  if (sendmail === undefined) return [];
  const { cf, compiled } = sendmail;
  const listeners = config.socketmap.listen;
  const maps = ourMaps(cf, listeners);
  return [
    ...checkCompiled(compiled, cf),
    ...(maps.length === 0 ? [noMap(cf, listeners)] : []),
    ...maps.flatMap((map) => [
      ...checkEndpoint(cf, map, listeners),
      ...checkFlags(cf, map),
      ...checkTimeout(cf, map, config.lookup.deadlineMs),
    ]),
  ];
}

/** The socket maps that ask us, and the one called `cyrus`, which ought to. */
function ourMaps(cf: SendmailCf, listeners: readonly Endpoint[]): MapLine[] {
  return [...cf.maps.values()].filter((map) => {
    if (map.type !== 'socket') return false;
    const asked = endpointOf(map);
    return map.name === 'cyrus' || (asked !== undefined && listeners.some((each) => reaches(asked, each)));
  });
}

function checkCompiled(compiled: ReadonlySet<string> | undefined, cf: SendmailCf): Finding[] {
  if (compiled === undefined || compiled.has('SOCKETMAP')) return [];
  return [
    {
      check: 'sendmail.socketmap',
      severity: 'error',
      where: cf.path,
      what: 'sendmail is built without SOCKETMAP',
      why: 'it cannot ask cyrusmapd: every map of type socket is an error',
      mend: 'in /etc/make.conf: mail_sendmail_SET=SOCKETMAP CYRUSLOOKUP, then build mail/sendmail from ports',
    },
  ];
}

function noMap(cf: SendmailCf, listeners: readonly Endpoint[]): Finding {
  const listener = listeners[0];
  const path = listener?.kind === 'unix' ? listener.path : '/var/run/cyrusmapd/socketmap';
  return {
    check: 'sendmail.map',
    severity: 'error',
    where: cf.path,
    what: 'no map asks cyrusmapd',
    why: 'recipients are accepted without a look at Cyrus, and bounce later',
    mend: `in the .mc file: FEATURE(\`mrs_cyrus', \`${path}')`,
  };
}

function checkEndpoint(cf: SendmailCf, map: MapLine, listeners: readonly Endpoint[]): Finding[] {
  const asked = endpointOf(map);
  if (asked !== undefined && listeners.some((listener) => reaches(asked, listener))) return [];
  const ours = listeners.map(formatEndpoint);
  return [
    {
      check: 'sendmail.endpoint',
      severity: 'error',
      where: `${cf.path}:${map.line}`,
      what: `map ${map.name} asks ${map.rest}, and cyrusmapd listens on ${ours.join(', ')}`,
      why: 'each lookup is answered by somebody else, or by nobody with 451',
      mend: declaration(cf, map, ours[0] ?? ''),
    },
  ];
}

function checkFlags(cf: SendmailCf, map: MapLine): Finding[] {
  const where = `${cf.path}:${map.line}`;
  const mend = declaration(cf, map, map.rest);
  const findings: Finding[] = [];
  if (!map.flags.includes('-T<TMPF>')) {
    findings.push({
      check: 'sendmail.tempfail',
      severity: 'error',
      where,
      what: `map ${map.name} has no -T<TMPF>`,
      why: 'in check_rcpt a TEMP then counts as not found: 550 for a mailbox that exists',
      mend,
    });
  }
  if (map.flags.includes('-o')) {
    findings.push({
      check: 'sendmail.optional',
      severity: 'error',
      where,
      what: `map ${map.name} has -o`,
      why: 'while cyrusmapd is away every recipient is not found: 550 instead of 451',
      mend,
    });
  }
  if (map.flags.includes('-t')) {
    findings.push({
      check: 'sendmail.nodefer',
      severity: 'error',
      where,
      what: `map ${map.name} has -t`,
      why: 'a TEMP is taken for not found: 550 for a mailbox that exists',
      mend,
    });
  }
  return findings;
}

function checkTimeout(cf: SendmailCf, map: MapLine, deadlineMs: number): Finding[] {
  const flag = map.flags.find((each) => each.startsWith('-d'));
  const timeoutMs = flag === undefined ? DEFAULT_TIMEOUT_MS : durationOf(flag.slice(2));
  if (timeoutMs > deadlineMs) return [];
  return [
    {
      check: 'sendmail.timeout',
      severity: 'error',
      where: `${cf.path}:${map.line}`,
      what: `map ${map.name} waits ${timeoutMs / 1000}s (${flag}), and lookup.deadline is ${deadlineMs / 1000}s`,
      why: 'Sendmail takes an answer that comes after its own timeout for that to its next question',
      mend: declaration(cf, map, map.rest),
    },
  ];
}

/** The line that the features write. It needs no -d, since the default, 30 s, is above every deadline. */
function declaration({ path }: SendmailCf, map: MapLine, endpoint: string): string {
  const kept = map.flags.filter((flag) => !/^-[aTotd]/.test(flag));
  const words = ['socket', ...kept, '-a<OK>', '-T<TMPF>', endpoint.replace(/^unix:/, 'local:')];
  return `at ${path}:${map.line} write: K${map.name} ${words.join(' ')}; for good, in the .mc file by its FEATURE`;
}

/** `local:` and `unix:` may be left out. */
function endpointOf(map: MapLine): Endpoint | undefined {
  const text = map.rest.replace(/^:?\//, 'unix:/');
  try {
    return parseEndpoint(text);
  } catch {
    return undefined;
  }
}

function reaches(asked: Endpoint, listener: Endpoint): boolean {
  if (asked.kind === 'unix' || listener.kind === 'unix') {
    return asked.kind === 'unix' && listener.kind === 'unix' && asked.path === listener.path;
  }
  if (asked.port !== listener.port) return false;
  const everywhere = listener.host === '0.0.0.0' || listener.host === '::';
  return everywhere || asked.host === listener.host || (isLocal(asked) && isLocal(listener));
}

/** As convtime() of sendmail/convtime.c reads it, seconds where no unit is given. */
function durationOf(text: string): number {
  let ms = 0;
  for (const [, digits, unit = 's'] of text.matchAll(/(\d+)([smhd]?)/g)) {
    ms += Number(digits) * (UNITS[unit === '' ? 's' : unit] ?? 0);
  }
  return ms;
}

// The beginning of a session with imapd (RFC 3501 section 6.2, RFC 2595): greeting, TLS, login, how names are divided
// (RFC 2342), and the proof that it was an administrator who logged in.
import { isLocal, type Endpoint } from '../../net/endpoint.js';
import { LoginError, UnavailableError } from '../../errors.js';
import { logIn, type Login } from '../sasl/log-in.js';
import { sessionIn } from '../../validation/evidence.js';
import type { Connection } from '../wire/connection.js';
import type { Trace } from '../wire/trace.js';
import { describeAnswer } from './answer.js';
import { getQuota } from './command.js';
import type { ImapDialogue } from './dialogue.js';
import type { ImapResponse, Namespace } from './response.js';
import { saslCarrier } from './sasl-carrier.js';
import { IMPOSSIBLE_ROOT, type Separator } from '../mailbox-name.js';
import type { TlsSettings } from '../wire/tls.js';

export type ImapAccess = {
  readonly endpoint: Endpoint;
  /** Undefined for a connection in clear. */
  readonly tls: TlsSettings | undefined;
  /** Of an administrator; undefined where imapd takes us for one by itself (PREAUTH). */
  readonly login: Login | undefined;
  /** For the greeting. */
  readonly connectTimeoutMs: number;
  /** For each step. */
  readonly replyTimeoutMs: number;
};

/**
 * From the greeting to the first question.
 * @returns how this Cyrus divides names
 * @throws LoginError where we are not let in, or are no administrator; UnavailableError, DeadlineError, ProtocolError
 */
export async function logInAsAdministrator(
  connection: Connection<ImapResponse>,
  imapd: ImapDialogue,
  trace: Trace,
  access: ImapAccess,
): Promise<Separator> {
  await begin(connection, imapd, trace, access);
  const separator = await separatorOf(imapd, access);
  await requireAdministrator(imapd, access);
  return separator;
}

/** From the greeting to the end of the login (RFC 3501 section 6.2). */
async function begin(
  connection: Connection<ImapResponse>,
  imapd: ImapDialogue,
  trace: Trace,
  { endpoint, tls, login, connectTimeoutMs, replyTimeoutMs }: ImapAccess,
): Promise<void> {
  const secure = async (settings: TlsSettings): Promise<void> =>
    trace.secured(await connection.secure(settings, replyTimeoutMs));
  if (tls?.mode === 'implicit') await secure(tls);
  const { preauthenticated } = await imapd.greeting(connectTimeoutMs);
  if (tls?.mode === 'starttls') {
    if (preauthenticated)
      throw new UnavailableError('imapd greeted with PREAUTH: no STARTTLS is possible then');
    if (!(await capabilities(imapd, replyTimeoutMs)).includes('STARTTLS'))
      throw new UnavailableError('imapd offers no STARTTLS');
    await imapd.demand('STARTTLS', replyTimeoutMs);
    await secure(tls);
  }
  if (preauthenticated) return;
  if (login === undefined) throw new LoginError('imapd wants a login: user and password_file are needed');
  const offered = await capabilities(imapd, replyTimeoutMs);
  const mechanisms = offered.flatMap((name) => /^AUTH=(.+)$/.exec(name)?.[1] ?? []);
  const channel = {
    confidential: tls !== undefined || isLocal(endpoint),
    binding: connection.channelBinding,
  };
  const withInitialResponse = offered.includes('SASL-IR');
  const ended = (text: string): void => {
    imapd.sessionId = sessionIn(text);
  };
  const carrier = saslCarrier(connection, trace, imapd.nextTag(), withInitialResponse, replyTimeoutMs, ended);
  await logIn(login, mechanisms, channel, carrier);
}

/** Asked for, and never taken from a greeting: before TLS anybody could have written that. */
async function capabilities(imapd: ImapDialogue, timeoutMs: number): Promise<readonly string[]> {
  const { data } = await imapd.demand('CAPABILITY', timeoutMs);
  return data.flatMap((response) => (response.kind === 'capability' ? response.capabilities : []));
}

/** NAMESPACE (RFC 2342). Other users' mailboxes are an administrator's `user`, whatever altnamespace makes of them else. */
async function separatorOf(imapd: ImapDialogue, access: ImapAccess): Promise<Separator> {
  const { data } = await imapd.demand('NAMESPACE', access.replyTimeoutMs);
  const others = data.flatMap((response) => (response.kind === 'namespace' ? response.otherUsers : []));
  const separator = others.map(separatorOfUsers).find((each) => each !== undefined);
  if (separator === undefined) throw noAdministrator(access, 'other users have no namespace user/ or user.');
  return separator;
}

function separatorOfUsers({ prefix, separator }: Namespace): Separator | undefined {
  if (separator !== '/' && separator !== '.') return undefined;
  return prefix === `user${separator}` ? separator : undefined;
}

/**
 * Who is none hears "Mailbox does not exist" of each mailbox but his own and those that are shared with him; where the
 * witness is one of these, it could not tell. GETQUOTA of any name, though, is refused to him.
 */
async function requireAdministrator(imapd: ImapDialogue, access: ImapAccess): Promise<void> {
  const [answer] = await imapd.ask([getQuota(IMPOSSIBLE_ROOT)], access.replyTimeoutMs);
  if (answer?.status === 'OK' || answer?.text === 'Quota root does not exist') return;
  const said = `GETQUOTA was answered with ${answer === undefined ? 'nothing' : describeAnswer(answer)}`;
  throw answer?.text === 'Permission denied' ? noAdministrator(access, said) : new UnavailableError(said);
}

function noAdministrator(access: ImapAccess, why: string): LoginError {
  const who = identity(access) || 'who logged in';
  return new LoginError(`${who} is no administrator, see admins of imapd.conf: ${why}`);
}

function identity({ login }: ImapAccess): string | undefined {
  return login?.credentials.authorizationId ?? login?.credentials.user;
}

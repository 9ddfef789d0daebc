// The beginning of a session with imapd (RFC 3501 section 6.2, RFC 2595): greeting, TLS, login, the separator of names (RFC 2342),
// and the proof that an administrator has logged in.
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
  /** Undefined for a connection without TLS. */
  readonly tls: TlsSettings | undefined;
  /** The login of an administrator; undefined where imapd takes us for one without a login (PREAUTH). */
  readonly login: Login | undefined;
  /** For the greeting. */
  readonly connectTimeoutMs: number;
  /** For each further step. */
  readonly replyTimeoutMs: number;
};

/**
 * Does all that comes before the first question.
 * @returns the separator of names in this Cyrus
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
  const mechanisms = offered.flatMap((name) => /^AUTH=(.+)/.exec(name)?.[1] ?? []);
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

/** We always ask for the capabilities, and never take them from the greeting, which before TLS anybody could have written. */
async function capabilities(imapd: ImapDialogue, timeoutMs: number): Promise<readonly string[]> {
  const { data } = await imapd.demand('CAPABILITY', timeoutMs);
  return data.flatMap((response) => (response.kind === 'capability' ? response.capabilities : []));
}

/** Asks NAMESPACE (RFC 2342). For an administrator other users' mailboxes are always in `user`, even with altnamespace. */
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
 * A user who is no administrator is told "Mailbox does not exist" for every mailbox but his own and those shared with him. If
 * the witness is one of these, it would not notice. So we ask GETQUOTA first, which is refused to him for any name.
 */
async function requireAdministrator(imapd: ImapDialogue, access: ImapAccess): Promise<void> {
  const answer = await imapd.askOne(getQuota(IMPOSSIBLE_ROOT), access.replyTimeoutMs);
  if (answer.status === 'OK' || answer.text === 'Quota root does not exist') return;
  const said = `GETQUOTA was answered with ${describeAnswer(answer)}`;
  throw answer.text === 'Permission denied' ? noAdministrator(access, said) : new UnavailableError(said);
}

function noAdministrator(access: ImapAccess, why: string): LoginError {
  const who = identity(access) || 'who logged in';
  return new LoginError(`${who} is no administrator, see admins of imapd.conf: ${why}`);
}

function identity({ login }: ImapAccess): string | undefined {
  return login?.credentials.authorizationId ?? login?.credentials.user;
}

// The beginning of a session with lmtpd (RFC 2033, RFC 3207, RFC 4954): greeting, LHLO, and where configured TLS and login.
import { isLocal, type Endpoint } from '../../net/endpoint.js';
import { UnavailableError } from '../../errors.js';
import { sessionIn } from '../../validation/evidence.js';
import type { Channel, Login } from '../sasl/log-in.js';
import type { Connection } from '../wire/connection.js';
import type { TlsSettings } from '../wire/tls.js';
import type { Trace } from '../wire/trace.js';
import { expectReply, type LmtpDialogue } from './dialogue.js';
import type { LmtpReply } from './reply.js';

export type LmtpAccess = {
  readonly endpoint: Endpoint;
  /** Undefined for a connection without TLS. */
  readonly tls: TlsSettings | undefined;
  /** Undefined where lmtpd asks for no login: on a UNIX socket, or with `lmtpd -a`. */
  readonly login: Login | undefined;
  /** For the connection, and again for the greeting: where maxchild lmtpds are busy, the kernel connects us, but nobody greets. */
  readonly connectTimeoutMs: number;
  /** For each further step. */
  readonly replyTimeoutMs: number;
  /** The name that we give in LHLO. */
  readonly clientName: string;
};

/** The capabilities by their names, with the parameters of each, all in upper case. */
export type Capabilities = ReadonlyMap<string, readonly string[]>;

/**
 * Does all that comes before the first question.
 * @returns what lmtpd offers, in its last reply to LHLO
 * @throws LoginError, UnavailableError, DeadlineError, ProtocolError
 */
export async function begin(
  connection: Connection<LmtpReply>,
  lmtpd: LmtpDialogue,
  trace: Trace,
  access: LmtpAccess,
): Promise<Capabilities> {
  const { tls, login, connectTimeoutMs, replyTimeoutMs } = access;
  const secure = async (settings: TlsSettings): Promise<void> =>
    trace.secured(await connection.secure(settings, replyTimeoutMs));
  if (tls?.mode === 'implicit') await secure(tls);
  expectReply(await lmtpd.greeting(connectTimeoutMs), 220, 'greeting');
  let capabilities = await greet(lmtpd, access);
  if (tls?.mode === 'starttls') {
    if (!capabilities.has('STARTTLS')) throw new UnavailableError('lmtpd offers no STARTTLS');
    expectReply(await lmtpd.command('STARTTLS', replyTimeoutMs), 220, 'STARTTLS');
    await secure(tls);
    // RFC 3207 section 4.2: what lmtpd said before TLS must be forgotten, so LHLO is said again.
    capabilities = await greet(lmtpd, access);
  }
  const confidential = tls !== undefined || isLocal(access.endpoint);
  const channel = { confidential, binding: connection.channelBinding };
  if (login !== undefined) await logInTo(lmtpd, trace, login, capabilities, channel, replyTimeoutMs);
  return capabilities;
}

async function greet(lmtpd: LmtpDialogue, { clientName, replyTimeoutMs }: LmtpAccess): Promise<Capabilities> {
  const hello = await lmtpd.command(`LHLO ${clientName}`, replyTimeoutMs);
  const { lines } = expectReply(hello, 250, 'LHLO');
  lmtpd.sessionId = sessionIn(lines.at(-1) ?? '');
  return new Map(lines.slice(1).map(capability));
}

/** Logs in. The modules for it are loaded here, since a session without login does not need them. */
async function logInTo(
  lmtpd: LmtpDialogue,
  trace: Trace,
  login: Login,
  capabilities: Capabilities,
  channel: Channel,
  replyTimeoutMs: number,
): Promise<void> {
  const { logIn } = await import('../sasl/log-in.js');
  const { saslCarrier } = await import('./sasl-carrier.js');
  const offered = capabilities.get('AUTH') ?? [];
  await logIn(login, offered, channel, saslCarrier(lmtpd, trace, replyTimeoutMs));
}

function capability(line: string): [string, readonly string[]] {
  const [name = '', ...parameters] = line.toUpperCase().split(' ');
  return [name, parameters];
}

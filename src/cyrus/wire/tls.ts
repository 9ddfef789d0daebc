// TLS around a connection to Cyrus (RFC 8446): the handshake, with the server's certificate checked against its name and
// against whom the configuration trusts. What is wrong with it is said in words. The only node:tls of the back-channel.
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect, type SecureContext, type TLSSocket } from 'node:tls';
import { DeadlineError, UnavailableError, codeOf, messageOf } from '../../errors.js';
import type { ChannelBinding } from './channel-binding.js';

export type TlsSettings = {
  /** From the first byte on, or after STARTTLS in clear. */
  readonly mode: 'implicit' | 'starttls';
  /** Which the certificate must be for: a host's name or a network address. */
  readonly serverName: string;
  /** Whom we trust, who we are, and the versions that are allowed. */
  readonly context: SecureContext;
  /**
   * Begins at once: were it loaded only when it is needed, what the peer sends meanwhile would still be taken for clear text.
   */
  readonly handshake: Handshake;
  /** What ties a login to the connection; undefined where it has no such thing, or none is wanted. */
  readonly bind?: (secured: TLSSocket) => ChannelBinding | undefined;
};

type Handshake = (socket: Socket, settings: TlsSettings, timeoutMs: number) => Promise<TLSSocket>;

/**
 * From here on the socket is the TLS socket's own.
 * @throws UnavailableError naming what is wrong with the certificate, or DeadlineError
 */
export function handshake(socket: Socket, settings: TlsSettings, timeoutMs: number): Promise<TLSSocket> {
  const { serverName, context } = settings;
  return new Promise((resolve, reject) => {
    const secured = connect({
      socket,
      secureContext: context,
      // RFC 6066 section 3: no address in SNI.
      ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
      // By default NODE_TLS_REJECT_UNAUTHORIZED decides: an environment must not switch it off.
      rejectUnauthorized: true,
      checkServerIdentity: (_, certificate) => checkServerIdentity(serverName, certificate),
    });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      // What comes after the first reason says less.
      secured.on('error', () => undefined);
      secured.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => fail(new DeadlineError(`no TLS with ${serverName} within ${timeoutMs} ms`)),
      timeoutMs,
    );
    secured.once('error', (cause: Error) =>
      fail(new UnavailableError(`no TLS with ${serverName}: ${reasonOf(cause)}`, { cause })),
    );
    secured.once('close', () =>
      fail(new UnavailableError(`no TLS with ${serverName}: connection closed by the peer`)),
    );
    // The other two stay: until somebody else listens, an error must not be nobody's.
    secured.once('secureConnect', () => {
      clearTimeout(timer);
      resolve(secured);
    });
  });
}

/** By the codes of OpenSSL's X509_verify_cert_error_string(3) and of Node. */
function reasonOf(error: Error): string {
  switch (codeOf(error) ?? '') {
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired';
    case 'CERT_NOT_YET_VALID':
      return 'its certificate is not valid yet';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is for another name: ${'reason' in error ? String(error.reason) : ''}`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return 'its certificate is self-signed, and not in ca_file';
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return 'its certificate is signed by an unknown authority, none of ca_file';
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'what it says is not TLS';
    default:
      return `${codeOf(error) ?? ''} ${messageOf(error).replace(/[^ -~]+/g, ' ')}`.trim();
  }
}

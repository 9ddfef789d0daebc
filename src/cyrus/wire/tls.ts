// TLS on a connection to Cyrus (RFC 8446): the handshake, in which the server's certificate must have the right name and come from
// an authority that the configuration trusts. Errors say in words what is wrong with it. Only this file starts TLS with Cyrus. I/O.
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect, type SecureContext, type TLSSocket } from 'node:tls';
import { DeadlineError, UnavailableError, codeOf, messageOf } from '../../errors.js';
import type { ChannelBinding } from './channel-binding.js';

export type TlsSettings = {
  /** Whether TLS begins with the first byte, or after STARTTLS. */
  readonly mode: 'implicit' | 'starttls';
  /** The name of the host, or the network address, for which the certificate must be. */
  readonly serverName: string;
  /** The authorities that we trust, our own certificate, and the versions of TLS that are allowed. */
  readonly context: SecureContext;
  /**
   * The function that does it. It is loaded before, so that it begins at once: what came meanwhile would be taken for clear text.
   */
  readonly handshake: Handshake;
  /** Gives the channel binding of the connection; left out where none is wanted. */
  readonly bind?: (secured: TLSSocket) => ChannelBinding | undefined;
};

type Handshake = (socket: Socket, settings: TlsSettings, timeoutMs: number) => Promise<TLSSocket>;

/**
 * Starts TLS on a socket, which belongs to the TLS socket from now on.
 * @throws UnavailableError that says what is wrong with the certificate, or DeadlineError
 */
export function handshake(socket: Socket, settings: TlsSettings, timeoutMs: number): Promise<TLSSocket> {
  const { serverName, context } = settings;
  return new Promise((resolve, reject) => {
    const secured = connect({
      socket,
      secureContext: context,
      // RFC 6066 section 3: SNI must not hold a network address.
      ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
      // Without this, NODE_TLS_REJECT_UNAUTHORIZED decides, and an environment variable must not switch the check off.
      rejectUnauthorized: true,
      checkServerIdentity: (_, certificate) => checkServerIdentity(serverName, certificate),
    });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      // Later errors are ignored, since the first one gives the reason.
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
    // The listeners for errors and for the end stay, since an error that nobody listens for would end the process.
    secured.once('secureConnect', () => {
      clearTimeout(timer);
      resolve(secured);
    });
  });
}

/** Why the handshake failed, in words, by the codes of OpenSSL's X509_verify_cert_error_string(3) and of Node. */
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

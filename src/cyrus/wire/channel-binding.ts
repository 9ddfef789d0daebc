// Channel binding ties a login to its TLS connection (RFC 5056). Somebody in between, even with a certificate that we trust, has
// two connections with different bindings, so the login fails. No I/O.
import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { BindingType } from '../../config/mechanism-names.js';
import { endPointHash } from './certificate-hash.js';

export type ChannelBinding = { readonly type: BindingType; readonly data: Buffer };

/** RFC 9266 section 2. */
const EXPORTER_LABEL = 'EXPORTER-Channel-Binding';
const EXPORTER_BYTES = 32;

/** @returns undefined where the connection has no binding of that type */
export function channelBinding(socket: TLSSocket, type: BindingType): ChannelBinding | undefined {
  const data = dataOf(socket, type);
  return data === undefined || data.length === 0 ? undefined : { type, data };
}

function dataOf(socket: TLSSocket, type: BindingType): Buffer | undefined {
  switch (type) {
    case 'tls-unique':
      // RFC 5929 section 3.1: the first Finished message of the handshake, which is the server's where a session is resumed. For
      // TLS 1.3 no document defines it, and the server's is always the first; but Cyrus does what we do here (imap/tls.c).
      return socket.isSessionReused() ? socket.getPeerFinished() : socket.getFinished();
    case 'tls-exporter':
      // TLS 1.2 would need the extended master secret (RFC 7627), and Node does not tell whether there is one.
      if (socket.getProtocol() !== 'TLSv1.3') return undefined;
      return socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, Buffer.alloc(0));
    case 'tls-server-end-point': {
      // getPeerX509Certificate() is not used, since in Node 20 it takes the certificate away from the socket.
      const { raw } = socket.getPeerCertificate();
      const hash = endPointHash(raw);
      return hash && createHash(hash).update(raw).digest();
    }
  }
}

// One SASL exchange (RFC 4422 section 3) over any protocol: AUTH of LMTP (RFC 4954) and AUTHENTICATE of IMAP (RFC 3501, RFC 4959)
// each provide a Carrier. Base64 is encoded and decoded here. No I/O of its own.
import { LoginError, ProtocolError } from '../../errors.js';
import { isBinding, type MechanismName } from '../../config/mechanism-names.js';
import type { Mechanism } from './mechanism.js';

/** What the server said to a command or a response. */
export type SaslReply =
  /** @property data base64, as it came */
  | { readonly kind: 'challenge'; readonly data: string }
  /** @property data base64; undefined where the protocol cannot carry any, or none came */
  | { readonly kind: 'success'; readonly data: string | undefined }
  | { readonly kind: 'failure'; readonly text: string };

export interface Carrier {
  /** Whether the first response may stand on the line of the command itself. */
  readonly takesInitialResponse: boolean;
  /** @param initialResponse base64, `=` for an empty one; undefined for none */
  start(mechanism: MechanismName, initialResponse: string | undefined): Promise<SaslReply>;
  /** @param response base64, empty for an empty one */
  respond(response: string): Promise<SaslReply>;
}

/** The longest of our mechanisms, SCRAM, needs at most three challenges. */
export const SASL_CHALLENGES_MAX = 8;

/** Cyrus gives the same error for a wrong password and for a channel binding that differs from its own. */
const BINDING_REFUSED = ' (the password, or channel_binding is not what it takes, or TLS ends before it)';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** @throws LoginError where the server refused, ProtocolError where it broke the exchange */
export async function exchange(mechanism: Mechanism, carrier: Carrier): Promise<void> {
  const first = mechanism.initialResponse();
  let unsaid = carrier.takesInitialResponse ? undefined : first;
  let reply = await carrier.start(
    mechanism.name,
    carrier.takesInitialResponse && first !== undefined ? first.toString('base64') || '=' : undefined,
  );
  for (let challenges = 1; reply.kind === 'challenge'; challenges++) {
    if (challenges > SASL_CHALLENGES_MAX) {
      throw new ProtocolError(`${mechanism.name}: the server sent over ${SASL_CHALLENGES_MAX} challenges`);
    }
    const challenge = decode(reply.data, mechanism.name);
    if (unsaid !== undefined && challenge.length > 0) {
      throw new ProtocolError(`${mechanism.name}: the server spoke before it was told who logs in`);
    }
    const response: Buffer = unsaid ?? (await mechanism.respond(challenge));
    unsaid = undefined;
    reply = await carrier.respond(response.toString('base64'));
  }
  if (reply.kind === 'failure') {
    const perhaps = isBinding(mechanism.name) ? BINDING_REFUSED : '';
    throw new LoginError(`login with ${mechanism.name} refused: ${reply.text}${perhaps}`);
  }
  if (unsaid !== undefined) {
    throw new ProtocolError(`${mechanism.name}: the server reported success before it was told who logs in`);
  }
  mechanism.finish(reply.data === undefined ? undefined : decode(reply.data, mechanism.name));
}

function decode(text: string, mechanism: MechanismName): Buffer {
  if (text === '=') return Buffer.alloc(0);
  if (!BASE64.test(text)) throw new ProtocolError(`${mechanism}: the server sent what is not base64`);
  return Buffer.from(text, 'base64');
}

// The interface of a SASL mechanism (RFC 4422 section 3), and the credentials with which it logs in. No I/O.
import { ProtocolError } from '../../errors.js';
import type { MechanismName } from '../../config/mechanism-names.js';

export type Credentials = {
  /** The authentication identity: the user to whom the password belongs. EXTERNAL does not use it. */
  readonly user: string;
  readonly password: string | undefined;
  /** The authorization identity: the user as whom to act. Undefined: the one who logs in. */
  readonly authorizationId: string | undefined;
};

/** One login with one mechanism. Bytes are as in RFC 4422, before base64. */
export interface Mechanism {
  readonly name: MechanismName;
  /** What the client says first; undefined where the server begins. */
  initialResponse(): Buffer | undefined;
  /**
   * The answer to a challenge.
   * @throws ProtocolError where the server broke the mechanism, LoginError where it refused
   */
  respond(challenge: Buffer): Promise<Buffer>;
  /**
   * Must be called when the server reports success, before anything else is sent.
   * @param additionalData what the server sent with its success, where the protocol can carry that
   * @throws ProtocolError where the server has not proved what the mechanism demands
   */
  finish(additionalData?: Buffer): void;
}

/** For mechanisms in which the server sends nothing with its success. */
export function refuseAdditionalData(name: MechanismName, additionalData: Buffer | undefined): void {
  if (additionalData !== undefined && additionalData.length > 0) {
    throw new ProtocolError(`${name}: the server sent data along with its success`);
  }
}

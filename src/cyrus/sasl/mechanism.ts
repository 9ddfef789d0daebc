// What a SASL mechanism is (RFC 4422 section 3) to whoever carries its messages, and what it logs in with. No I/O.
import { ProtocolError } from '../../errors.js';
import type { MechanismName } from '../../config/mechanism-names.js';

export type Credentials = {
  /** The authentication identity: whose password it is. Unused by EXTERNAL. */
  readonly user: string;
  readonly password: string | undefined;
  /** The authorization identity: as whom to act; undefined for the one that the authentication stands for. */
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
   * To be called when the server reports success, before anything else is said.
   * @param additionalData what the server sent along with its success, where the protocol has room for it
   * @throws ProtocolError where the server has not proved what the mechanism makes it prove
   */
  finish(additionalData?: Buffer): void;
}

/** For a mechanism whose server has nothing to say beside its success. */
export function refuseAdditionalData(name: MechanismName, additionalData: Buffer | undefined): void {
  if (additionalData !== undefined && additionalData.length > 0) {
    throw new ProtocolError(`${name}: the server sent data along with its success`);
  }
}

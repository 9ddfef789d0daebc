// CRAM-MD5 (RFC 2195), the client's side: one challenge, which is answered with its digest; the password is the key of the digest.
// No I/O.
import { createHmac } from 'node:crypto';
import { ProtocolError } from '../../errors.js';
import { refuseAdditionalData, type Credentials, type Mechanism } from './mechanism.js';

export class CramMd5 implements Mechanism {
  readonly name = 'CRAM-MD5';
  readonly #credentials: Credentials;
  #answered = false;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  initialResponse(): undefined {
    return undefined;
  }

  async respond(challenge: Buffer): Promise<Buffer> {
    if (this.#answered) throw new ProtocolError('CRAM-MD5: the server sent one challenge too many');
    this.#answered = true;
    const digest = createHmac('md5', this.#credentials.password ?? '')
      .update(challenge)
      .digest('hex');
    return Buffer.from(`${this.#credentials.user} ${digest}`);
  }

  finish(additionalData?: Buffer): void {
    if (!this.#answered) throw new ProtocolError('CRAM-MD5: the server reported success without a challenge');
    refuseAdditionalData(this.name, additionalData);
  }
}

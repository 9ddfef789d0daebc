// The mechanisms that need one message only: PLAIN (RFC 4616) and EXTERNAL (RFC 4422 appendix A). The server answers it with
// success or failure, and nothing else. No I/O.
import { ProtocolError } from '../../errors.js';
import { refuseAdditionalData, type Credentials, type Mechanism } from './mechanism.js';

export class Plain implements Mechanism {
  readonly name = 'PLAIN';
  readonly #message: string;

  constructor({ user, password, authorizationId }: Credentials) {
    this.#message = `${authorizationId ?? ''}\0${user}\0${password ?? ''}`;
  }

  initialResponse(): Buffer {
    return Buffer.from(this.#message);
  }

  async respond(): Promise<Buffer> {
    throw oneTooMany(this.name);
  }

  finish(additionalData?: Buffer): void {
    refuseAdditionalData(this.name, additionalData);
  }
}

export class External implements Mechanism {
  readonly name = 'EXTERNAL';
  readonly #message: string;

  constructor({ authorizationId }: Credentials) {
    this.#message = authorizationId ?? '';
  }

  initialResponse(): Buffer {
    return Buffer.from(this.#message);
  }

  async respond(): Promise<Buffer> {
    throw oneTooMany(this.name);
  }

  finish(additionalData?: Buffer): void {
    refuseAdditionalData(this.name, additionalData);
  }
}

function oneTooMany(name: 'PLAIN' | 'EXTERNAL'): ProtocolError {
  return new ProtocolError(`${name}: the server sent one challenge too many`);
}

// SCRAM with SHA-512, SHA-256 and SHA-1 (RFC 5802, RFC 7677), the client's side. The password never leaves this machine, and the
// server proves that it knows the password too; with channel binding (-PLUS) both prove that they use the same TLS connection.
// No I/O, but PBKDF2 runs in a thread.
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { LoginError, ProtocolError } from '../../errors.js';
import type { ChannelBinding } from '../wire/channel-binding.js';
import type { Credentials, Mechanism } from './mechanism.js';
import { saslprep } from './saslprep.js';

/** From RFC 5802 section 5.1, and MIN_ITERATION_COUNTER of Cyrus SASL: fewer would help somebody who pretends to be the server. */
export const SCRAM_ITERATIONS_MIN = 4096;
/** So many take some tenths of a second in one thread; Cyrus SASL allows 65536. With more a server could keep us busy. */
export const SCRAM_ITERATIONS_MAX = 600_000;

export type ScramHash = 'sha512' | 'sha256' | 'sha1';

/**
 * What we tell the server about channel binding (RFC 5802 section 6): with a -PLUS mechanism the binding itself; `unoffered`, that
 * we could use one, but were offered none, so that the server notices if somebody removed its offer; or nothing.
 */
export type Binding = ChannelBinding | 'unoffered' | 'none';

const NAMES = { sha512: 'SCRAM-SHA-512', sha256: 'SCRAM-SHA-256', sha1: 'SCRAM-SHA-1' } as const;
const DIGEST_BYTES = { sha512: 64, sha256: 32, sha1: 20 } as const;
const SERVER_FIRST = /^r=([!-+\--~]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9][0-9]{0,9})(?:,.*)?$/s;
const SERVER_FINAL = /^v=([A-Za-z0-9+/]+={0,2})(?:,.*)?$/s;

const derive = promisify(pbkdf2);

export class Scram implements Mechanism {
  readonly name: (typeof NAMES)[ScramHash] | `${(typeof NAMES)[ScramHash]}-PLUS`;
  readonly #hash: ScramHash;
  readonly #password: string;
  readonly #nonce: string;
  readonly #header: string;
  /** The header, and the data of the channel binding (`cbind-input` of RFC 5802 section 7). */
  readonly #bound: Buffer;
  readonly #firstBare: string;
  #awaits: 'server-first' | 'server-final' | 'nothing' = 'server-first';
  #serverSignature: Buffer = Buffer.alloc(0);

  /**
   * @param nonce printable ASCII without comma; always random, except in tests
   * @throws ConfigError where SASLprep refuses the name or the password
   */
  constructor(
    hash: ScramHash,
    credentials: Credentials,
    binding: Binding = 'none',
    nonce = randomBytes(18).toString('base64'),
  ) {
    this.name = typeof binding === 'object' ? `${NAMES[hash]}-PLUS` : NAMES[hash];
    this.#hash = hash;
    this.#nonce = nonce;
    this.#password = saslprep(credentials.password ?? '', 'password');
    const { authorizationId } = credentials;
    const actsAs =
      authorizationId === undefined ? '' : `a=${saslName(authorizationId, 'authorization identity')}`;
    this.#header = `${flagOf(binding)},${actsAs},`;
    const data = typeof binding === 'object' ? binding.data : Buffer.alloc(0);
    this.#bound = Buffer.concat([Buffer.from(this.#header), data]);
    this.#firstBare = `n=${saslName(credentials.user, 'user')},r=${nonce}`;
  }

  initialResponse(): Buffer {
    return Buffer.from(this.#header + this.#firstBare);
  }

  async respond(challenge: Buffer): Promise<Buffer> {
    switch (this.#awaits) {
      case 'server-first':
        return this.#prove(challenge.toString());
      case 'server-final':
        this.#verify(challenge);
        return Buffer.alloc(0);
      case 'nothing':
        throw this.#broken('one challenge too many');
    }
  }

  finish(additionalData?: Buffer): void {
    if (additionalData !== undefined && additionalData.length > 0) this.#verify(additionalData);
    if (this.#awaits !== 'nothing') throw this.#broken('success without a proof that it knows the password');
  }

  /** Makes the proof that we know the password (RFC 5802 section 3). */
  async #prove(serverFirst: string): Promise<Buffer> {
    const { nonce, salt, iterations } = this.#readServerFirst(serverFirst);
    const salted = await derive(this.#password, salt, iterations, DIGEST_BYTES[this.#hash], this.#hash);
    const clientKey = this.#hmac(salted, 'Client Key');
    const withoutProof = `c=${this.#bound.toString('base64')},r=${nonce}`;
    const authMessage = `${this.#firstBare},${serverFirst},${withoutProof}`;
    const storedKey = createHash(this.#hash).update(clientKey).digest();
    const proof = xor(clientKey, this.#hmac(storedKey, authMessage));
    this.#serverSignature = this.#hmac(this.#hmac(salted, 'Server Key'), authMessage);
    this.#awaits = 'server-final';
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  #readServerFirst(text: string): { nonce: string; salt: Buffer; iterations: number } {
    if (text.startsWith('m=')) throw this.#broken('a mandatory extension that is not known here');
    const found = SERVER_FIRST.exec(text);
    if (found === null) throw this.#broken('a first message that is none');
    const [, nonce = '', salt = '', count = ''] = found;
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw this.#broken('a nonce that does not extend ours');
    }
    const iterations = Number(count);
    if (iterations < SCRAM_ITERATIONS_MIN || iterations > SCRAM_ITERATIONS_MAX) {
      throw this.#broken(
        `an iteration count of ${iterations}: must be from ${SCRAM_ITERATIONS_MIN} to ${SCRAM_ITERATIONS_MAX}`,
      );
    }
    return { nonce, salt: Buffer.from(salt, 'base64'), iterations };
  }

  #verify(serverFinal: Buffer): void {
    if (this.#awaits !== 'server-final') throw this.#broken('a final message out of turn');
    const text = serverFinal.toString();
    if (text.startsWith('e=')) {
      throw new LoginError(`${this.name} login refused: ${printable(text.slice(2))}`);
    }
    const found = SERVER_FINAL.exec(text);
    if (found === null) throw this.#broken('a final message that is none');
    const [, signature = ''] = found;
    const said = Buffer.from(signature, 'base64');
    const expected = this.#serverSignature;
    if (said.length !== expected.length || !timingSafeEqual(said, expected)) {
      throw this.#broken('a wrong signature: it does not know the password, or is not who it says it is');
    }
    this.#awaits = 'nothing';
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest();
  }

  #broken(what: string): ProtocolError {
    return new ProtocolError(`${this.name}: the server sent ${what}`);
  }
}

/** The `gs2-cbind-flag` of RFC 5802 section 7. */
function flagOf(binding: Binding): string {
  if (typeof binding === 'object') return `p=${binding.type}`;
  return binding === 'none' ? 'n' : 'y';
}

/** A name in which comma and equals sign are written as codes (RFC 5802 section 5.1). */
function saslName(text: string, name: string): string {
  return saslprep(text, name).replaceAll('=', '=3D').replaceAll(',', '=2C');
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));
}

function printable(text: string): string {
  return text.replace(/[^ -~]+/g, ' ').slice(0, 100);
}

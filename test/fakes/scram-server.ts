// The server's side of SCRAM (RFC 5802), written from the RFC by itself: it owes nothing to src/. Judges proof and channel binding.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

const ITERATIONS = 4096;

export class ScramServer {
  readonly #hash: string;
  readonly #password: string;
  readonly #binding: Buffer;
  readonly #salt = randomBytes(16);
  #header = '';
  #firstBare = '';
  #first = '';

  /** @param binding what the connection has by its own account */
  constructor(hash: 'sha512' | 'sha256' | 'sha1', password: string, binding: Buffer) {
    this.#hash = hash;
    this.#password = password;
    this.#binding = binding;
  }

  /** The flag and the name of the binding: `n`, `y`, `p=tls-exporter`. */
  get flag(): string {
    return this.#header.slice(0, this.#header.indexOf(','));
  }

  first(clientFirst: Buffer): Buffer {
    const [, header = '', bare = '', nonce = ''] =
      /^((?:n|y|p=[A-Za-z0-9.-]+),(?:a=[^,]*)?,)(n=[^,]*,r=([^,]+))$/.exec(clientFirst.toString()) ?? [];
    this.#header = header;
    this.#firstBare = bare;
    this.#first = `r=${nonce}${randomBytes(9).toString('base64')},s=${this.#salt.toString('base64')},i=${ITERATIONS}`;
    return Buffer.from(this.#first);
  }

  final(clientFinal: Buffer): Buffer {
    const [, withoutProof = '', input = '', nonce = '', proof = ''] =
      /^(c=([^,]*),r=([^,]+)),p=([^,]+)$/.exec(clientFinal.toString()) ?? [];
    if (!this.#first.startsWith(`r=${nonce},`)) return Buffer.from('e=other-error');
    const bound = this.#header.startsWith('p=') ? this.#binding : Buffer.alloc(0);
    const expected = Buffer.concat([Buffer.from(this.#header), bound]);
    if (!expected.equals(Buffer.from(input, 'base64'))) return Buffer.from('e=channel-bindings-dont-match');
    const digest = createHash(this.#hash).digest().length;
    const salted = pbkdf2Sync(this.#password, this.#salt, ITERATIONS, digest, this.#hash);
    const message = `${this.#firstBare},${this.#first},${withoutProof}`;
    const clientKey = this.#hmac(salted, 'Client Key');
    const storedKey = createHash(this.#hash).update(clientKey).digest();
    const signature = this.#hmac(storedKey, message);
    const right = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] ?? 0)));
    if (!right.equals(Buffer.from(proof, 'base64'))) return Buffer.from('e=invalid-proof');
    return Buffer.from(`v=${this.#hmac(this.#hmac(salted, 'Server Key'), message).toString('base64')}`);
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest();
  }
}

// The client's side of SASL (RFC 4422): which mechanism is used, and those that are one message long: CRAM-MD5
// (RFC 2195), PLAIN (RFC 4616), EXTERNAL (RFC 4422 appendix A). SCRAM has its own file. No I/O.
import { createHmac } from 'node:crypto';
import { ConfigError, LoginError, ProtocolError } from '../../errors.js';
import { MECHANISMS, type MechanismName } from '../../config/mechanism-names.js';
import type { Credentials, Mechanism } from './mechanism.js';
import { Scram } from './scram.js';

/** What a connection and the configuration allow. */
export type MechanismPolicy = {
  /** In the order of preference. */
  readonly allowed: readonly MechanismName[];
  /** TLS, or nothing but this machine in between: a password may be sent as it is. */
  readonly confidential: boolean;
  /** PLAIN even where the connection is not confidential. */
  readonly plainAnywhere: boolean;
};

/** The default preference: EXTERNAL is for who has no password, but a client certificate. */
export function defaultMechanisms(credentials: Credentials): readonly MechanismName[] {
  return credentials.password === undefined ? ['EXTERNAL'] : MECHANISMS.filter((name) => name !== 'EXTERNAL');
}

/**
 * The first allowed mechanism that the server offers and the connection permits.
 * @param offered as the server wrote them
 * @throws LoginError naming what was offered and what is allowed
 */
export function chooseMechanism(
  offered: readonly string[],
  policy: MechanismPolicy,
  credentials: Credentials,
): MechanismName {
  const names = new Set(offered.map((name) => name.toUpperCase()));
  const usable = policy.allowed.filter((name) => obstacle(name, policy, credentials) === undefined);
  const chosen = usable.find((name) => names.has(name));
  if (chosen !== undefined) return chosen;
  const obstacles = policy.allowed
    .filter((name) => names.has(name))
    .map((name) => `${name} ${obstacle(name, policy, credentials) ?? ''}`);
  throw new LoginError(
    `no login mechanism: the server offers ${[...names].join(' ') || 'none'}, allowed are ` +
      [policy.allowed.join(' ') || 'none', ...obstacles].join('; '),
  );
}

/** Why a mechanism that is allowed cannot be used here. */
function obstacle(
  name: MechanismName,
  policy: MechanismPolicy,
  credentials: Credentials,
): string | undefined {
  if (name !== 'EXTERNAL' && credentials.password === undefined) return 'needs a password';
  switch (name) {
    case 'PLAIN':
      return policy.confidential || policy.plainAnywhere
        ? undefined
        : 'needs TLS, loopback or a UNIX socket: it would send the password in clear';
    case 'CRAM-MD5':
      return credentials.authorizationId === undefined
        ? undefined
        : 'has no room for an authorization identity';
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-1':
    case 'EXTERNAL':
      return undefined;
  }
}

/** @throws ConfigError where the credentials cannot stand in the mechanism's messages */
export function createMechanism(name: MechanismName, credentials: Credentials): Mechanism {
  if (Object.values(credentials).some((text) => text?.includes('\0'))) {
    throw new ConfigError('user, password and authorization identity must not hold a NUL');
  }
  switch (name) {
    case 'SCRAM-SHA-256':
      return new Scram('sha256', credentials);
    case 'SCRAM-SHA-1':
      return new Scram('sha1', credentials);
    case 'CRAM-MD5':
      return new CramMd5(credentials);
    case 'PLAIN':
      return new OneMessage(name, plainMessage(credentials));
    case 'EXTERNAL':
      return new OneMessage(name, credentials.authorizationId ?? '');
  }
}

class CramMd5 implements Mechanism {
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

/** PLAIN and EXTERNAL: all is said in the first message. */
class OneMessage implements Mechanism {
  readonly name: 'PLAIN' | 'EXTERNAL';
  readonly #message: string;

  constructor(name: 'PLAIN' | 'EXTERNAL', message: string) {
    this.name = name;
    this.#message = message;
  }

  initialResponse(): Buffer {
    return Buffer.from(this.#message);
  }

  async respond(): Promise<Buffer> {
    throw new ProtocolError(`${this.name}: the server sent one challenge too many`);
  }

  finish(additionalData?: Buffer): void {
    refuseAdditionalData(this.name, additionalData);
  }
}

function plainMessage({ user, password, authorizationId }: Credentials): string {
  return `${authorizationId ?? ''}\0${user}\0${password ?? ''}`;
}

function refuseAdditionalData(name: MechanismName, additionalData: Buffer | undefined): void {
  if (additionalData !== undefined && additionalData.length > 0) {
    throw new ProtocolError(`${name}: the server sent data along with its success`);
  }
}

// Reads the files that a back-channel needs to log in: the password, and for TLS the authorities that we trust and our own
// certificate. They are read with the configuration: so a bad file is refused at once, and a new password needs a SIGHUP.
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { LoginConfig, TlsConfig } from '../config/config.js';
import type { BindingType } from '../config/mechanism-names.js';
import type { Login } from '../cyrus/sasl/log-in.js';
import { readPasswordFile } from './password-file.js';
import { readSecretFile } from './secret-file.js';
import { channelBinding } from '../cyrus/wire/channel-binding.js';
import { handshake, type TlsSettings } from '../cyrus/wire/tls.js';
import { ConfigError, messageOf } from '../errors.js';
import { FileError, readStableFile } from '../net/stable-file.js';
// Sessions import this module only when they need it. It is loaded here, since after an upgrade the file may be of another version.
import '../cyrus/sasl/log-in.js';

export type Access = { readonly login: Login | undefined; readonly tls: TlsSettings | undefined };

/** The contents of these files, kept so that a reload can tell whether they have changed. */
export type AccessFiles = {
  readonly password: string | undefined;
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
};

/** Enough for all certificate authorities that there are. */
const CA_MAX_BYTES = 4 * 1024 * 1024;

/** Enough for a private key. */
const KEY_MAX_BYTES = 65_536;

type Configured = {
  readonly name: string;
  readonly login: LoginConfig | undefined;
  readonly tls: TlsConfig | undefined;
};

/** @throws ConfigError where a file cannot be read, or a secret one is open to others */
export async function readAccessFiles({ name, login, tls }: Configured): Promise<AccessFiles> {
  const key = `backchannel.${name}`;
  const { passwordFile } = login ?? {};
  const { caFile, clientCert, clientKey } = tls ?? {};
  return {
    password: passwordFile && (await readPasswordFile(passwordFile, `${key}.password_file`)),
    ca: caFile === undefined ? undefined : await read(caFile, `${key}.ca_file`),
    cert: clientCert === undefined ? undefined : await read(clientCert, `${key}.client_cert`),
    key:
      clientKey === undefined
        ? undefined
        : await readSecretFile(clientKey, `${key}.client_key`, KEY_MAX_BYTES, 'a private key'),
  };
}

/** @throws ConfigError where a file holds no certificate or key, or where the two do not belong together */
export function toAccess({ name, login, tls }: Configured, files: AccessFiles): Access {
  return {
    login: login && {
      credentials: {
        user: login.user,
        password: files.password,
        authorizationId: login.authorizationId,
      },
      mechanisms: login.mechanisms,
      plainAnywhere: login.plainAnywhere,
    },
    tls: tls && toTlsSettings(name, tls, files, login?.channelBinding ?? 'none'),
  };
}

function toTlsSettings(
  name: string,
  tls: TlsConfig,
  { ca, cert, key }: AccessFiles,
  binding: BindingType | 'none',
): TlsSettings {
  const keys = `backchannel.${name}`;
  if (ca !== undefined) certificate(ca, `${keys}.ca_file is ${tls.caFile}`);
  if (cert !== undefined && key !== undefined) {
    const own = certificate(cert, `${keys}.client_cert is ${tls.clientCert}`);
    if (!own.checkPrivateKey(privateKey(key, `${keys}.client_key is ${tls.clientKey}`))) {
      throw new ConfigError(`${keys}.client_key is ${tls.clientKey}: must be the key of ${tls.clientCert}`);
    }
  }
  const { mode, serverName, minVersion } = tls;
  const context = createSecureContext({ ca, cert, key, minVersion });
  const settings = { mode, serverName, context, handshake };
  return binding === 'none' ? settings : { ...settings, bind: (secured) => channelBinding(secured, binding) };
}

function certificate(pem: Buffer, what: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new ConfigError(`${what}: must hold certificates in PEM: ${messageOf(cause)}`, { cause });
  }
}

function privateKey(pem: Buffer, what: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new ConfigError(`${what}: must hold a private key in PEM without passphrase`, { cause });
  }
}

async function read(path: string, name: string): Promise<Buffer> {
  try {
    return (await readStableFile(path, { maxBytes: CA_MAX_BYTES })).bytes;
  } catch (cause) {
    if (cause instanceof FileError) throw new ConfigError(`${name} is ${path}: ${cause.message}`, { cause });
    throw new ConfigError(`${name} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

// Reads the files of a client of TLS, and says whether they can be used: the authorities that it trusts, its own certificate, and the
// key of that. What cannot be used is refused when it is read: at the next connection nobody would see why. I/O: these files only.
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { ConfigError, messageOf } from '../errors.js';
import { FileError, readStableFile } from '../net/stable-file.js';
import { readSecretFile } from './secret-file.js';

/** Their contents. */
export type TlsFiles = {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
};

/** Their paths. */
type TlsPaths = {
  readonly caFile?: string | undefined;
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
};

/** Enough for all certificate authorities that there are. */
const CA_MAX_BYTES = 4 * 1024 * 1024;

/** Enough for a private key. */
const KEY_MAX_BYTES = 65_536;

/**
 * @param table of the configuration that names them, for errors
 * @throws ConfigError where one cannot be read, or the key is open to others
 */
export async function readTlsFiles(
  table: string,
  { caFile, clientCert, clientKey }: TlsPaths,
): Promise<TlsFiles> {
  return {
    ca: caFile === undefined ? undefined : await read(caFile, `${table}.ca_file`),
    cert: clientCert === undefined ? undefined : await read(clientCert, `${table}.client_cert`),
    key:
      clientKey === undefined
        ? undefined
        : await readSecretFile(clientKey, `${table}.client_key`, KEY_MAX_BYTES, 'a private key'),
  };
}

/** @throws ConfigError where a file holds no certificate or key, or where the two do not belong together */
export function checkTlsFiles(table: string, paths: TlsPaths, { ca, cert, key }: TlsFiles): void {
  if (ca !== undefined) certificate(ca, `${table}.ca_file is ${paths.caFile}`);
  if (cert === undefined || key === undefined) return;
  const own = certificate(cert, `${table}.client_cert is ${paths.clientCert}`);
  if (!own.checkPrivateKey(privateKey(key, `${table}.client_key is ${paths.clientKey}`)))
    throw new ConfigError(
      `${table}.client_key is ${paths.clientKey}: must be the key of ${paths.clientCert}`,
    );
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

// Certificates for tests, made by openssl when they are needed: an authority that we trust, a server's certificate from
// it that is good, expired, for another name, or not from it at all, and a client's.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the good ones are for. */
const SERVER_NAMES = 'DNS:localhost,DNS:mail.rig.test,IP:127.0.0.1';

/** The name that the one for another name is for. */
export const OTHER_NAME = 'other.rig.test';

/** Whom Cyrus takes the client for, by the common name. */
const CLIENT_NAME = 'cyrus';

/** PEM files. */
export type Pair = { readonly cert: string; readonly key: string };

export type Certificates = {
  /** The authority that has signed all but the self-signed one and the stranger's. */
  readonly ca: string;
  readonly good: Pair;
  readonly expired: Pair;
  readonly wrongName: Pair;
  /** From an authority that nobody knows. */
  readonly stranger: Pair;
  readonly selfSigned: Pair;
  readonly client: Pair;
};

/** @param folder where they are put, and may stay */
export function makeCertificates(folder: string): Certificates {
  const ca = authority(folder, 'ca');
  const stranger = authority(folder, 'stranger-ca');
  return {
    ca: ca.cert,
    good: signed(folder, 'good', ca, SERVER_NAMES),
    expired: signed(folder, 'expired', ca, SERVER_NAMES, '20200101000000Z', '20200201000000Z'),
    wrongName: signed(folder, 'wrong-name', ca, `DNS:${OTHER_NAME}`),
    stranger: signed(folder, 'stranger', stranger, SERVER_NAMES),
    selfSigned: selfSigned(folder, 'self-signed', ['-addext', `subjectAltName=${SERVER_NAMES}`]),
    client: signed(folder, CLIENT_NAME, ca, 'DNS:cyrusmapd.rig.test'),
  };
}

function authority(folder: string, name: string): Pair {
  return selfSigned(folder, name, ['-addext', 'keyUsage=critical,keyCertSign']);
}

function selfSigned(folder: string, name: string, options: readonly string[]): Pair {
  const pair = pairOf(folder, name);
  const out = ['-keyout', pair.key, '-out', pair.cert];
  openssl(['req', '-x509', ...NEW_KEY, ...out, '-days', '30', '-subj', `/CN=${name}`, ...options]);
  return pair;
}

/** By `openssl ca`, the only command of OpenSSL 3.0 that takes dates of the past. */
function signed(folder: string, name: string, by: Pair, names: string, from?: string, to?: string): Pair {
  const pair = pairOf(folder, name);
  const request = join(folder, `${name}.csr`);
  openssl(['req', ...NEW_KEY, '-keyout', pair.key, '-out', request, '-subj', `/CN=${name}`]);
  const database = join(folder, `${name}.db`);
  mkdirSync(database);
  writeFileSync(join(database, 'index'), '');
  const config = join(database, 'conf');
  writeFileSync(config, caConfig(database, by, names));
  const dates =
    from === undefined || to === undefined ? ['-days', '30'] : ['-startdate', from, '-enddate', to];
  openssl(['ca', '-batch', '-config', config, '-in', request, '-out', pair.cert, '-notext', ...dates]);
  return pair;
}

function caConfig(database: string, by: Pair, names: string): string {
  return `
    [ca]
    default_ca = test
    [test]
    database = ${database}/index
    new_certs_dir = ${database}
    rand_serial = yes
    certificate = ${by.cert}
    private_key = ${by.key}
    default_md = sha256
    policy = anything
    x509_extensions = names
    [anything]
    commonName = supplied
    [names]
    subjectAltName = ${names}
  `;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const;

function pairOf(folder: string, name: string): Pair {
  return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endPointHash } from '../../../../src/cyrus/wire/certificate-hash.js';
import { lacks } from '../../../integration/tools.js';

const LEFT_OUT = lacks('openssl');
const RSA = ['-newkey', 'rsa:2048'];
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
const PSS = [...RSA, '-sigopt', 'rsa_padding_mode:pss'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hash-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function certificate(options: readonly string[]): Buffer {
  const cert = join(folder, 'cert.pem');
  const out = ['-nodes', '-keyout', join(folder, 'key.pem'), '-out', cert, '-days', '1', '-subj', '/CN=x'];
  execFileSync('openssl', ['req', '-x509', ...options, ...out], { stdio: 'pipe' });
  return new X509Certificate(readFileSync(cert)).raw;
}

test.skipIf(LEFT_OUT).each<[string, readonly string[], string | undefined]>([
  ['RSA with MD5', [...RSA, '-md5'], 'sha256'],
  ['RSA with SHA-1', [...RSA, '-sha1'], 'sha256'],
  ['RSA with SHA-224', [...RSA, '-sha224'], 'sha224'],
  ['RSA with SHA-256', [...RSA, '-sha256'], 'sha256'],
  ['RSA with SHA-384', [...RSA, '-sha384'], 'sha384'],
  ['RSA with SHA-512', [...RSA, '-sha512'], 'sha512'],
  ['ECDSA with SHA-1', [...EC, '-sha1'], 'sha256'],
  ['ECDSA with SHA-224', [...EC, '-sha224'], 'sha224'],
  ['ECDSA with SHA-256', [...EC, '-sha256'], 'sha256'],
  ['ECDSA with SHA-384', [...EC, '-sha384'], 'sha384'],
  ['ECDSA with SHA-512', [...EC, '-sha512'], 'sha512'],
  ['RSASSA-PSS with SHA-1, its default', [...PSS, '-sha1'], 'sha256'],
  ['RSASSA-PSS with SHA-256', [...PSS, '-sha256'], 'sha256'],
  ['RSASSA-PSS with SHA-384', [...PSS, '-sha384'], 'sha384'],
  ['RSASSA-PSS with SHA-512', [...PSS, '-sha512'], 'sha512'],
  ['Ed25519, which has none', ['-newkey', 'ed25519'], undefined],
])('a certificate signed by %s', (_, options, hash) => {
  const der = certificate(options);
  expect(endPointHash(der)).toBe(hash);
  // Whatever is cut off or broken has no hash, and none is thrown for it.
  for (let i = 0; i < der.length; i += 7) endPointHash(der.subarray(0, i));
});

test('what is no certificate has none', () => {
  for (const hex of ['', '30', '3080', '3003020101', '30840fffffff', '3006300002010130', 'ffffffff'])
    expect(endPointHash(Buffer.from(hex, 'hex'))).toBeUndefined();
});

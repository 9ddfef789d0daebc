// The client's side of SMTP AUTH (RFC 4954) for tests, with the four mechanisms that sasldb alone serves: PLAIN
// (RFC 4616), CRAM-MD5 (RFC 2195), SCRAM-SHA-1 and SCRAM-SHA-256 (RFC 5802, 7677). It owes nothing to src/.

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { Reply, SmtpClient } from './smtp.js';

export type Mechanism = 'PLAIN' | 'CRAM-MD5' | 'SCRAM-SHA-1' | 'SCRAM-SHA-256';

/** The last reply of the exchange: 235 where it succeeded. Throws where the server does not prove that it knows us. */
export function authenticate(
  client: SmtpClient,
  mechanism: Mechanism,
  user: string,
  password: string,
): Promise<Reply> {
  switch (mechanism) {
    case 'PLAIN':
      return client.command(`AUTH PLAIN ${encode(`\0${user}\0${password}`)}`);
    case 'CRAM-MD5':
      return cramMd5(client, user, password);
    case 'SCRAM-SHA-1':
      return scram(client, mechanism, 'sha1', user, password);
    case 'SCRAM-SHA-256':
      return scram(client, mechanism, 'sha256', user, password);
  }
}

async function cramMd5(client: SmtpClient, user: string, password: string): Promise<Reply> {
  const challenge = await client.command('AUTH CRAM-MD5');
  if (challenge.code !== 334) return challenge;
  const digest = createHmac('md5', password).update(decode(challenge.text)).digest('hex');
  return client.command(encode(`${user} ${digest}`));
}

async function scram(
  client: SmtpClient,
  mechanism: Mechanism,
  hash: 'sha1' | 'sha256',
  user: string,
  password: string,
): Promise<Reply> {
  const nonce = randomBytes(18).toString('base64');
  const first = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  const challenge = await client.command(`AUTH ${mechanism} ${encode(`n,,${first}`)}`);
  if (challenge.code !== 334) return challenge;
  const server = decode(challenge.text);
  const {
    r = '',
    s = '',
    i = '',
  } = Object.fromEntries(server.split(',').map((field) => [field[0], field.slice(2)]));
  if (!r.startsWith(nonce)) throw new Error(`the server's nonce does not begin with ours: ${server}`);
  const hmac = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest();
  const salted = pbkdf2Sync(password, Buffer.from(s, 'base64'), Number(i), hash === 'sha1' ? 20 : 32, hash);
  const clientKey = hmac(salted, 'Client Key');
  const storedKey = createHash(hash).update(clientKey).digest();
  const last = `c=${encode('n,,')},r=${r}`;
  const transcript = `${first},${server},${last}`;
  const signature = hmac(storedKey, transcript);
  const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
  const final = await client.command(encode(`${last},p=${Buffer.from(proof).toString('base64')}`));
  if (final.code !== 334) return final;
  const expected = hmac(hmac(salted, 'Server Key'), transcript).toString('base64');
  if (decode(final.text) !== `v=${expected}`)
    throw new Error('the server could not prove that it knows the password');
  return client.command('');
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decode(text: string): string {
  return Buffer.from(text, 'base64').toString();
}

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAccessFiles, toAccess, type Access } from '../../../src/backchannels/login-files.js';
import type { LoginConfig, TlsConfig } from '../../../src/config/config.js';
import { ConfigError } from '../../../src/errors.js';
import { makeCertificates, type Certificates } from '../../certificates.js';
import { lacks } from '../../integration/tools.js';

const LEFT_OUT = lacks('openssl');

let folder: string;
let made: Certificates;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'access-'));
  if (!LEFT_OUT) made = makeCertificates(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, text: string, mode = 0o600): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

async function access(login: Partial<LoginConfig> | undefined, tls?: Partial<TlsConfig>): Promise<Access> {
  const configured = {
    name: 'cyrus',
    login: login && {
      ...{ user: 'cyrus', passwordFile: undefined, authorizationId: undefined },
      ...{ mechanisms: ['PLAIN' as const], channelBinding: 'none' as const, plainAnywhere: false },
      ...login,
    },
    tls: tls && {
      ...{ mode: 'starttls' as const, caFile: undefined, serverName: 'mail.rig.test' },
      ...{ clientCert: undefined, clientKey: undefined, minVersion: 'TLSv1.2' as const },
      ...tls,
    },
  };
  return toAccess(configured, await readAccessFiles(configured));
}

async function failure(login: Partial<LoginConfig> | undefined, tls?: Partial<TlsConfig>): Promise<string> {
  const error: unknown = await access(login, tls).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return String(Object(error).message);
}

test('nothing is read where nothing is named', async () => {
  expect(await access(undefined)).toEqual({ login: undefined, tls: undefined });
});

test('the password comes from its file', async () => {
  const { login } = await access({ passwordFile: written('password', 'secret\n'), authorizationId: 'lmtp' });
  expect(login).toEqual({
    credentials: { user: 'cyrus', password: 'secret', authorizationId: 'lmtp' },
    mechanisms: ['PLAIN'],
    plainAnywhere: false,
  });
});

test('a password that others can read is a configuration error', async () => {
  const file = written('open', 'secret\n', 0o644);
  expect(await failure({ passwordFile: file })).toBe(
    `backchannel.cyrus.password_file is ${file} with mode 0644: must be closed to others, as 0600 or 0640`,
  );
});

describe.skipIf(LEFT_OUT)('TLS', () => {
  test('takes a CA, a certificate and its key', async () => {
    const { tls } = await access(undefined, {
      caFile: made.ca,
      clientCert: made.client.cert,
      clientKey: made.client.key,
    });
    expect(tls).toMatchObject({ mode: 'starttls', serverName: 'mail.rig.test' });
  });

  test('does without any of them', async () => {
    expect((await access(undefined, {})).tls).toMatchObject({ serverName: 'mail.rig.test' });
  });

  test('a key that others can read is a configuration error', async () => {
    chmodSync(made.good.key, 0o644);
    expect(await failure(undefined, { clientCert: made.good.cert, clientKey: made.good.key })).toBe(
      `backchannel.cyrus.client_key is ${made.good.key} with mode 0644: must be closed to others, as 0600 or 0640`,
    );
  });

  test('a file that is not there is named', async () => {
    expect(await failure(undefined, { caFile: '/nowhere/ca.pem' })).toContain(
      'backchannel.cyrus.ca_file cannot be read: ENOENT',
    );
  });

  test('what is no certificate and no key is named, and never shown', async () => {
    const junk = written('junk', 'hunter2');
    expect(await failure(undefined, { caFile: junk })).toContain(
      `backchannel.cyrus.ca_file is ${junk}: must hold certificates in PEM`,
    );
    expect(await failure(undefined, { clientCert: junk, clientKey: made.client.key })).toContain(
      `backchannel.cyrus.client_cert is ${junk}: must hold certificates in PEM`,
    );
    const keys = { clientCert: made.client.cert, clientKey: junk };
    expect(await failure(undefined, keys)).toBe(
      `backchannel.cyrus.client_key is ${junk}: must hold a private key in PEM without passphrase`,
    );
    expect(await failure(undefined, keys)).not.toContain('hunter2');
  });

  test('the key of another certificate is refused', async () => {
    const keys = { clientCert: made.client.cert, clientKey: made.expired.key };
    expect(await failure(undefined, keys)).toBe(
      `backchannel.cyrus.client_key is ${made.expired.key}: must be the key of ${made.client.cert}`,
    );
  });

  test('ties logins to the connection, unless the operator wants none of it', async () => {
    const tied = await access({ channelBinding: 'tls-unique' }, {});
    expect(tied.tls?.bind).toBeTypeOf('function');
    expect((await access({ channelBinding: 'none' }, {})).tls?.bind).toBeUndefined();
    expect((await access(undefined, {})).tls?.bind).toBeUndefined();
  });
});

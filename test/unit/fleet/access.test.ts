// How Valkey lets us in: what is read from which file, and which files are refused.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toConfig } from '../../../src/config/convert.js';
import { readSettings } from '../../../src/config/read.js';
import { ConfigError } from '../../../src/errors.js';
import { readValkeyAccess } from '../../../src/fleet/access.js';
import { makeCertificates, type Certificates } from '../../certificates.js';
import { lacks } from '../../integration/tools.js';
import { SETTINGS } from '../doctor/good-host.js';

const folder = mkdtempSync(join(tmpdir(), 'fleet-access-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LEFT_OUT = lacks('openssl');
let made: Certificates;
beforeAll(() => {
  if (!LEFT_OUT) made = makeCertificates(folder);
});

function written(name: string, text: string, mode = 0o600): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

function access(keys: object) {
  const settings = { ...SETTINGS, fleet: { publish: 'cyrus', ...keys } };
  const { fleet } = toConfig(readSettings(settings).values, '/etc/cyrusmapd.toml', undefined);
  if (fleet === undefined) throw new Error('no fleet');
  return readValkeyAccess(fleet);
}

async function failure(keys: object): Promise<string> {
  const error: unknown = await access(keys).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return String(Object(error).message);
}

const URL_TLS = 'valkeys://valkey.example.jp:6380';

describe('without TLS', () => {
  test('only host and port are known where nothing else is named', async () => {
    expect(await access({ url: 'valkey://valkey.example.jp' })).toEqual({
      host: 'valkey.example.jp',
      port: 6379,
      user: undefined,
      password: undefined,
      tls: undefined,
    });
  });

  test('the password is the first line of its file', async () => {
    const password_file = written('password', 'secret word\nanother\n', 0o640);
    expect(await access({ url: 'redis://[::1]:7000', user: 'us', password_file })).toMatchObject({
      host: '::1',
      port: 7000,
      user: 'us',
      password: 'secret word',
    });
  });

  test.each([
    ['is open to others', written('open', 'secret\n', 0o644), /fleet\.password_file .* mode 0644/],
    ['has an empty first line', written('empty', '\nsecret\n'), /fleet\.password_file .* empty first line/],
    ['is not there', join(folder, 'none'), /fleet\.password_file .*(?:none|ENOENT)/],
  ])('a password file that %s is refused, and what is in it is not told', async (_, password_file, said) => {
    const message = await failure({ url: 'valkey://localhost', user: 'us', password_file });
    expect(message).toMatch(said);
    expect(message).not.toContain('secret');
  });
});

describe('with TLS', () => {
  test('the certificate must be for the host of the url, where nothing else is named', async () => {
    expect((await access({ url: URL_TLS })).tls).toEqual({
      serverName: 'valkey.example.jp',
      ca: undefined,
      cert: undefined,
      key: undefined,
    });
  });

  test.skipIf(LEFT_OUT)('the files are read as they are', async () => {
    const { ca, client } = made;
    const keys = { ca_file: ca, client_cert: client.cert, client_key: client.key };
    expect((await access({ url: URL_TLS, server_name: 'other.example.jp', ...keys })).tls).toEqual({
      serverName: 'other.example.jp',
      ca: readFileSync(ca),
      cert: readFileSync(client.cert),
      key: readFileSync(client.key),
    });
  });

  test.skipIf(LEFT_OUT)(
    'what is no certificate or not its key is refused before anybody connects',
    async () => {
      const { client, good } = made;
      const text = written('text', 'certificate');
      expect(await failure({ url: URL_TLS, ca_file: text })).toMatch(
        /^fleet\.ca_file is .*\/text: must hold cert/,
      );
      const keys = { client_cert: client.cert, client_key: good.key };
      expect(await failure({ url: URL_TLS, ...keys })).toMatch(
        /^fleet\.client_key is .*: must be the key of /,
      );
    },
  );

  test('a key that others can read is refused', async () => {
    const client_key = written('open.pem', 'the key', 0o644);
    const client_cert = written('cert.pem', 'the certificate', 0o644);
    const message = await failure({ url: URL_TLS, client_cert, client_key });
    expect(message).toMatch(/fleet\.client_key .* mode 0644: must be closed to others/);
  });

  test.each(['ca_file', 'client_cert'])('%s that cannot be read is named', async (name) => {
    const keys = name === 'ca_file' ? {} : { client_key: written('key.pem', 'the key') };
    const message = await failure({ url: URL_TLS, ...keys, [name]: join(folder, 'none') });
    expect(message).toMatch(new RegExp(`^fleet\\.${name} cannot be read: `));
  });
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { PASSWORD_FILE_MAX_BYTES, readPasswordFile } from '../../../src/backchannels/password-file.js';
import { ConfigError } from '../../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-password-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string | Buffer, mode = 0o600): string {
  const path = join(folder, 'password');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const read = (path: string) => readPasswordFile(path, 'imap.password_file');

test.each([
  ['without a line end', 'secret', 'secret'],
  ['with a line end', 'secret\n', 'secret'],
  ['with a line end of another system', 'secret\r\n', 'secret'],
  ['with further lines', 'secret\n# of the admin\n', 'secret'],
  ['with spaces, which belong to it', ' se cret \n', ' se cret '],
  ['that is not ASCII', 'geheimnisvölle\n', 'geheimnisvölle'],
  ['as long as may be', 'x'.repeat(PASSWORD_FILE_MAX_BYTES), 'x'.repeat(PASSWORD_FILE_MAX_BYTES)],
])('reads a password %s', async (_, content, password) => {
  expect(await read(file(content))).toBe(password);
});

test.each([0o600, 0o400, 0o640, 0o660])('takes a file with mode %o, closed to others', async (mode) => {
  expect(await read(file('secret', mode))).toBe('secret');
});

test.each([0o644, 0o604, 0o602, 0o601])('refuses a file with mode %o, open to others', async (mode) => {
  const path = file('secret', mode);
  const octal = mode.toString(8).padStart(4, '0');
  await expect(read(path)).rejects.toThrow(
    new ConfigError(
      `imap.password_file is ${path} with mode ${octal}: must be closed to others, as 0600 or 0640`,
    ),
  );
});

describe('is an error of the configuration', () => {
  test.each([
    ['empty', '', 'empty first line'],
    ['with an empty first line', '\nsecret\n', 'empty first line'],
    ['too long', 'x'.repeat(PASSWORD_FILE_MAX_BYTES + 1), `over ${PASSWORD_FILE_MAX_BYTES} bytes`],
    ['with bytes that are no UTF-8', Buffer.from([0x73, 0xff]), 'no UTF-8'],
  ])('a file %s', async (_, content, message) => {
    await expect(read(file(content))).rejects.toThrow(ConfigError);
    await expect(read(file(content))).rejects.toThrow(message);
  });

  test('a file that is not there', async () => {
    await expect(read(join(folder, 'missing'))).rejects.toThrow(
      /^imap\.password_file cannot be read: ENOENT/,
    );
  });

  test('a folder', async () => {
    chmodSync(folder, 0o700);
    await expect(read(folder)).rejects.toThrow(/^imap\.password_file is .*: is no regular file/);
  });
});

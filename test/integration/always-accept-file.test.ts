// A daemon whose file of addresses that are always accepted changes while it runs.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { run, Serving } from './cyrusmapd-process.js';

let folder: string;
let serving: Serving | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-always-'));
  write('accept', 'info@example.jp\n');
  write('list', 'alice@example.jp\n');
  write(
    'cyrusmapd.toml',
    `[socketmap]\nlisten = ["unix:${folder}/socketmap"]\n[lookup]\nalways_accept_file = "${folder}/accept"\n` +
      `[backchannel.names]\ntype = "list"\nfile = "${folder}/list"\n`,
  );
});
afterEach(async () => {
  await serving?.stop();
  rmSync(folder, { recursive: true });
});

/** As an administrator should: a file of its own, then put in place. */
function write(name: string, text: string): void {
  writeFileSync(join(folder, `${name}.new`), text);
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

test('takes the new addresses by itself, and keeps the former ones where the file is emptied', async () => {
  serving = new Serving(['--config', join(folder, 'cyrusmapd.toml')]);
  const client = await SocketmapConnection.connect(parseEndpoint(await serving.endpoint()));
  const status = async (key: string) => (await client.lookup('cyrus', key)).status;
  expect(await status('info@example.jp')).toBe('OK');
  expect(await status('sales@example.jp')).toBe('NOTFOUND');
  write('accept', 'info@example.jp\nsales@example.jp\n');
  await serving.said('reloaded');
  expect(await status('sales@example.jp')).toBe('OK');
  write('accept', '');
  expect(await serving.said('reload-refused')).toMatchObject({
    reason: expect.stringContaining('must hold at least one address'),
  });
  expect(await status('sales@example.jp')).toBe('OK');
  client.close();
});

test('keeps a start from a file that cannot be used, which config --check tells', async () => {
  write('accept', 'a b\n');
  const { status, stderr } = await run('config', '--check', '--config', join(folder, 'cyrusmapd.toml'));
  expect([status, stderr]).toEqual([78, expect.stringContaining('line 1 is "a b"')]);
});

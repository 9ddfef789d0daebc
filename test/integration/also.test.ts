// A daemon whose back-channel has a table of aliases beside it, which changes while it runs.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { run, Serving } from './cyrusmapd-process.js';

let folder: string;
let lmtpd: LmtpServer;
let serving: Serving | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-also-'));
  lmtpd = await LmtpServer.listen(0);
  lmtpd.mailboxes.set('alice@example.jp', REPLIES.deliverable);
  lmtpd.mailboxes.set('full@example.jp', REPLIES.overquota);
});
afterEach(async () => {
  await serving?.stop();
  await lmtpd.stop();
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(folder, `${name}.new`), text);
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

function config(): string {
  write(
    'cyrusmapd.toml',
    `[socketmap]\nlisten = ["unix:${folder}/socketmap"]\n[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "${lmtpd.endpoint}"\n` +
      `canary = "alice@example.jp"\nalso = ["aliases"]\n[backchannel.aliases]\ntype = "list"\nfile = "${folder}/virtual"\n` +
      `format = "virtual"\n[domains]\n"*" = "cyrus"\n`,
  );
  return join(folder, 'cyrusmapd.toml');
}

async function ask(keys: readonly string[]): Promise<string[]> {
  const endpoint = parseEndpoint((await serving?.endpoint()) ?? '');
  const client = await SocketmapConnection.connect(endpoint);
  const replies: string[] = [];
  for (const key of keys) replies.push((await client.lookup('cyrus', key)).status);
  client.close();
  return replies;
}

test('accepts an alias at once where it is added, also where it was just unknown or is over quota, and the others as Cyrus says', async () => {
  const keys = [
    'alice@example.jp',
    'list@example.jp',
    'late@example.jp',
    'full@example.jp',
    'nobody@example.jp',
  ];
  write('virtual', 'list@example.jp alice\nother@example.jp alice\n');
  serving = new Serving(['--config', config()]);
  expect(await ask(keys)).toEqual(['OK', 'OK', 'NOTFOUND', 'TEMP', 'NOTFOUND']);
  write(
    'virtual',
    'list@example.jp alice\nother@example.jp alice\nlate@example.jp alice\nfull@example.jp alice\n',
  );
  await serving.said('list-taken');
  expect(await ask(keys)).toEqual(['OK', 'OK', 'OK', 'OK', 'NOTFOUND']);
  expect(lmtpd.recipients).not.toContain('list@example.jp');
});

test('keeps the aliases where the table was emptied', async () => {
  write('virtual', 'list@example.jp alice\n');
  serving = new Serving(['--config', config()]);
  expect(await ask(['list@example.jp'])).toEqual(['OK']);
  write('virtual', '# none\n');
  expect(await serving.said('list-shrunk')).toMatchObject({ missing: 1 });
  expect(await ask(['list@example.jp', 'nobody@example.jp'])).toEqual(['OK', 'NOTFOUND']);
});

test('defers whom Cyrus denies where the table is empty from the start', async () => {
  write('virtual', '# none\n');
  serving = new Serving(['--config', config()]);
  expect(await ask(['alice@example.jp', 'nobody@example.jp'])).toEqual(['OK', 'TEMP']);
});

test('is seen by check', async () => {
  write('virtual', 'list@example.jp alice\n');
  const { stdout } = await run('check', 'list@example.jp', '--config', config());
  expect(stdout).toContain('deliverable, by a rule, nobody was asked');
});

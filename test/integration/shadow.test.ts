// The daemon with another socketmap beside it: a fake smmapd that knows no details.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { startSocketmapServer, type SocketmapServer } from '../fakes/socketmap-server.js';
import { run, Serving } from './cyrusmapd-process.js';

const NOT_FOUND = 'NOTFOUND Mailbox does not exist';

let folder: string;
let smmapd: SocketmapServer;
let serving: Serving | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-shadow-'));
  writeFileSync(join(folder, 'list'), 'alice@example.jp\n');
  smmapd = await startSocketmapServer((key) =>
    ['alice@example.jp', 'bob@example.jp'].includes(key) ? `OK ${key}` : NOT_FOUND,
  );
});
afterEach(async () => {
  await serving?.stop();
  serving = undefined;
  await smmapd.stop();
  rmSync(folder, { recursive: true });
});

async function serve(...flags: string[]): Promise<SocketmapConnection> {
  serving = new Serving([
    ...['--list', join(folder, 'list'), '--listen', `unix:${join(folder, 'socketmap')}`],
    ...['--shadow', smmapd.endpoint, ...flags],
  ]);
  return SocketmapConnection.connect(parseEndpoint(await serving.endpoint()));
}

describe('serve --shadow', () => {
  test('answers as configured, asks the other one too, and logs where it differs and why', async () => {
    const client = await serve();
    expect(await client.lookup('cyrus', 'alice+x@example.jp')).toEqual({
      status: 'OK',
      text: 'alice+x@example.jp',
    });
    expect(await serving?.said('shadow-differs')).toMatchObject({
      key: 'alice+x@example.jp',
      ours: 'OK alice+x@example.jp',
      other: NOT_FOUND,
      kind: 'detail',
      agrees: 'ours',
    });
    expect((await client.lookup('cyrus', 'bob@example.jp')).status).toBe('NOTFOUND');
    expect(await serving?.said('shadow-differs', 2)).toMatchObject({ kind: 'only-other-accepts' });
    client.close();
    await serving?.stop();
    expect(await serving?.said('stats')).toMatchObject({
      shadow: { answers: { differs: 2 }, differences: { detail: 1, 'only-other-accepts': 1 } },
    });
  });

  test('answers while nobody is there to be asked, and tells of it once', async () => {
    await smmapd.stop();
    const client = await serve();
    for (let i = 0; i < 3; i += 1)
      expect((await client.lookup('cyrus', 'alice@example.jp')).status).toBe('OK');
    expect(await serving?.said('shadow-down')).toMatchObject({ endpoint: smmapd.endpoint });
    client.close();
    expect(serving?.lines.filter(({ event }) => event === 'shadow-down').length).toBe(1);
  });
});

describe('serve --shadow --shadow-only', () => {
  test('answers what the other one says', async () => {
    const client = await serve('--shadow-only');
    expect((await client.lookup('cyrus', 'alice+x@example.jp')).status).toBe('NOTFOUND');
    expect((await client.lookup('cyrus', 'bob@example.jp')).status).toBe('OK');
    expect(await serving?.said('shadow-differs', 2)).toMatchObject({
      ours: NOT_FOUND,
      other: 'OK bob@example.jp',
    });
    client.close();
  });

  test('defers while nobody is there to be asked', async () => {
    await smmapd.stop();
    const client = await serve('--shadow-only');
    expect(await client.lookup('cyrus', 'alice@example.jp')).toEqual({
      status: 'TEMP',
      text: 'the other socketmap gave no answer',
    });
    client.close();
  });
});

test('is refused without an endpoint, and with one of its own', async () => {
  const list = ['--list', join(folder, 'list'), '--listen', `unix:${join(folder, 'socketmap')}`];
  const alone = await run('serve', ...list, '--shadow-only');
  expect([alone.status, alone.stderr]).toEqual([
    64,
    expect.stringContaining('--shadow-only is true: must be with'),
  ]);
  const itself = await run('serve', ...list, '--shadow', `unix:${join(folder, 'socketmap')}`);
  expect([itself.status, itself.stderr]).toEqual([64, expect.stringContaining('must be another socket')]);
});

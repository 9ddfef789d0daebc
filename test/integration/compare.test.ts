// `cyrusmapd compare` as a process of its own, between a fake smmapd and a fake cyrusmapd.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startSocketmapServer, type SocketmapServer } from '../fakes/socketmap-server.js';
import { run } from './cyrusmapd-process.js';

const NOT_FOUND = 'NOTFOUND Mailbox does not exist';
const MAILBOXES = new Set(['alice@example.jp', 'bob@example.jp']);

let folder: string;
let ours: SocketmapServer;
let smmapd: SocketmapServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-compare-'));
  ours = await startSocketmapServer((key) => {
    const plain = key.toLowerCase().replace(/\+[^@]*/, '');
    return MAILBOXES.has(plain) ? `OK ${key}` : NOT_FOUND;
  });
  smmapd = await startSocketmapServer((key) =>
    MAILBOXES.has(key.toLowerCase().replace(/\+(?=@)/, '')) ? `OK ${key}` : NOT_FOUND,
  );
});
afterEach(async () => {
  await ours.stop();
  await smmapd.stop();
  rmSync(folder, { recursive: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function compare(...args: string[]) {
  return run('compare', smmapd.endpoint, '--server', ours.endpoint, '--rate', '1000', ...args);
}

describe('cyrusmapd compare', () => {
  test('finds what differs, says why, and is content where ours is proven right', async () => {
    const addresses = file('addresses', 'alice@example.jp\nalice+x@example.jp\nnobody@example.jp\n');
    const { status, stdout } = await compare('--addresses', addresses);
    expect(stdout).toContain('same     2 (1 OK, 1 NOTFOUND)\ndiffers  1\n');
    expect(stdout).toMatch(/^detail +1 +OK +NOTFOUND +ours$/m);
    expect(stdout).toContain(
      '    alice+x@example.jp: OK alice+x@example.jp / NOTFOUND Mailbox does not exist',
    );
    expect(status).toBe(0);
  });

  test('exits with 1 where somebody must look', async () => {
    MAILBOXES.delete('bob@example.jp');
    const other = await startSocketmapServer((key) => `OK ${key}`);
    const addresses = file('addresses', 'bob@example.jp\n');
    const { status, stdout } = await run(
      ...['compare', other.endpoint, '--server', ours.endpoint, '--addresses', addresses, '--json'],
    );
    MAILBOXES.add('bob@example.jp');
    await other.stop();
    expect(JSON.parse(stdout)).toMatchObject({
      asked: 1,
      doubtful: true,
      groups: [
        { kind: 'only-other-accepts', agrees: 'undecided', addresses: [{ address: 'bob@example.jp' }] },
      ],
    });
    expect(status).toBe(1);
  });

  test('takes the recipients of a mail log in the domains that are served, each once', async () => {
    const log = file(
      'maillog',
      ['alice@example.jp', 'alice@example.jp', 'carol@example.net', 'dave@example.jp']
        .map((address) => `Nov 28 12:00:00 mx sendmail[1]: x: to=<${address}>, delay=1\n`)
        .join(''),
    );
    const table = file('mailertable', 'example.jp mrs_cyrus_mailertable:\nexample.net smtp:relay\n');
    const { status, stdout } = await compare('--mail-log', log, '--domains', table);
    expect(status).toBe(0);
    expect(stdout).toContain('left out 1 of the mail log');
    expect(smmapd.requests.toSorted()).toEqual(
      [
        'cyrus abuse@example.jp',
        'cyrus alice@example.jp',
        'cyrus dave@example.jp',
        'cyrus no-such-mailbox-cyrusmapd+detail@example.jp',
        'cyrus no-such-mailbox-cyrusmapd@example.jp',
        'cyrus postmaster@example.jp',
      ].toSorted(),
    );
  });

  test('invents near misses, and asks about no more than it may', async () => {
    const addresses = file('list', 'alice@example.jp\nbob@example.jp\n');
    const { stdout } = await compare('--addresses', addresses, '--near-misses', '--max', '7');
    expect(stdout).toContain('asked    7\n');
    expect(stdout).toContain('there are more addresses than --max allows');
    expect(smmapd.requests).toContain('cyrus ALICE@example.jp');
  });

  test('goes on with a new connection where the other one ends instead of an answer', async () => {
    const fragile = await startSocketmapServer((key) => (key.includes('+') ? undefined : `OK ${key}`));
    const addresses = file('list', 'alice+a@example.jp\nalice@example.jp\n');
    const { status, stdout } = await run(
      ...['compare', fragile.endpoint, '--server', ours.endpoint, '--addresses', addresses],
    );
    await fragile.stop();
    expect(stdout).toMatch(/^no-reply +1 +OK +none +ours$/m);
    expect(stdout).toContain('same     1 (1 OK)');
    expect(status).toBe(0);
  });

  test.each([
    ['64, without an address', ['inet:1@127.0.0.1', '--addresses', '/dev/null'], 64],
    ['64, for an endpoint that is none', ['smmapd', '--addresses', '/dev/null'], 64],
    ['64, for a rate of nothing', ['inet:1@127.0.0.1', '--rate', '0'], 64],
    ['78, for a file that is not there', ['inet:1@127.0.0.1', '--addresses', '/nonexistent'], 78],
  ])('exits with %s', async (_, args, status) => {
    expect((await run('compare', ...args, '--server', ours.endpoint)).status).toBe(status);
  });

  test('exits with 69 where the other one cannot be asked', async () => {
    const addresses = file('list', 'alice@example.jp\n');
    const gone = await run(
      ...['compare', `unix:${folder}/none`, '--server', ours.endpoint, '--addresses', addresses],
    );
    expect(gone.status).toBe(69);
    expect(gone.stderr).toContain(`unix:${folder}/none cannot be asked`);
  });
});

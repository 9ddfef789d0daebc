// `cyrusmapd config --check`: what would keep a start from it is told before, each by key and path.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rehearse } from '../../src/commands/rehearse.js';
import { loadConfig } from '../../src/config/load.js';
import { LmtpServer } from '../fakes/lmtp-server.js';
import { run } from './cyrusmapd-process.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-check-'));
  mkdirSync(join(folder, 'run'));
  mkdirSync(long());
  writeFileSync(join(folder, 'list'), 'alice@example.jp\n');
  writeFileSync(join(folder, 'password'), 'hunter2\n', { mode: 0o600 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** One byte more than a socket's folder may have. */
function long(): string {
  return `${folder}/`.padEnd(96, 'x');
}

function written(text: string): string {
  const file = join(folder, 'cyrusmapd.toml');
  writeFileSync(file, text.replaceAll('$/LONG', long()).replaceAll('$', folder));
  return file;
}

const GOOD = `
[socketmap]
listen = ["unix:$/run/socketmap"]
[backchannel.names]
type = "list"
file = "$/list"
`;

async function problemsOf(text: string, connect = false): Promise<string[]> {
  const { config } = await loadConfig({ config: written(text) });
  return (await rehearse(config, connect)).map((each) => each.replaceAll(folder, '$'));
}

const CYRUS = `
[socketmap]
listen = ["unix:$/run/socketmap"]
[backchannel.cyrus]
type = "imap"
endpoint = "unix:$/none"
user = "cyrus"
password_file = "$/password"
`;

describe('config --check', () => {
  test('finds nothing in a configuration that would start, and prints nothing', async () => {
    expect(await problemsOf(GOOD)).toEqual([]);
    expect(await run('config', '--check', '--config', written(GOOD))).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
  });

  test('ends with 78 and a line each, with the file', async () => {
    const file = written(GOOD.replace('/run/', '/none/').replace('/list', '/no-list'));
    const { status, stderr } = await run('config', '--check', '--config', file);
    expect(status).toBe(78);
    expect(stderr.split('\n')).toHaveLength(3);
    expect(stderr).toContain(`cyrusmapd: ${file}: backchannel.names.file is ${folder}/no-list: ENOENT`);
  });

  test.each([
    ['a list that is missing', GOOD.replace('/list', '/none'), 'backchannel.names.file is $/none: ENOENT'],
    [
      'a folder that is missing',
      GOOD.replace('/run/', '/none/'),
      'socketmap.listen has unix:$/none/socketmap: ENOENT',
    ],
    ['a file in the place of the socket', GOOD.replace('/run/socketmap', '/list'), 'the file is no socket'],
    ['a path without room for binding', GOOD.replace('$/run/socketmap', '$/LONG/s'), 'must have 95 at most'],
    [
      'a user who is none',
      `socketmap.socket_owner = "nosuch"${GOOD.replace('[socketmap]\nlisten', 'socketmap.listen')}`,
      'socketmap.socket_owner is "nosuch": no such user',
    ],
    [
      'a group who is none',
      `${GOOD}[events]\nlisten = "unix:$/run/events"\nsocket_group = "nosuch"\n`,
      'events.socket_group is "nosuch": no such group',
    ],
    [
      'an address of another machine',
      GOOD.replace('"unix:$/run/socketmap"', '"inet:7860@192.0.2.9"').replace(
        'listen =',
        'allow = ["192.0.2.0/24"]\nlisten =',
      ),
      'must be an address of this machine',
    ],
    ['a log in no folder', `${GOOD}[log]\nfile = "$/none/log"\n`, 'log.file is "$/none/log": ENOENT'],
    [
      'a state file that is a device',
      `${GOOD}[cache]\nstate_file = "/dev/zero"\n`,
      'cache.state_file is "/dev/zero": must be a regular file',
    ],
    [
      'a password file that is missing',
      CYRUS.replace('/password', '/none'),
      'backchannel.cyrus.password_file cannot be read: ENOENT',
    ],
    [
      'a certificate that is none',
      `${CYRUS}tls = "implicit"\nserver_name = "x"\nca_file = "$/list"\n`,
      'backchannel.cyrus.ca_file is $/list: must hold certificates in PEM',
    ],
  ])('finds %s', async (_, text, problem) => {
    expect((await problemsOf(text)).join('\n')).toContain(problem);
  });

  test('finds a password file that others can read, and a folder of events that others can write', async () => {
    chmodSync(join(folder, 'password'), 0o644);
    chmodSync(join(folder, 'run'), 0o777);
    const found = await problemsOf(`${CYRUS}[events]\nlisten = "unix:$/run/events"\n`);
    expect(found.join('\n')).toContain('must be closed to others');
    expect(found.join('\n')).toContain('must be writable by its owner alone');
  });
});

describe('config --connect', () => {
  test('says of each back-channel why Cyrus cannot be asked', async () => {
    expect((await problemsOf(CYRUS, true)).join('\n')).toMatch(
      /^backchannel\.cyrus cannot be asked: .*ENOENT/,
    );
  });

  test('is content where Cyrus answers', async () => {
    const lmtpd = await LmtpServer.listen(join(folder, 'lmtp'));
    const text = `${GOOD.split('[backchannel')[0]}[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "${lmtpd.endpoint}"\n`;
    expect(await problemsOf(text, true)).toEqual([]);
    await lmtpd.stop();
  });
});

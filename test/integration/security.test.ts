// What SECURITY.md says and no other test tries: who may connect by default, links in the places of files, where a password
// could show, and names that JavaScript has a meaning of its own for.
import {
  existsSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { ImapServer, USER } from '../fakes/imap-server.js';
import { readText } from '../unit/source.js';
import { run, Serving } from './cyrusmapd-process.js';
import { afterwards, temporaryFolder } from './socketmap-rig.js';

/** Long and odd, so that it is found wherever it is, and nothing else is taken for it. */
const SECRET = 'Xq7-never-to-be-seen-Zw9';
const WRITTEN = [
  SECRET,
  ...['', `\0${USER}\0`, `${USER}\0${USER}\0`].map((before) =>
    Buffer.from(before + SECRET)
      .toString('base64')
      .slice(0, -4),
  ),
];

type Host = { readonly folder: string; readonly config: string };

function host(toml: string): Host {
  const folder = temporaryFolder();
  const config = join(folder, 'cyrusmapd.toml');
  writeFileSync(join(folder, 'mailboxes'), 'alice@example.jp\nconstructor@example.jp\nx@constructor\n');
  writeFileSync(join(folder, 'password'), `${SECRET}\n`, { mode: 0o600 });
  writeFileSync(config, toml.replaceAll('FOLDER', folder));
  return { folder, config };
}

async function serve({ config }: Host, ...more: string[]): Promise<Serving> {
  const serving = new Serving(['--config', config, ...more]);
  afterwards(async () => void (await serving.stop()));
  await serving.endpoint();
  return serving;
}

const LIST = '[backchannel.names]\ntype = "list"\nfile = "FOLDER/mailboxes"\n';
const SOCKETS =
  '[socketmap]\nlisten = ["unix:FOLDER/socketmap"]\n[admin]\nlisten = "unix:FOLDER/control"\n[events]\nlisten = "unix:FOLDER/events"\n';

describe('by default', () => {
  test('by default only UNIX sockets of mode 0660 are listened on', async () => {
    const { config } = host(LIST);
    const { stdout } = await run('config', '--config', config);
    const settings: unknown = parse(stdout);
    expect(settings).toMatchObject({
      socketmap: { listen: ['unix:/var/run/cyrusmapd/socketmap'], socket_mode: '0660', allow: [] },
      admin: { socket_mode: '0660', allow: [] },
    });
    expect(settings).not.toHaveProperty('admin.http');
    expect(settings).not.toHaveProperty('events.listen');
  });

  test('all sockets have mode 0660, whatever they are for', async () => {
    const { folder, config } = host(LIST + SOCKETS);
    const names = ['socketmap', 'control', 'events'];
    await serve({ folder, config });
    const all = (): boolean => names.every((name) => existsSync(join(folder, name)));
    await expect.poll(all, { timeout: 20_000 }).toBe(true);
    for (const name of names)
      expect([name, (statSync(join(folder, name)).mode & 0o7777).toString(8)]).toEqual([name, '660']);
  });

  test('the unit allows no core file', () => {
    expect(readText('rc.d/cyrusmapd.service')).toMatch(/^LimitCORE=0$/m);
  });
});

describe('a symbolic link in the place of', () => {
  test.each(['socketmap', 'control', 'events'])('the socket "%s" is refused, and left', async (name) => {
    const { folder, config } = host(LIST + SOCKETS);
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'mine', { mode: 0o600 });
    symlinkSync(victim, join(folder, name));
    const { status, stderr } = await run('serve', '--config', config);
    expect([status, stderr]).toEqual([
      69,
      expect.stringContaining('the file is no socket and is not replaced'),
    ]);
    expect(readlinkSync(join(folder, name))).toBe(victim);
    expect([readFileSync(victim, 'utf8'), statSync(victim).mode & 0o777]).toEqual(['mine', 0o600]);
  });

  test.each(['state', 'state.new'])(
    'the state file, as "%s", changes nothing that it leads to',
    async (name) => {
      const { folder, config } = host(`${LIST}${SOCKETS}[cache]\nstate_file = "FOLDER/state"\n`);
      const victim = join(folder, 'victim');
      writeFileSync(victim, 'mine', { mode: 0o600 });
      symlinkSync(victim, join(folder, name));
      const serving = await serve({ folder, config });
      await serving.stop();
      expect(readFileSync(victim, 'utf8')).toBe('mine');
      // In its own place it stays; in that of the temporary file it is removed, and a new file is made.
      expect(lstatSync(join(folder, 'state')).isSymbolicLink()).toBe(name === 'state');
    },
  );
});

describe('a password is in nothing that the daemon or a command says', () => {
  test.each(['taken', 'refused'])('where it is %s', async (what) => {
    const imapd = await ImapServer.listen(0);
    afterwards(() => imapd.stop());
    imapd.mailboxes.set('user/alice@example.jp', {});
    imapd.server.override = (command, usual) => {
      if (what === 'refused' && / AUTHENTICATE /.test(command))
        return `${command.split(' ')[0]} NO ${command}\r\n`;
      return / AUTHENTICATE /.test(command) ? usual.replace(/NO.*|BAD.*/, 'OK Success') : undefined;
    };
    const backchannel = `[backchannel.cyrus]\ntype = "imap"\nendpoint = "${imapd.server.endpoint}"\nuser = "${USER}"\npassword_file = "FOLDER/password"\nmechanisms = ["PLAIN"]\ncanary = "alice@example.jp"\n[domains]\n"*" = "cyrus"\n`;
    const { folder, config } = host(`${backchannel}${SOCKETS}`);
    const serving = await serve({ folder, config }, '--log-level', 'trace');
    const client = await SocketmapConnection.connect(parseEndpoint(`unix:${folder}/socketmap`));
    afterwards(() => client.close());
    const said: string[] = [];
    for (const key of ['alice@example.jp', 'nobody@example.jp', SECRET.slice(0, 3)])
      said.push(JSON.stringify(await client.lookup('cyrus', key)));
    for (const command of [
      ['config'],
      ['config', '--check', '--connect'],
      ['check', 'alice@example.jp'],
      ['stats'],
      ['explain', 'nobody@example.jp'],
      ['dump'],
      ['version'],
      ['doctor'],
    ]) {
      const { stdout, stderr } = await run(...command, '--config', config);
      said.push(stdout, stderr);
    }
    const at = `/proc/${serving.child.pid}`;
    if (process.platform === 'linux')
      said.push(readFileSync(`${at}/cmdline`, 'latin1'), readFileSync(`${at}/environ`, 'latin1'));
    await serving.stop();
    said.push(serving.stderr, serving.stdout);
    expect(imapd.server.commands.join('\n')).toContain(WRITTEN[2]);
    for (const written of WRITTEN) expect(said.join('\n')).not.toContain(written);
  });
});

describe('an odd name is a name as any other', () => {
  const ODD = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '__defineGetter__',
  ];

  test('as map, domain, local part and key', async () => {
    const { folder, config } = host(
      `${LIST}${SOCKETS}[map.cyrus]\nover_quota = "ok"\n[domains]\n"*" = "names"\n`,
    );
    const serving = await serve({ folder, config });
    const client = await SocketmapConnection.connect(parseEndpoint(`unix:${folder}/socketmap`));
    afterwards(() => client.close());
    const ask = async (map: string, key: string): Promise<string> => (await client.lookup(map, key)).status;
    for (const name of ODD) {
      expect([name, await ask(name, 'alice@example.jp')]).toEqual([name, 'OK']);
      for (const key of [`${name}@${name}`, `alice@${name}`, `${name}x@example.jp`])
        expect([key, await ask('cyrus', key)]).toEqual([key, 'NOTFOUND']);
      const exists = name === 'constructor';
      expect([name, await ask('cyrus', `${name}@example.jp`)]).toEqual([name, exists ? 'OK' : 'NOTFOUND']);
    }
    expect(await ask('cyrus', 'x@constructor')).toBe('OK');
    expect(await serving.stop()).toBe(0);
  });
});

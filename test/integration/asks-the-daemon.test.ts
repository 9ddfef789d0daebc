// The commands that only ask a running daemon, while its configuration file is not what it was read from: they ask all the same.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageFile } from '../../src/package.js';
import { AdminRig } from './admin-rig.js';
import { run, Serving } from './cyrusmapd-process.js';
import { afterwards, temporaryFolder } from './socketmap-rig.js';

const QUESTIONS = [
  ['lookup', 'alice@example.jp'],
  ['stats'],
  ['explain', 'alice@example.jp'],
  ['flush', 'alice@example.jp'],
  ['dump'],
  ['version'],
];

test.each(QUESTIONS)('%s asks by a file that leaves the back-channel to imapd.conf', async (...question) => {
  const rig = await AdminRig.start();
  writeFileSync(
    rig.file,
    readFileSync(rig.file, 'utf8').replace(/^\[backchannel[^[]*|^"example.jp".*\n/gm, ''),
  );
  expect(await run(...question, '--config', rig.file)).toMatchObject({ status: 0, stderr: '' });
});

test.each(QUESTIONS)('%s asks by a file with a mistake elsewhere in it', async (...question) => {
  const rig = await AdminRig.start();
  writeFileSync(rig.file, `${readFileSync(rig.file, 'utf8')}[cache]\nnonsense = 1\n`);
  expect(await run(...question, '--config', rig.file)).toMatchObject({ status: 0, stderr: '' });
});

test('reload says what the daemon refused in such a file, and that the old one stays in force', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'cyrusmapd.toml');
  const good = [
    `socketmap.listen = ["unix:${folder}/socketmap"]`,
    `admin.listen = "unix:${folder}/control"`,
    `backchannel.names = { type = "list", file = "${packageFile('rc.d/mailboxes.sample')}" }`,
  ].join('\n');
  writeFileSync(file, good);
  const serving = new Serving(['--config', file]);
  afterwards(async () => void (await serving.stop()));
  await serving.said('admin-listening');
  writeFileSync(file, `${good}\nnonsense = 1\n`);
  const { status, stderr } = await run('reload', '--config', file);
  expect(status).toBe(78);
  expect(stderr).toMatch(/nonsense is not a key.*\ncyrusmapd: the old configuration stays in force\n/);
});

test('where the file is no TOML, that is told, and the usual control socket is asked', async () => {
  const rig = await AdminRig.start();
  writeFileSync(rig.file, 'listen = [');
  const { status, stderr } = await run('stats', '--config', rig.file);
  const [why, where, told] = stderr.split('\n');
  expect(why).toContain(`${rig.file}:1:`);
  expect(where).toBe('cyrusmapd: the usual place is asked instead, unix:/var/run/cyrusmapd/control');
  // No daemon of this machine is to be there.
  expect([status, told]).toEqual([69, 'cyrusmapd: no daemon listens on unix:/var/run/cyrusmapd/control']);
});

test('a file that --config names, and that is not there, is asked about nothing', async () => {
  expect(await run('stats', '--config', '/nonexistent.toml')).toMatchObject({ status: 78, stdout: '' });
});

test.each([
  [['flush'], 'flush needs a key, a domain, --negative or --all'],
  [['flush', 'x@example.jp', '--all'], 'x@example.jp and --all: only one of them may be given'],
  [['stats', '--control', 'nowhere'], '--control is "nowhere": must be unix:/path'],
  [['lookup', 'x', '--server', 'nowhere'], '--server is "nowhere": must be unix:/path'],
  [['upgrade', '--timeout', '0'], '--timeout is 0: must be 1 to 3600 seconds'],
  [['upgrade', '--check', '--or-reload'], '--check and --or-reload: only one of them may be given'],
  [
    ['tail', '--verdict', 'defered'],
    '--verdict is "defered": must be deliverable, unknown, overquota, refused, deferred, OK, NOTFOUND or TEMP',
  ],
])('a wrong argument ends with 64: %j', async (args, sentence) => {
  const { status, stderr } = await run(...args);
  expect([status, stderr]).toEqual([64, expect.stringContaining(`cyrusmapd: ${sentence}`)]);
});

// What doctor says of Postfix, on Postfix itself: silent on a good main.cf, each planted mistake found, and gone when the
// command that doctor gives was run.
import { GenericContainer, type StartedTestContainer } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askPostfix } from '../../src/doctor/ask-postfix.js';
import { checkPostfix } from '../../src/doctor/check-postfix.js';
import type { RunProgram } from '../../src/doctor/run-program.js';
import { GOOD_SOCKET, pictureOf, SETTINGS } from '../unit/doctor/good-host.js';

const MAIN = `compatibility_level = 3.6
myhostname = mx.mail.test
mydestination = mx.mail.test
virtual_mailbox_domains = example.jp, example.net
virtual_mailbox_maps = socketmap:unix:cyrusmapd/socketmap:cyrus
virtual_transport = lmtp:unix:/run/cyrus/socket/lmtp
`;
const PREPARE = `cat >/etc/postfix/main.cf && cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf &&
postconf -F lmtp/unix/chroot=n`;
const LISTEN = 'unix:/var/spool/postfix/cyrusmapd/socketmap';

/** What is planted, by a command. */
const MISTAKES = [
  ['postfix.proxy', "postconf -e 'virtual_mailbox_maps = proxy:socketmap:unix:cyrusmapd/socketmap:cyrus'"],
  ['postfix.endpoint', "postconf -e 'virtual_mailbox_maps = socketmap:unix:/run/other:cyrus'"],
  [
    'postfix.endpoint',
    "postconf -e 'virtual_mailbox_maps = static:x socketmap:unix:/var/spool/postfix/cyrusmapd/socketmap:cyrus'",
  ],
  ['postfix.class', "postconf -e 'mydestination = $myhostname, localhost, example.jp'"],
  ['postfix.class', "postconf -e 'relay_domains = example.net'"],
  ['postfix.transport', "postconf -e 'virtual_transport = virtual'"],
  ['postfix.lmtpchroot', 'postconf -F lmtp/unix/chroot=y'],
  ['postfix.unlisted', "postconf -e 'smtpd_reject_unlisted_recipient = no'"],
  ['postfix.map', "postconf -e 'virtual_mailbox_maps = static:x'"],
] as const;

describe.each(['bookworm', 'trixie'])('doctor, on Postfix of %s,', (suite) => {
  let container: StartedTestContainer;
  const sh = (script: string) => container.exec(['sh', '-c', script]);

  const run: RunProgram = async (program, args) => {
    // Nobody listens here: postmap is silent, as it is where we are.
    if (program === 'postmap') return { status: 1, output: '', errors: '' };
    const { exitCode, stdout, stderr } = await container.exec([program, ...args]);
    return { status: exitCode, output: stdout, errors: stderr };
  };

  async function findings() {
    // Postfix waits a second each time that it reads a main.cf which has just been written: as if it had been written before.
    await sh("touch -d '1 minute ago' /etc/postfix/main.cf");
    const postfix = await askPostfix(run, []);
    const picture = pictureOf({ settings: { ...SETTINGS, socketmap: { listen: [LISTEN] } } });
    // As `socket_group = "postfix"` makes it.
    const sockets = [{ ...GOOD_SOCKET, gid: postfix?.identity?.groups[0] ?? -1 }];
    return checkPostfix({ ...picture, sockets, postfix });
  }

  async function prepare(): Promise<void> {
    const { exitCode, output } = await sh(`printf '%s' '${MAIN}' | { ${PREPARE}; }`);
    expect([exitCode, output]).toEqual([0, expect.any(String)]);
  }

  beforeAll(async () => {
    container = await new GenericContainer(`cyrusmapd/postfix:${suite}`)
      .withEntrypoint(['sleep'])
      .withCommand(['infinity'])
      .start();
  });
  afterAll(async () => {
    await container?.stop({ timeout: 0 });
  });

  test('is silent on a good host', async () => {
    await prepare();
    expect(await findings()).toEqual([]);
  });

  test.each(MISTAKES)('finds %s after: %s, and mends it', async (check, command) => {
    await prepare();
    await sh(command);
    const found = await findings();
    expect(found.map((each) => each.check)).toEqual([check]);
    const mend = /postconf .*$/.exec(found[0]?.mend ?? '')?.[0] ?? 'false';
    expect((await sh(mend)).exitCode).toBe(0);
    expect(await findings()).toEqual([]);
    expect((await sh('postfix check')).exitCode).toBe(0);
  });
});

// An administrator whose login has a domain, or is given one by Cyrus: with `virtdomains: on` it takes that of the name which
// its own address resolves to. To him `user/bob` is a mailbox of his domain; to lmtpd `bob` is one of the default domain.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PASSWORD, startCyrus, SUITES, type CyrusContainer, type Suite } from '../../containers/cyrus.js';
import { openDecider } from '../../containers/decider.js';

const suites: readonly Suite[] = process.env['CYRUSMAPD_MATRIX'] === 'all' ? SUITES : ['bookworm'];

describe.each(suites)('Cyrus of %s in the domain example.jp', (suite) => {
  let cyrus: CyrusContainer;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'password-'));
    await writeFile(join(folder, 'password'), PASSWORD, { mode: 0o600 });
    cyrus = await startCyrus({ suite, hostname: 'mail.example.jp', users: ['cyrus@example.jp'] });
    const admin = await cyrus.admin();
    for (const name of ['bob', 'alice@example.jp', 'canary@example.net']) await admin.create(`user/${name}`);
    await admin.create('shared');
    await admin.create('shared/info');
    await admin.setacl('shared/info', 'anyone', 'lp');
    await admin.close();
  });
  afterAll(() => cyrus?.stop());
  afterAll(() => rm(folder, { recursive: true }));

  /** What becomes of each, as lmtpd has it. */
  const FATES = {
    bob: 'deliverable',
    'bob@rig.test': 'deliverable',
    'post+shared/info': 'deliverable',
    alice: 'unknown',
    'alice@rig.test': 'unknown',
    'post+shared/none': 'unknown',
    'bob@example.jp': 'unknown',
    'alice@example.jp': 'deliverable',
    'alice@example.net': 'unknown',
  };

  test.each([
    ['userid', 'cyrus'],
    ['userid', 'cyrus@example.jp'],
    ['on', 'cyrus'],
    ['on', 'cyrus@example.jp'],
  ])('with virtdomains %s, %s is told the same as lmtpd', async (virtdomains, user) => {
    await cyrus.configure({ virtdomains, admins: 'cyrus cyrus@example.jp' });
    expect(await ask(user, 'default_domain = "rig.test"')).toEqual(FATES);
    for (const [address, fate] of Object.entries(FATES)) {
      const { rcpt } = await cyrus.deliver(address);
      expect([address, rcpt.startsWith('250')]).toEqual([address, fate === 'deliverable']);
    }
  });

  test('without default_domain a name without a domain is not asked about', async () => {
    await cyrus.configure({ virtdomains: 'on', admins: 'cyrus cyrus@example.jp' });
    expect(await ask('cyrus', '')).toEqual({
      ...FATES,
      bob: 'deferred',
      alice: 'deferred',
      'post+shared/info': 'deferred',
      'post+shared/none': 'deferred',
    });
  });

  async function ask(user: string, lookup: string): Promise<Record<string, string>> {
    const decider = await openDecider(`
      [backchannel.cyrus]
      type = "imap"
      endpoint = "${cyrus.imap}"
      user = "${user}"
      password_file = "${join(folder, 'password')}"
      canary = "canary@example.net"
      [lookup]
      post_user = "post"
      ${lookup}
    `);
    const said: Record<string, string> = {};
    for (const key of Object.keys(FATES)) said[key] = (await decider.ask(key)).verdict.kind;
    await decider.close();
    return said;
  }
});

// What lmtpd does with 8-bit local parts where lmtp_strict_rfc2821 is off, and with shared mailboxes where
// lmtp_fuzzy_mailbox_match is on: a verdict is what becomes of the letter.
import { describe, expect, test } from 'vitest';
import { openDecider } from '../containers/decider.js';
import { startCyrus, SUITES, type Suite } from '../containers/cyrus.js';

const suites: readonly Suite[] =
  process.env.CYRUSMAPD_ALL_SUITES === undefined ? ['bullseye', 'sid'] : SUITES;

describe.each(suites)('Cyrus of %s', (suite) => {
  test('8-bit local parts are delivered where it is not strict, and asked about', async () => {
    const cyrus = await startCyrus({ suite, imapd: { lmtp_strict_rfc2821: 'no' } });
    try {
      const admin = await cyrus.admin();
      for (const name of ['canary@example.jp', 'cafx@example.jp']) await admin.create(`user/${name}`);
      const decider = await openDecider(configured(cyrus.lmtpUnix));
      const said = async (key: string): Promise<string> => (await decider.ask(key)).verdict.kind;
      for (const key of ['caf\xe9@example.jp', 'CAF\x80@example.jp', 'canary+\xe9@example.jp']) {
        expect([key, await said(key)]).toEqual([key, 'deliverable']);
      }
      for (const key of ['n\xf6body@example.jp', 'cafx\xe9@example.jp', 'canary@ex\xe9mple.jp']) {
        expect([key, await said(key)]).toEqual([key, 'unknown']);
      }
      await decider.close();
    } finally {
      await cyrus.stop();
    }
  });

  test('where it is fuzzy it takes what it does not deliver, and we do not', async () => {
    const cyrus = await startCyrus({ suite, imapd: { lmtp_fuzzy_mailbox_match: 'yes' } });
    try {
      const admin = await cyrus.admin();
      for (const name of ['user/canary@example.jp', 'shared/info@example.jp']) await admin.create(name);
      await admin.setacl('shared/info@example.jp', 'anyone', 'p');
      const like = await cyrus.deliver('post+shared/INFO@example.jp');
      expect(like.rcpt).toMatch(/^250 /);
      expect(like.data).toMatch(/^550 5\.1\.1 /);
      const user = await cyrus.deliver('canary+nothing/like/it@example.jp');
      expect(user.data).toMatch(/^250 /);
    } finally {
      await cyrus.stop();
    }
  });
});

function configured(endpoint: string): string {
  return `
    [backchannel.cyrus]
    type = "lmtp"
    endpoint = "${endpoint}"
    canary = "canary@example.jp"
    [lookup]
    eight_bit = "ask"
    default_domain = "rig.test"
  `;
}

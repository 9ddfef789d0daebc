// That the container is the Cyrus which the other tests take it for: lmtpd's answers, and where it delivers.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCyrus, type CyrusContainer } from '../containers/cyrus.js';
import { createRigMailboxes } from '../containers/mailboxes.js';

let cyrus: CyrusContainer;

beforeAll(async () => {
  cyrus = await startCyrus({ users: ['alice@example.jp'] });
  await createRigMailboxes(cyrus);
});

afterAll(async () => {
  await cyrus?.stop();
});

test.each([
  ['alice@example.jp', '250 2.1.5', ['user/alice@example.jp']],
  ['ALICE@EXAMPLE.JP', '250 2.1.5', ['user/alice@example.jp']],
  ['u001@example.net', '250 2.1.5', ['user/u001@example.net']],
  ['room@example.jp', '250 2.1.5', ['user/room@example.jp']],
  ['noacl@example.jp', '250 2.1.5', ['user/noacl@example.jp']],
  ['first.last@example.jp', '250 2.1.5', ['user/first.last@example.jp']],
  ['alice+lists@example.jp', '250 2.1.5', ['user/alice/lists@example.jp']],
  ['alice+closed@example.jp', '250 2.1.5', ['user/alice@example.jp']],
  ['alice+none@example.jp', '250 2.1.5', ['user/alice@example.jp']],
  ['post+shared/info@example.jp', '250 2.1.5', ['shared/info@example.jp']],
  ['post+shared/info', '250 2.1.5', ['shared/info']],
  ['nobody@example.jp', '550 5.1.1', []],
  ['alice@nowhere.test', '550 5.1.1', []],
  ['mixedcase@example.jp', '550 5.1.1', []],
  ['MixedCase@example.jp', '550 5.1.1', []],
  ['post+shared/hidden@example.jp', '550 5.1.1', []],
  ['post+shared/closed', '550 5.7.1', []],
  ['full@example.jp', '452 4.2.2', []],
])('lmtpd answers for %s %s and delivers to %j', async (rcpt, answer, mailboxes) => {
  const delivery = await cyrus.deliver(rcpt);
  expect(delivery.rcpt.slice(0, answer.length)).toBe(answer);
  expect(delivery.data?.slice(0, 9)).toBe(answer.startsWith('250') ? '250 2.1.5' : undefined);
  expect(await cyrus.where(delivery.marker)).toEqual(mailboxes);
});

test('the administrator sees what is there and what is not', async () => {
  const admin = await cyrus.admin();
  expect((await admin.command('GETQUOTAROOT "user/alice@example.jp"')).at(-1)).toMatch(/^OK/);
  expect((await admin.command('GETQUOTAROOT "user/nobody@example.jp"')).at(-1)).toBe(
    'NO Mailbox does not exist',
  );
  await admin.create('user/gone@example.jp');
  await admin.rename('user/gone@example.jp', 'user/went@example.jp');
  expect(await admin.mailboxes()).toContain('user/went@example.jp');
  await admin.delete('user/went@example.jp');
  expect(await admin.mailboxes()).not.toContain('user/went@example.jp');
});

test('master stops, crashes, and comes back with another configuration', async () => {
  await cyrus.stopMaster();
  await expect(cyrus.deliver('alice@example.jp')).rejects.toThrow();
  await cyrus.startMaster();
  await cyrus.stopMaster('KILL');
  await expect(cyrus.admin()).rejects.toThrow();
  await cyrus.startMaster();
  await cyrus.configure({ lmtp_over_quota_perm_failure: 'yes' });
  expect((await cyrus.deliver('full@example.jp')).rcpt).toMatch(/^552 5\.2\.2/);
  expect(await cyrus.log()).toMatch(/cyrus\/master/);
});

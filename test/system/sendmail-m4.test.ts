// What m4 makes of the files of cf/, and the folder that Sendmail wants their socket to be in.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SendmailRig } from './sendmail-rig.js';

let rig: SendmailRig;

beforeAll(async () => {
  rig = await SendmailRig.start('ckuser-cyrus.mc', [], { aliases: '' });
});
afterAll(async () => rig?.stop());

describe('the m4 files', () => {
  test.each([
    ["FEATURE(`mrs')FEATURE(`mrs_cyrus')", 'local:/var/imap/socket/smmapd'],
    ["FEATURE(`mrs')FEATURE(`mrs_cyrus', `/run/x')", 'local:/run/x'],
    ["FEATURE(`mrs')FEATURE(`mrs_cyrus', `7860@127.0.0.1', `inet')", 'inet:7860@127.0.0.1'],
    ["FEATURE(`ckuser_cyrus')", 'local:/var/imap/socket/smmapd'],
    ["FEATURE(`ckuser_cyrus', `inet:7860@127.0.0.1')", 'inet:7860@127.0.0.1'],
  ])('%s', async (feature, socketmap) => {
    const cf = await rig.m4(feature);
    expect(cf).toContain(`\nKcyrus socket -a<OK> -T<TMPF> ${socketmap}\n`);
    expect(cf).not.toContain('***');
  });

  test.each([
    ["FEATURE(`cyrusmap')", 'local:/var/run/cyrusmapd/socketmap', '{VirtHost}'],
    ["FEATURE(`cyrusmap', `inet:7860@127.0.0.1', `{Mine}')", 'inet:7860@127.0.0.1', '{Mine}'],
  ])('%s', async (feature, socketmap, domains) => {
    const cf = await rig.m4(feature);
    expect(cf).toContain(`\nKcyrus socket -m -a<OK> -T<TMPF> ${socketmap}\n`);
    expect(cf).toContain(`R<-> $+ < @ $=${domains} . >`);
    expect(cf).not.toContain('***');
  });

  test.each([
    ["FEATURE(`mrs')FEATURE(`mrs_cyrus')FEATURE(`ckuser_cyrus')", 'the map cyrus is already declared'],
    ["FEATURE(`cyrusmap')FEATURE(`mrs')FEATURE(`mrs_cyrus')", 'the map cyrus is already declared'],
    ["FEATURE(`mrs_cyrus')", 'FEATURE(mrs_cyrus) requires FEATURE(mrs)'],
    [
      "FEATURE(`cyrusmap')FEATURE(`virtusertable')",
      'FEATURE(cyrusmap) must come after FEATURE(virtusertable)',
    ],
    ["MAILER(`cyrusv2d')", 'MAILER(cyrusv2d) requires MAILER(smtp) before it'],
  ])('%s is an error', async (lines, complaint) => {
    expect(await rig.m4(lines)).toContain(`*** ERROR: ${complaint}`);
  });
});

// Everybody is deferred then, and only this line of the log says why.
test('a socket in a folder that others may write is not used', async () => {
  await rig.chmod(0o777);
  const [reply] = await rig.sendmail.rcpt(['nobody']);
  expect(reply).toMatchObject({ code: 250, text: expect.stringContaining('will queue') });
  await rig.sendmail.logged(/unsafe/);
});

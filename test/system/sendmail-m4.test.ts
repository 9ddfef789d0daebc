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
    ["FEATURE(`mrs')FEATURE(`mrs_cyrus')", 'local:/var/imap/socket/smmap'],
    ["FEATURE(`mrs')FEATURE(`mrs_cyrus', `/run/x')", 'local:/run/x'],
    ["FEATURE(`mrs')FEATURE(`mrs_cyrus', `7860@127.0.0.1', `inet')", 'inet:7860@127.0.0.1'],
    ["FEATURE(`ckuser_cyrus')", 'local:/var/imap/socket/smmap'],
    ["FEATURE(`ckuser_cyrus', `inet:7860@127.0.0.1')", 'inet:7860@127.0.0.1'],
  ])('%s', async (feature, socketmap) => {
    const cf = await rig.m4(feature);
    expect(cf).toContain(`\nKcyrus socket -a<OK> -T<TMPF> ${socketmap}\n`);
    expect(cf).not.toContain('***');
  });

  test.each([
    ["FEATURE(`cyrusmap')", 'Kcyrus socket -m -a<OK> -T<TMPF> local:/var/run/cyrusmapd/socketmap', ''],
    [
      "FEATURE(`cyrusmap', `inet:7860@127.0.0.1', `mylmtp other')",
      'Kcyrus socket -m -a<OK> -T<TMPF> inet:7860@127.0.0.1',
      'mylmtp other',
    ],
    ["FEATURE(`cyrusmap', `local:/x', , `queue_id')", 'Kcyrusid socket -m -a<OK> -T<TMPF> local:/x', ''],
  ])('%s', async (feature, map, mailers) => {
    const cf = await rig.m4(feature);
    expect(cf).toContain(`\n${map}\n`);
    expect(cf).toContain(`\nC{CyrusMailer}cyrusv2d cyrusv2 ${mailers}\n`);
    expect(cf).not.toContain('***');
  });

  test('cyrusmap has a map for each alias file, of its own class', async () => {
    const files = '/etc/mail/virtaliases, -o /etc/mail/more, hash:/etc/mail/aliases, ldap:-k (cn=%0) -v mail';
    const cf = await rig.m4(`define(\`ALIAS_FILE', \`${files}')`, "FEATURE(`cyrusmap')");
    expect(cf.match(/^Kcyrusalias.*$/gm)).toEqual([
      'Kcyrusalias0 implicit -m -T<TMPF> /etc/mail/virtaliases',
      'Kcyrusaliastext0 stab -m -T<TMPF> /etc/mail/virtaliases',
      'Kcyrusalias1 implicit -m -T<TMPF> -o /etc/mail/more',
      'Kcyrusaliastext1 stab -m -T<TMPF> -o /etc/mail/more',
      'Kcyrusalias2 hash -m -T<TMPF> /etc/mail/aliases',
      'Kcyrusalias3 ldap -m -T<TMPF> -k (cn=%0) -v mail',
    ]);
    expect(cf).not.toContain('***');
  });

  test('cyrusv2d does nothing where the port has defined it', async () => {
    const cf = await rig.m4PortWithOurs("MAILER(`smtp')", "MAILER(`cyrusv2')", "MAILER(`cyrusv2d')");
    expect(cf.match(/^Mcyrusv2d/gm)).toHaveLength(1);
    expect(cf).not.toContain('_CYRUS_V2_MAILER_ARGS');
    expect(cf).not.toContain('***');
  });

  test.each([
    ["FEATURE(`mrs')FEATURE(`mrs_cyrus')FEATURE(`ckuser_cyrus')", 'the map cyrus is already declared'],
    ["FEATURE(`cyrusmap')FEATURE(`mrs')FEATURE(`mrs_cyrus')", 'the map cyrus is already declared'],
    ["FEATURE(`mrs_cyrus')", 'FEATURE(mrs_cyrus) requires FEATURE(mrs)'],
    [
      "FEATURE(`cyrusmap')FEATURE(`virtusertable')",
      'FEATURE(cyrusmap) must come after virtusertable, preserve_local_plus_detail and confUSERDB_SPEC',
    ],
    ["FEATURE(`cyrusmap')define(`ALIAS_FILE', `/x')", 'ALIAS_FILE must be defined before FEATURE(cyrusmap)'],
    [
      "FEATURE(`cyrusmap')MODIFY_MAILER_FLAGS(`CYRUSV2', `+5')",
      'flags of cyrusv2 must be set before FEATURE(cyrusmap)',
    ],
    [
      "FEATURE(`cyrusmap', `local:/x', `{VirtHost}')",
      'the second argument of FEATURE(cyrusmap) is a list of mailers, not a class of domains',
    ],
    [
      "FEATURE(`cyrusmap', `local:/x', , `queueid')",
      'the third argument of FEATURE(cyrusmap) is queue_id or nothing',
    ],
    [
      "FEATURE(`ckuser_cyrus')FEATURE(`preserve_local_plus_detail')",
      'FEATURE(ckuser_cyrus) must come after FEATURE(preserve_local_plus_detail)',
    ],
    [
      "FEATURE(`virtuser_defer')FEATURE(`virtusertable')",
      'FEATURE(virtuser_defer) must come after FEATURE(virtusertable)',
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

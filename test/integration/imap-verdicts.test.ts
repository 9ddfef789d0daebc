// What becomes of what imapd says, from the bytes of the fake one to the verdict.
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { buildBackchannels } from '../../src/backchannels/build.js';
import { silentLog } from '../../src/log/log.js';
import { asShared, DEFAULT_ADDRESS_RULES, parseKey } from '../../src/validation/recipient.js';
import { afterwards, standStill } from './lmtp-rig.js';
import { passwordFile, startImap } from './network-rig.js';

standStill();

const CANARY = 'user/canary@example.jp';

describe('a mailbox', () => {
  test('exists, exists not, is over quota, cannot be read', async () => {
    const { rig } = await startImap();
    const keys = ['alice', 'nobody', 'full', 'damaged', 'alice+detail', 'ALICE'];
    expect(await rig.askAll(...keys.map((local) => `${local}@example.jp`))).toEqual([
      ...['deliverable', 'unknown', 'overquota', 'deferred', 'deliverable', 'deliverable'],
    ]);
    expect(rig.lines).toEqual([]);
  });

  test('is read from a dialogue in single bytes', async () => {
    const { imapd, rig } = await startImap();
    imapd.server.splitting = true;
    expect(await rig.askAll('alice@example.jp', 'nobody@example.jp', 'full@example.jp')).toEqual([
      ...['deliverable', 'unknown', 'overquota'],
    ]);
  });

  test('is asked about in one write with others, over one login', async () => {
    const { imapd, rig } = await startImap();
    const keys = Array.from({ length: 128 }, (_, i) => `no${i}@example.jp`);
    expect(new Set(await rig.askAll(...keys))).toEqual(new Set(['unknown']));
    await rig.askAll(...keys.map((key) => `x${key}`));
    expect(imapd.logins).toBe(1);
    expect(imapd.server.dialogues).toHaveLength(1);
  });

  test('that cannot have its name is unknown, with the witness alone asked', async () => {
    const { imapd, rig } = await startImap();
    expect(await rig.askAll('a/b@example.jp', 'bob@')).toEqual(['unknown', 'unknown']);
    expect(new Set(imapd.asked)).toEqual(new Set([CANARY]));
  });

  test('of the default domain is asked about with it: without, it could be one of the domain of the login', async () => {
    const { imapd, rig } = await startImap({ more: '[lookup]\ndefault_domain = "rig.test"' });
    imapd.mailboxes.set('user/dave@rig.test', {});
    expect(await rig.askAll('dave', 'dave@rig.test')).toEqual(['deliverable', 'deliverable']);
    expect(imapd.asked).toEqual(['user/dave@rig.test']);
  });

  test('of a default domain that nobody has named is not asked about', async () => {
    const { imapd, rig } = await startImap();
    imapd.mailboxes.set('user/dave', {});
    expect(await rig.reason('dave')).toMatch(/lookup\.default_domain/);
    expect(imapd.asked).toEqual([]);
  });

  test('without virtual domains is asked about without any', async () => {
    const { imapd, rig } = await startImap({ more: '[lookup]\nvirtual_domains = false', canary: false });
    imapd.mailboxes.set('user/dave', {});
    expect(await rig.askAll('dave', 'dave@example.jp')).toEqual(['deliverable', 'deliverable']);
    expect(imapd.asked).toEqual(['user/dave']);
  });

  test('is named with dots where imapd divides names by dots', async () => {
    const { imapd, rig } = await startImap();
    imapd.mailboxes.set('user.first^last@example.jp', {});
    imapd.mailboxes.set('user.canary@example.jp', {});
    imapd.server.override = (command, usual) =>
      command.endsWith('NAMESPACE') ? usual.replace('"user/" "/"', '"user." "."') : undefined;
    expect(await rig.askAll('first.last@example.jp', 'last@example.jp')).toEqual(['deliverable', 'unknown']);
  });

  test.each([
    ['NO [NONEXISTENT] Mailbox does not exist', 'a code before it'],
    ['NO Mailbox does not exist.', 'another text'],
    ['NO mailbox does not exist', 'another case'],
    ['NO  Mailbox does not exist', 'another space'],
    ['BAD Mailbox does not exist', 'another status'],
    ['NO Permission denied', 'no rights'],
    ['NO Mailbox has moved', 'a move'],
    ['NO [TRYCREATE] Mailbox does not exist', 'an invitation'],
  ])('is not unknown by %j: %s', async (instead) => {
    const { imapd, rig } = await startImap();
    imapd.mailboxes.set('user/odd@example.jp', { instead });
    expect(await rig.askAll('odd@example.jp', 'nobody@example.jp', 'alice@example.jp')).toEqual([
      ...['deferred', 'unknown', 'deliverable'],
    ]);
    expect(await rig.reason('odd@example.jp')).toContain('imapd said');
  });
});

describe('a quota', () => {
  test.each([
    ['STORAGE 10 10', 'deliverable', 'overquota', 'storage at its limit, rounded down to KiB'],
    ['STORAGE 11 10', 'overquota', 'overquota', 'storage above it'],
    ['STORAGE 9 10', 'deliverable', 'deliverable', 'storage below it'],
    ['STORAGE 0 0', 'deliverable', 'overquota', 'nothing allowed, nothing there'],
    ['MESSAGE 0 0', 'deliverable', 'overquota', 'no message allowed'],
    ['MESSAGE 1 0', 'overquota', 'overquota', 'a message too many'],
    ['STORAGE 1 10 MESSAGE 7 5', 'overquota', 'overquota', 'the second of two resources'],
    ['X-NUM-FOLDERS 3 3', 'deliverable', 'deliverable', 'folders at their limit'],
    ['X-NUM-FOLDERS 4 3', 'overquota', 'overquota', 'folders above it, as lmtpd has it'],
    ['', 'deliverable', 'deliverable', 'a quota root without limits'],
  ])('of (%s) is %s, with strict_quota %s: %s', async (quota, usual, strict) => {
    for (const [keys, verdict] of [
      ['', usual],
      ['strict_quota = true', strict],
    ] as const) {
      const { imapd, rig } = await startImap({ keys });
      imapd.mailboxes.set('user/some@example.jp', { quota });
      expect(await rig.askAll('some@example.jp')).toEqual([verdict]);
    }
  });

  test('counts in each of several roots', async () => {
    const { imapd, rig } = await startImap();
    imapd.server.override = (command) => {
      const tag = /^(\w+) GETQUOTAROOT "user\/alice@/.exec(command)?.[1];
      if (tag === undefined) return undefined;
      const roots = '* QUOTAROOT user/alice@example.jp a b\r\n';
      return `${roots}* QUOTA a (STORAGE 1 10)\r\n* QUOTA b (STORAGE 11 10)\r\n${tag} OK Completed\r\n`;
    };
    expect(await rig.askAll('alice@example.jp')).toEqual(['overquota']);
  });
});

describe('a shared mailbox', () => {
  const POST = { more: '[lookup]\npost_user = "post"' };

  test.each([
    ['anyone lp', 'deliverable'],
    ['anyone p', 'deliverable'],
    ['anyone lrs', 'refused'],
    ['anyone l', 'refused'],
    [undefined, 'unknown'],
    ['bob lrswipkxtecda', 'unknown'],
    ['anyone lrs anonymous p', 'deliverable'],
    ['anyone lp -anyone p', 'refused'],
    ['anyone lp -anonymous p', 'refused'],
    ['anonymous lp', 'deliverable'],
    ['anyone p -anyone lp', 'unknown'],
    ['anyone lp -cyrus p', 'deliverable'],
  ])('with the rights %s is %s, as for lmtpd', async (acl, verdict) => {
    const { imapd, rig } = await startImap(POST);
    imapd.mailboxes.set('shared/info@example.jp', acl === undefined ? {} : { acl });
    expect(await rig.askAll('post+shared/info@example.jp')).toEqual([verdict]);
  });

  test('that is over quota is, unless nobody may post to it', async () => {
    const { imapd, rig } = await startImap(POST);
    imapd.mailboxes.set('shared/a@example.jp', { acl: 'anyone lp', quota: 'STORAGE 2 1' });
    imapd.mailboxes.set('shared/b@example.jp', { acl: 'anyone l', quota: 'STORAGE 2 1' });
    imapd.mailboxes.set('shared/c@example.jp', { acl: 'anyone lp', instead: 'NO System I/O error' });
    const keys = ['a', 'b', 'c', 'd'].map((name) => `post+shared/${name}@example.jp`);
    expect(await rig.askAll(...keys)).toEqual(['overquota', 'refused', 'deferred', 'unknown']);
  });

  test('that an unknown user’s detail names is a doubt: he may be Cyrus’ postuser', async () => {
    const { imapd, rig } = await startImap(POST);
    imapd.mailboxes.set('shared/info@example.jp', { acl: 'anyone lp' });
    expect(await rig.askAll('public+shared/info@example.jp', 'public+other@example.jp')).toEqual([
      ...['deferred', 'unknown'],
    ]);
    expect(await rig.reason('public+shared/info@example.jp')).toContain('is post_user as in Cyrus?');
    expect(await rig.askAll('alice+shared/info@example.jp')).toEqual(['deliverable']);
  });
});

test('a folder that a detail names is asked about where the map says so', async () => {
  const { imapd, rig } = await startImap({ more: '[lookup]\ndetail = "folder"' });
  imapd.mailboxes.set('user/alice/lists@example.jp', {});
  const kinds = async (...keys: string[]): Promise<string[]> =>
    Promise.all(keys.map(async (key) => (await rig.validator.ask(key, 'folder')).verdict.kind));
  expect(await kinds('alice+lists@example.jp', 'alice+none@example.jp', 'no+lists@example.jp')).toEqual([
    ...['deliverable', 'unknown', 'unknown'],
  ]);
});

describe('the witness', () => {
  test('stands around the unknowns', async () => {
    const { imapd, rig } = await startImap();
    await rig.askAll('alice@example.jp', 'nobody@example.jp');
    expect(imapd.asked).toEqual([
      ...['user/alice@example.jp', 'user/nobody@example.jp'],
      ...[CANARY, 'user/nobody@example.jp', CANARY],
    ]);
  });

  test('that exists no more makes no unknown, nor does one that cannot be read', async () => {
    const { imapd, rig } = await startImap();
    for (const canary of [undefined, { instead: 'NO System I/O error' }]) {
      if (canary === undefined) imapd.mailboxes.delete(CANARY);
      else imapd.mailboxes.set(CANARY, canary);
      expect(await rig.askAll('nobody@example.jp', 'alice@example.jp')).toEqual(['deferred', 'deliverable']);
    }
    expect(rig.lines.map(({ event }) => event)).toEqual(['witness-failed']);
  });

  test('denies everybody’s unknown when administrator’s rights are lost', async () => {
    const { imapd, rig } = await startImap();
    expect(await rig.askAll('nobody@example.jp')).toEqual(['unknown']);
    imapd.administrator = false;
    const keys = ['no1@example.jp', 'alice@example.jp', 'full@example.jp'];
    expect(await rig.askAll(...keys)).toEqual(['deferred', 'deferred', 'deferred']);
    imapd.administrator = true;
    expect(await rig.askAll('no1@example.jp', 'alice@example.jp')).toEqual(['unknown', 'deliverable']);
    expect(rig.lines.map(({ event }) => event)).toEqual(['witness-failed', 'witness-recovered']);
  });

  test('is a mailbox that was confirmed, where no canary is configured', async () => {
    const { rig } = await startImap({ canary: false });
    expect(await rig.askAll('nobody@example.jp')).toEqual(['deferred']);
    expect(await rig.askAll('alice@example.jp')).toEqual(['deliverable']);
    expect(await rig.askAll('nobody@example.jp')).toEqual(['unknown']);
  });
});

test('the same question, read as a shared mailbox, goes the same way', async () => {
  const { imapd, rig } = await startImap();
  const parsed = parseKey('alice+x@example.jp', DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error('no recipient');
  const [probe] = rig.backchannels.probes;
  expect(await probe?.check(asShared(parsed.recipient), performance.now() + 1000)).toEqual({
    kind: 'deliverable',
  });
  expect(imapd.asked).toEqual(['user/alice@example.jp', 'x@example.jp']);
});

test('--imap of the command line asks the same way', async () => {
  const { imapd } = await startImap();
  const { config } = await loadConfig({
    imap: imapd.server.endpoint,
    imapUser: 'cyrus',
    imapPasswordFile: passwordFile('secret'),
    canary: 'canary@example.jp',
  });
  const now = () => performance.now();
  const { probes } = await buildBackchannels(config, { log: silentLog, now, random: Math.random });
  afterwards(async () => {
    await Promise.all(probes.map((probe) => probe.close()));
  });
  const parsed = parseKey('alice@example.jp', config.lookup.addressRules);
  if (parsed.kind !== 'recipient') throw new Error('no recipient');
  expect(await probes[0]?.check(parsed.recipient, now() + 1000)).toEqual({ kind: 'deliverable' });
});

test('a reload keeps the login where the password is the same, and logs in anew with another', async () => {
  const { imapd } = await startImap();
  const file = passwordFile('wrong');
  const flags = { imap: imapd.server.endpoint, imapUser: 'cyrus', imapPasswordFile: file };
  const { config } = await loadConfig({ ...flags, canary: 'canary@example.jp' });
  const surroundings = { log: silentLog, now: () => performance.now(), random: () => 1 };
  const parsed = parseKey('alice@example.jp', config.lookup.addressRules);
  if (parsed.kind !== 'recipient') throw new Error('no recipient');
  const before = await buildBackchannels(config, surroundings);
  const same = await buildBackchannels(config, surroundings, before);
  writeFileSync(file, 'secret\n');
  const after = await buildBackchannels(config, surroundings, same);
  afterwards(async () => {
    await Promise.all([...before.probes, ...after.probes].map((probe) => probe.close()));
  });
  expect(same.probes[0]).toBe(before.probes[0]);
  await expect(before.probes[0]?.check(parsed.recipient, performance.now() + 1000)).rejects.toThrow(
    'refused',
  );
  expect(await after.probes[0]?.check(parsed.recipient, performance.now() + 1000)).toEqual({
    kind: 'deliverable',
  });
});

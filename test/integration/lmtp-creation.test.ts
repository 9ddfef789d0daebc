// The name that Cyrus cannot create: asked before anything else, and what becomes of those who ask meanwhile.
import { describe, expect, test } from 'vitest';
import { REPLIES } from '../fakes/lmtp-server.js';
import { Rig, standStill } from './lmtp-rig.js';

standStill();

const CLEAN_FOR_MS = 3_600_000;
const SUSPECT_FOR_MS = 30_000;

const CHECKED = { autocreate: 'defer' } as const;
const PERCENT = /^RCPT TO:<cyrusmapd%/;
const INVALID_NAME = '451 4.3.0 Invalid mailbox name SESSIONID=<fake-1>\r\n';

async function rigThatSays(reply: string | undefined, backchannel: object = CHECKED): Promise<Rig> {
  const rig = await Rig.start({ backchannel });
  rig.lmtpd.override = (command) => (PERCENT.test(command) ? reply : undefined);
  return rig;
}

function namesWithPercent(rig: Rig): string[] {
  return rig.lmtpd.recipients.filter((recipient) => recipient.includes('%'));
}

describe('before the first question', () => {
  test('a name with % is asked for in its domain, alone, and nothing else before it', async () => {
    const rig = await rigThatSays(undefined);
    expect(await rig.askAll('alice@example.jp', 'nobody@example.jp')).toEqual([
      'deliverable probe',
      'unknown probe',
    ]);
    expect(rig.lmtpd.recipients[0]).toMatch(/^cyrusmapd%[a-z0-9]+@example\.jp$/);
    expect(rig.lmtpd.dialogues[0]?.writes[1]).toMatch(
      /^MAIL FROM:<>\r\nRCPT TO:<cyrusmapd%\w+@example.jp>\r\nRSET\r\n$/,
    );
  });

  test('once for a session and domain, and again after an hour', async () => {
    const rig = await rigThatSays(undefined, { ...CHECKED, idleTimeoutMs: 2 * CLEAN_FOR_MS });
    await rig.askAll('alice@example.jp');
    await rig.pass(CLEAN_FOR_MS - 1);
    await rig.askAll('bob@example.jp');
    expect(namesWithPercent(rig)).toHaveLength(1);
    await rig.pass(1);
    await rig.askAll('full@example.jp');
    expect(namesWithPercent(rig)).toHaveLength(2);
  });

  test('again after a reconnect', async () => {
    const rig = await rigThatSays(undefined);
    await rig.askAll('alice@example.jp');
    rig.lmtpd.hangUp();
    await rig.pass(0);
    await rig.askAll('bob@example.jp');
    expect(namesWithPercent(rig)).toHaveLength(2);
  });

  test('a stranger cannot make it ask for each domain he names', async () => {
    const rig = await rigThatSays(undefined, { ...CHECKED, connections: 1 });
    await rig.askAll(...Array.from({ length: 50 }, (_, i) => `x@stranger${i}.test`));
    expect(namesWithPercent(rig)).toHaveLength(1);
  });
});

describe('a catch-all mailbox over its quota', () => {
  test.each(['452 4.2.2 Over quota SESSIONID=<fake-1>\r\n', '552 5.2.2 Over quota SESSIONID=<fake-1>\r\n'])(
    'creates nothing (%j): all are asked about, and lmtpd is believed',
    async (reply) => {
      const rig = await rigThatSays(reply);
      expect(await rig.askAll('alice@example.jp', 'full@example.jp')).toEqual([
        'deliverable probe',
        'overquota probe',
      ]);
      expect(rig.lines).toEqual(['catch-all']);
    },
  );
});

describe('autocreate', () => {
  test.each([INVALID_NAME, '550 5.7.1 no\r\n', '501 5.5.4 no\r\n', '451 4.3.0 System I/O error\r\n'])(
    'is suspected at %j: nobody is asked about, everybody deferred, and one line says so',
    async (reply) => {
      const rig = await rigThatSays(reply);
      expect(await rig.askAll('alice@example.jp', 'nobody@example.jp')).toEqual([
        'deferred probe',
        'deferred probe',
      ]);
      expect(await rig.askAll('bob@example.jp')).toEqual(['deferred probe']);
      expect(rig.lmtpd.recipients.filter((recipient) => !recipient.includes('%'))).toEqual([]);
      expect(rig.lines).toEqual(['autocreate']);
      expect(await rig.reason('alice@example.jp')).toContain('autocreate_post');
    },
  );

  test('is looked at again soon, and a line says that it is mended', async () => {
    const rig = await rigThatSays(INVALID_NAME);
    await rig.askAll('alice@example.jp');
    rig.lmtpd.override = () => undefined;
    await rig.pass(SUSPECT_FOR_MS - 1);
    expect(await rig.askAll('alice@example.jp')).toEqual(['deferred probe']);
    await rig.pass(1);
    expect(await rig.askAll('alice@example.jp')).toEqual(['deliverable probe']);
    expect(rig.lines).toEqual(['autocreate', 'creation-clean']);
  });

  test('where it is accepted, nothing is asked for first', async () => {
    const rig = await rigThatSays(INVALID_NAME, { autocreate: 'accept' });
    expect(await rig.askAll('alice@example.jp')).toEqual(['deliverable probe']);
    expect(namesWithPercent(rig)).toEqual([]);
  });
});

describe('a catch-all', () => {
  test('makes everybody deliverable, as lmtpd says, and one line says so', async () => {
    const rig = await rigThatSays(REPLIES.deliverable);
    rig.lmtpd.override = (_, usual) => (usual === REPLIES.unknown ? REPLIES.deliverable : undefined);
    expect(await rig.askAll('nobody@example.jp')).toEqual(['deliverable probe']);
    expect(await rig.askAll('nobody-else@example.jp')).toEqual(['deliverable probe']);
    expect(rig.lines).toEqual(['catch-all']);
  });
});

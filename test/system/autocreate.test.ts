// What a real lmtpd does with RCPT for nobody where autocreate or a catch-all is configured, on each version; and
// that the name with `%`, which is asked for first, tells it without ever making a mailbox.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCyrus, SUITES, type CyrusContainer, type Suite } from '../containers/cyrus.js';
import { DaemonProcess } from '../containers/daemon.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { parseEndpoint } from '../../src/net/endpoint.js';

const AUTOCREATE = { autocreate_post: 'yes', autocreate_quota: '0' } as const;

/** Versions are alike here; all of them run where they are asked for. */
const suites: readonly Suite[] = process.env.CYRUSMAPD_ALL_SUITES === undefined ? ['bookworm'] : SUITES;

describe.each(suites)('Cyrus of %s', (suite) => {
  describe('with autocreate_post', () => {
    let cyrus: CyrusContainer;
    beforeAll(async () => {
      cyrus = await startCyrus({ suite, imapd: AUTOCREATE });
      await (await cyrus.admin()).create('user/alice@example.jp');
    });
    afterAll(() => cyrus?.stop());

    test('nothing is ever created, and everybody is deferred, with one line', async () => {
      const before = await mailboxes(cyrus);
      const { replies, lines } = await lookups(cyrus, [], KEYS);
      expect(replies).toEqual(KEYS.map(() => 'TEMP'));
      expect(lines.filter((line) => /"event":"autocreate/.test(line))).toHaveLength(1);
      expect(await mailboxes(cyrus)).toEqual(before);
    });

    test('an ordinary RCPT would have created the mailbox', async () => {
      const before = await mailboxes(cyrus);
      const { replies } = await lookups(cyrus, ['accept'], ['guessed@example.jp']);
      expect(replies).toEqual(['OK']);
      expect(await mailboxes(cyrus)).toEqual([...before, 'example.jp!user.guessed'].toSorted());
    });
  });

  describe('with lmtp_catchall_mailbox', () => {
    let cyrus: CyrusContainer;
    beforeAll(async () => {
      cyrus = await startCyrus({ suite, imapd: { lmtp_catchall_mailbox: 'alice@example.jp' } });
      await (await cyrus.admin()).create('user/alice@example.jp');
    });
    afterAll(() => cyrus?.stop());

    test('everybody is OK, which delivery bears out, with one line', async () => {
      const { replies, lines } = await lookups(cyrus, [], ['alice@example.jp', 'nobody@example.jp']);
      expect(replies).toEqual(['OK', 'OK']);
      expect(lines.filter((line) => /"event":"catch-all/.test(line))).toHaveLength(1);
      const delivery = await cyrus.deliver('nobody@example.jp');
      expect(await cyrus.where(delivery.marker)).toEqual(['user/alice@example.jp']);
    });
  });

  describe('with neither', () => {
    let cyrus: CyrusContainer;
    beforeAll(async () => {
      cyrus = await startCyrus({ suite });
      await (await cyrus.admin()).create('user/alice@example.jp');
    });
    afterAll(() => cyrus?.stop());

    test('the check passes, creates nothing and says nothing', async () => {
      const before = await mailboxes(cyrus);
      const { replies, lines } = await lookups(
        cyrus,
        [],
        ['alice@example.jp', 'nobody@example.jp', 'x@other.test'],
      );
      expect(replies).toEqual(['OK', 'NOTFOUND', 'NOTFOUND']);
      expect(lines.filter((line) => /"event":"(?:autocreate|catch-all)/.test(line))).toEqual([]);
      expect(await mailboxes(cyrus)).toEqual(before);
    });
  });
});

const KEYS = [
  'alice@example.jp',
  'nobody@example.jp',
  'NOBODY+x@example.jp',
  'x@other.test',
  'per%cent@example.jp',
];

async function mailboxes(cyrus: CyrusContainer): Promise<string[]> {
  const dump = await cyrus.exec(['/usr/lib/cyrus/bin/ctl_mboxlist', '-d'], 'cyrus');
  const names = [...dump.matchAll(/[\w.-]+![\w.%-]+/g)].map(([name]) => name);
  return [...new Set(names)].toSorted();
}

async function lookups(
  cyrus: CyrusContainer,
  [autocreate]: readonly string[],
  keys: readonly string[],
): Promise<{ replies: string[]; lines: readonly string[] }> {
  const config = [
    '[backchannel.cyrus]',
    'type = "lmtp"',
    `endpoint = "${cyrus.lmtpUnix}"`,
    'canary = "alice@example.jp"',
    ...(autocreate === undefined ? [] : [`autocreate = "${autocreate}"`]),
  ].join('\n');
  const daemon = await DaemonProcess.start({ listen: ['inet:0@127.0.0.1'], config });
  try {
    const client = await SocketmapConnection.connect(parseEndpoint(daemon.endpoints[0] ?? ''), 5000);
    const replies: string[] = [];
    for (const key of keys) replies.push((await client.lookup('cyrus', key)).status);
    client.close();
    await daemon.stop();
    return { replies, lines: daemon.log() };
  } finally {
    await daemon.stop();
  }
}

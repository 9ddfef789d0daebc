// With lmtp_strict_quota lmtpd counts the message that is to come: what `strict_quota` says of the same mailboxes over IMAP.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ADMIN,
  PASSWORD,
  startCyrus,
  SUITES,
  type CyrusContainer,
  type Suite,
} from '../../containers/cyrus.js';
import { openDecider } from '../../containers/decider.js';
import { createTableMailboxes } from '../../containers/verdict-table.js';

const suites: readonly Suite[] = process.env['CYRUSMAPD_MATRIX'] === 'all' ? SUITES : ['bookworm'];

const FATES = {
  'alice@example.jp': 'deliverable',
  'room@example.jp': 'deliverable',
  'above@example.jp': 'deliverable',
  'at@example.jp': 'overquota',
  'below@example.jp': 'overquota',
  'full@example.jp': 'overquota',
  'zeromsg@example.jp': 'overquota',
  'nobody@example.jp': 'unknown',
};

describe.each(suites)('Cyrus of %s with lmtp_strict_quota', (suite) => {
  let cyrus: CyrusContainer;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'password-'));
    await writeFile(join(folder, 'password'), PASSWORD, { mode: 0o600 });
    cyrus = await startCyrus({ suite });
    await createTableMailboxes(cyrus);
    await cyrus.configure({ lmtp_strict_quota: 'yes' });
  });
  afterAll(() => cyrus?.stop());
  afterAll(() => rm(folder, { recursive: true }));

  test('over LMTP and over IMAP the verdicts are the same, and delivery bears them out', async () => {
    const lmtp = `type = "lmtp"\nendpoint = "${cyrus.lmtpUnix}"`;
    const imap = `
      type = "imap"
      endpoint = "${cyrus.imap}"
      user = "${ADMIN}"
      password_file = "${join(folder, 'password')}"
      strict_quota = true
    `;
    for (const keys of [lmtp, imap]) expect(await ask(keys)).toEqual(FATES);
    const addresses = Object.keys(FATES);
    const deliveries = await cyrus.deliverAll(addresses);
    expect(deliveries.map(({ data = 'refused' }, i) => [addresses[i], data.slice(0, 3)])).toEqual(
      Object.entries(FATES).map(([key, fate]) => [key, fate === 'deliverable' ? '250' : 'ref']),
    );
  });
});

async function ask(keys: string): Promise<Record<string, string>> {
  const decider = await openDecider(`[backchannel.cyrus]\n${keys}\ncanary = "u001@example.jp"`);
  const said: Record<string, string> = {};
  for (const key of Object.keys(FATES)) said[key] = (await decider.ask(key)).verdict.kind;
  await decider.close();
  return said;
}

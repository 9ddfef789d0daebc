// With lmtp_strict_quota a message must fit into what is left. What lmtpd says of a size at RCPT, to the byte; what is said of it
// over LMTP and over IMAP; and what becomes of letters of just that size.
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
import { openDecider, type Decider } from '../../containers/decider.js';

const suites: readonly Suite[] = process.env['CYRUSMAPD_MATRIX'] === 'all' ? SUITES : ['bookworm'];

const KIB = 1024;
/** In KiB. */
const LIMIT = 100;
const EMPTY = 'empty@example.jp';
/** Something is in it, so that what is left is no whole KiB. */
const USED = 'used@example.jp';
/** No limit. */
const FREE = 'free@example.jp';
/** One message more is allowed, and there is room enough. */
const LAST = 'last@example.jp';
/** A limit of annotations beside that of storage. */
const NOTES = 'notes@example.jp';
/** Its script throws all away. */
const SIEVE = 'sieve@example.jp';
const ANNOTATIONS: Readonly<Record<Suite, string>> = {
  bullseye: 'X-ANNOTATION-STORAGE',
  bookworm: 'X-ANNOTATION-STORAGE',
  trixie: 'ANNOTATION-STORAGE',
  sid: 'ANNOTATION-STORAGE',
};
/** A quota root above the mailbox. */
const SHARED = 'post+shared/info@example.jp';

describe.each(suites)('Cyrus of %s with lmtp_strict_quota', (suite) => {
  let cyrus: CyrusContainer;
  let folder: string;
  let lmtp: Decider;
  let imap: Decider;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'password-'));
    await writeFile(join(folder, 'password'), PASSWORD, { mode: 0o600 });
    cyrus = await startCyrus({ suite, imapd: { lmtp_strict_quota: 'yes' } });
    await createMailboxes(cyrus, suite);
    const common = 'strict_quota = true\ncanary = "canary@example.jp"\n[lookup]\npost_user = "post"';
    lmtp = await openDecider(`[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "${cyrus.lmtpUnix}"\n${common}`);
    imap = await openDecider(`
      [backchannel.cyrus]
      type = "imap"
      endpoint = "${cyrus.imap}"
      user = "${ADMIN}"
      password_file = "${join(folder, 'password')}"
      ${common}
    `);
  });
  afterAll(async () => {
    await lmtp?.close();
    await imap?.close();
    await cyrus?.stop();
    await rm(folder, { recursive: true });
  });

  /** What lmtpd says at RCPT, asked by itself, and what is said over both back-channels. */
  async function judge(address: string, bytes: number): Promise<string> {
    const raw = (await cyrus.deliver(address, { declared: bytes, bytes: 300, dropped: true })).rcpt;
    const said = await Promise.all([lmtp.askWith(address, bytes), imap.askWith(address, bytes)]);
    return [raw.slice(0, 3), ...said.map(({ verdict }) => verdict.kind)].join(' ');
  }

  const FITS = '250 deliverable deliverable';
  const DOES_NOT = '452 overquota overquota';

  test.each([
    ['an empty mailbox', EMPTY],
    ['one with a detail: the INBOX counts, whatever its folder may hold', 'empty+roomy@example.jp'],
    ['a shared mailbox under a quota root above it', SHARED],
    ['one with another limit', NOTES],
  ])('counts the size that is declared at RCPT, to the byte: %s', async (_, address) => {
    expect(await judge(address, LIMIT * KIB)).toBe(FITS);
    expect(await judge(address, LIMIT * KIB + 1)).toBe(DOES_NOT);
  });

  test('counts a message as one, and no size where there is no limit', async () => {
    expect(await judge(LAST, LIMIT * KIB)).toBe(FITS);
    expect(await judge(FREE, 1_000_000_000)).toBe(FITS);
    expect((await cyrus.deliver(LAST, { bytes: 1000 })).data).toMatch(/^250/);
    expect(await judge(LAST, 1)).toBe(DOES_NOT);
  });

  test('over IMAP what is left is known in KiB: never less than there is, and less than a KiB more', async () => {
    const left = await largest((bytes) => fits(cyrus, USED, bytes), LIMIT * KIB);
    expect(left % KIB).not.toBe(0);
    const overLmtp = await largest(
      async (bytes) => isDeliverable(await lmtp.askWith(USED, bytes)),
      LIMIT * KIB,
    );
    const overImap = await largest(
      async (bytes) => isDeliverable(await imap.askWith(USED, bytes)),
      LIMIT * KIB,
    );
    expect(overLmtp).toBe(left);
    expect(overImap).toBe(Math.ceil(left / KIB) * KIB);
  });

  test('no letter that would have been delivered is refused', async () => {
    const left = await largest((bytes) => fits(cyrus, USED, bytes), LIMIT * KIB);
    // lmtpd puts two fields before it: what is stored is larger than what was sent.
    for (const bytes of [left + 1, left, left - 100]) {
      const { rcpt, data = rcpt } = await cyrus.deliver(USED, { bytes, declared: bytes });
      expect([bytes - left, data.slice(0, 9)]).toEqual([bytes - left, '452 4.2.2']);
    }
    for (const bytes of [left, left + 1, Math.ceil(left / KIB) * KIB + 1]) {
      expect((await cyrus.deliver(USED, { bytes })).data).toMatch(/^452 4\.2\.2/);
    }
    const fitting = left - 1000;
    expect(isDeliverable(await lmtp.askWith(USED, fitting))).toBe(true);
    expect((await cyrus.deliver(USED, { bytes: fitting, declared: fitting })).data).toMatch(/^250/);
    expect(isDeliverable(await imap.askWith(USED, KIB + 1))).toBe(false);
  });

  test('counts it before Sieve can throw it away', async () => {
    await discardAll(cyrus);
    const { data, marker } = await cyrus.deliver(SIEVE, { bytes: 1000 });
    expect(data).toMatch(/^250/);
    expect(await cyrus.where(marker)).toEqual([]);
    expect((await cyrus.deliver(SIEVE, { bytes: LIMIT * KIB + 1 })).data).toMatch(/^250/);
    expect(await judge(SIEVE, LIMIT * KIB)).toBe(FITS);
    expect(await judge(SIEVE, LIMIT * KIB + 1)).toBe(DOES_NOT);
  });

  test('a size beyond what lmtpd takes at all is nothing to the mailbox', async () => {
    await cyrus.configure({ maxmessagesize: String(2000 * KIB) });
    expect((await lmtp.askWith(FREE, 3000 * KIB)).verdict.kind).toBe('deliverable');
    expect((await lmtp.askWith(EMPTY, LIMIT * KIB + 1)).verdict.kind).toBe('overquota');
    await cyrus.configure({ maxmessagesize: '' });
  });

  test('where lmtpd does not count, neither do we', async () => {
    await cyrus.configure({ lmtp_strict_quota: 'no' });
    expect(isDeliverable(await lmtp.askWith(EMPTY, LIMIT * KIB * 3))).toBe(true);
    expect((await cyrus.deliver(EMPTY, { bytes: LIMIT * KIB * 3, declared: LIMIT * KIB * 3 })).data).toMatch(
      /^250/,
    );
  });
});

async function createMailboxes(cyrus: CyrusContainer, suite: Suite): Promise<void> {
  const admin = await cyrus.admin();
  for (const address of [EMPTY, USED, FREE, LAST, NOTES, SIEVE, 'canary@example.jp'])
    await admin.create(`user/${address}`);
  await admin.create('user/empty/roomy@example.jp');
  await admin.setacl('user/empty/roomy@example.jp', 'anyone', 'p');
  for (const name of ['shared', 'shared@example.jp', 'shared/info@example.jp']) await admin.create(name);
  await admin.setacl('shared/info@example.jp', 'anyone', 'lp');
  const first = await cyrus.deliver(USED, { bytes: 40_123 });
  if (first.data?.startsWith('250') !== true) throw new Error(first.data ?? first.rcpt);
  await admin.setquota(`user/${EMPTY}`, { storage: LIMIT });
  await admin.setquota('user/empty/roomy@example.jp', { storage: LIMIT * 1000 });
  await admin.setquota(`user/${USED}`, { storage: LIMIT });
  await admin.setquota(`user/${SIEVE}`, { storage: LIMIT });
  await admin.setquota(`user/${LAST}`, { storage: LIMIT * 10, messages: 1 });
  await admin.setquota(`user/${NOTES}`, { storage: LIMIT, others: { [ANNOTATIONS[suite]]: 1 } });
  await admin.setquota('shared@example.jp', { storage: LIMIT });
  await admin.close();
}

/** As timsieved leaves it: a compiled script, and a link that makes it the active one. */
async function discardAll(cyrus: CyrusContainer): Promise<void> {
  const steps = [
    `folder=$(/usr/lib/cyrus/bin/mbpath -S user/${SIEVE})`,
    'mkdir -p "$folder"',
    'cd "$folder"',
    'echo "discard;" > all.script',
    '/usr/lib/cyrus/bin/sievec all.script all.bc',
    'ln -s all.bc defaultbc',
  ];
  await cyrus.exec(['sh', '-c', steps.join(' && ')], 'cyrus');
}

function isDeliverable({ verdict }: { readonly verdict: { readonly kind: string } }): boolean {
  return verdict.kind === 'deliverable';
}

async function fits(cyrus: CyrusContainer, address: string, declared: number): Promise<boolean> {
  const { rcpt } = await cyrus.deliver(address, { declared, bytes: 300, dropped: true });
  return rcpt.startsWith('250');
}

/** The largest size that fits, below one that does not. */
async function largest(isFitting: (bytes: number) => Promise<boolean>, beyond: number): Promise<number> {
  let [low, high] = [1, beyond];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await isFitting(middle)) low = middle;
    else high = middle;
  }
  return low;
}

// The tests of the matrix for one version of Cyrus, in each setup that this run tries: a container for each, used for
// everything. What was seen is handed to the reporter (reporter.ts) beside the result of a test.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_ADDRESS_RULES, parseKey } from '../../src/validation/recipient.js';
import { startCyrus, type CyrusContainer, type Suite } from '../containers/cyrus.js';
import { SETUPS, USUAL, type Setup } from '../containers/setup.js';
import { createTableMailboxes, verdictTable } from '../containers/verdict-table.js';
import { disagrees, refusesMail } from './agreement.js';
import { observe } from './observe.js';
import { readOffers } from './offers.js';
import type { Observation, Seen } from './seen.js';

/** Without CYRUSMAPD_MATRIX=all: the versions that are used most in every setup, the others in one. */
const FEW: Readonly<Record<Suite, readonly Setup[]>> = {
  bullseye: SETUPS,
  bookworm: SETUPS,
  trixie: [USUAL],
  // As Cyrus comes.
  sid: [{ unixhierarchysep: 'yes', virtdomains: 'off' }],
};

const REPLIES = {
  deliverable: /^250 2\.1\.5 /,
  unknown: /^(?:550 5\.1\.1|501 5\.5\.4) /,
  refused: /^550 5\.7\.1 /,
  overquota: /^452 4\.2\.2 /,
  // What we do not ask about may be taken, or not.
  deferred: /^(?:4|250 2\.1\.5 |550 5\.1\.1 )/,
};

export function describeCyrusOf(suite: Suite): void {
  const setups = process.env['CYRUSMAPD_MATRIX'] === 'all' ? SETUPS : FEW[suite];
  describe.each(setups)(
    `Cyrus of ${suite}, unixhierarchysep $unixhierarchysep, virtdomains $virtdomains`,
    (setup) => describeSetup(suite, setup),
  );
}

function describeSetup(suite: Suite, setup: Setup): void {
  const table = verdictTable(setup);
  let cyrus: CyrusContainer;
  let seen: Seen;
  beforeAll(async () => {
    cyrus = await startCyrus({ suite, imapd: setup });
    await createTableMailboxes(cyrus, setup);
    const offers = await readOffers(cyrus);
    seen = { suite, setup, offers, ...(await observe(cyrus, setup, table)) };
  });
  afterAll(() => cyrus?.stop());

  const among = (wanted: (observation: Observation) => boolean): string[] =>
    seen.observations.filter(wanted).map(({ key }) => key);

  test('each verdict over LMTP is the one in the table', ({ task }) => {
    task.meta.matrix = seen;
    expect(seen.observations.map(({ key, lmtp }) => [key, lmtp.kind])).toEqual(
      table.map(({ key, verdict }) => [key, verdict]),
    );
  });

  test('each verdict over IMAP is the one in the table', () => {
    expect(seen.observations.map(({ key, imap }) => [key, imap.kind])).toEqual(
      table.map(({ key, imap }) => [key, imap]),
    );
  });

  test('each message goes where the table says', () => {
    const wanted = table.filter(({ verdict }) => verdict !== 'deferred');
    const places = new Map(seen.observations.map(({ key, where }) => [key, where]));
    expect(wanted.map(({ key }) => [key, places.get(key)])).toEqual(
      wanted.map(({ key, mailbox }) => [key, mailbox === undefined ? [] : [mailbox]]),
    );
  });

  test('each message that is refused is refused at RCPT, with the code that the verdict stands for', () => {
    const replies = new Map(seen.observations.map(({ key, rcpt }) => [key, rcpt]));
    expect(table.map(({ key }) => [key, replies.get(key)])).toEqual(
      table.map(({ key, verdict }) => [key, expect.stringMatching(REPLIES[verdict])]),
    );
  });

  test('no verdict over LMTP disagrees with delivery', () => {
    expect(among(({ lmtp, where }) => disagrees(lmtp.kind, where))).toEqual([]);
  });

  test('no verdict over IMAP disagrees with delivery, but those that the table gives a reason for', () => {
    const reasons = new Map(table.map(({ key, because }) => [key, because]));
    const found = among(({ imap, where }) => disagrees(imap.kind, where));
    expect(found.filter((key) => reasons.get(key) === undefined)).toEqual([]);
  });

  test('a snapshot lists each INBOX that takes mail, and none that lmtpd does not know', () => {
    expect(seen.listed.filter(({ rcpt }) => rcpt.startsWith('5'))).toEqual([]);
    const listed = new Set(seen.listed.map(({ mailbox }) => mailbox));
    const inboxes = table.filter(({ mailbox }) => mailbox?.startsWith('user'));
    const names = inboxes.map(({ key }) => nameInCache(key, setup));
    expect(names.filter((name) => !listed.has(name))).toEqual([]);
  });

  test('with a configuration that does not know this setup, nobody is refused whose mail would be delivered', () => {
    expect(among(({ plainLmtp, where }) => refusesMail(plainLmtp.kind, where))).toEqual([]);
    expect(among(({ plainImap, where }) => refusesMail(plainImap.kind, where))).toEqual([]);
  });
}

function nameInCache(key: string, { virtdomains }: Setup): string {
  const rules = {
    ...DEFAULT_ADDRESS_RULES,
    defaultDomain: 'rig.test',
    virtualDomains: virtdomains !== 'off',
  };
  const parsed = parseKey(key, rules);
  return parsed.kind === 'recipient' ? parsed.recipient.mailbox : `none: ${key}`;
}

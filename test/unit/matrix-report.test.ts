import { describe, expect, test } from 'vitest';
import { USUAL, type Setup } from '../containers/setup.js';
import { renderMatrix } from '../matrix/report.js';
import { NO_REPLY, type Observation, type Seen } from '../matrix/seen.js';
import { DELIVERABLE, UNKNOWN } from '../../src/validation/verdict.js';

const ALICE: Observation = {
  key: 'alice@example.jp',
  why: 'plain',
  lmtp: DELIVERABLE,
  imap: DELIVERABLE,
  plainLmtp: DELIVERABLE,
  plainImap: DELIVERABLE,
  smmapd: 'OK alice@example.jp',
  rcpt: '250 2.1.5 ok',
  where: ['user/alice@example.jp'],
};

function seen(version: string, alice: Partial<Observation> = {}, setup: Setup = USUAL): Seen {
  return {
    suite: version === '3.2.6' ? 'bullseye' : 'trixie',
    setup,
    offers: { version, lmtpd: ['8BITMIME'], imapd: ['IMAP4rev1', 'MOVE'] },
    observations: [{ ...ALICE, ...alice }],
    listed: [],
  };
}

/** The lines of the tables, without what every report has. */
function linesOf(report: string): string[] {
  const ours = report.split('Where IMAP says something else')[0] ?? '';
  return ours
    .split('\n')
    .filter((line) => /^\| (?!---|unixhierarchysep|what )/.test(line) || line === 'Nothing.');
}

describe('the report', () => {
  test('counts in each setup, oldest version first, and says what was not tried', () => {
    expect(linesOf(renderMatrix([seen('3.10.2'), seen('3.2.6')]))).toEqual([
      '| yes | userid | 0 · 0 · 0 | 0 · 0 · 0 |',
      ...['yes | on', 'yes | off', 'no | userid', 'no | on', 'no | off'].map(
        (setup) => `| ${setup} | not tried | not tried |`,
      ),
      'Nothing.',
    ]);
    expect(renderMatrix([seen('3.10.2'), seen('3.2.6')])).toContain('| virtdomains | 3.2.6 | 3.10.2 |');
  });

  test.each<[string, Partial<Observation>, string]>([
    ['OK and not delivered', { where: [] }, '1 · 1 · 1'],
    ['OK and delivered twice', { where: ['user/alice', 'user/bob'] }, '1 · 1 · 1'],
    ['refused and delivered', { lmtp: UNKNOWN, smmapd: 'PERM Permission denied' }, '1 · 0 · 1'],
    ['refused over IMAP and delivered', { imap: UNKNOWN, smmapd: 'NOTFOUND no' }, '0 · 1 · 1'],
    ['over quota and delivered', { imap: { kind: 'overquota' }, smmapd: 'TEMP Over quota' }, '0 · 1 · 1'],
    ['put off and delivered', { imap: { kind: 'deferred', reason: 'away' }, smmapd: NO_REPLY }, '0 · 0 · 0'],
    [
      'refused and not delivered',
      { lmtp: UNKNOWN, imap: UNKNOWN, smmapd: 'NOTFOUND no', where: [] },
      '0 · 0 · 0',
    ],
  ])('%s counts as %s', (_, alice, counts) => {
    expect(linesOf(renderMatrix([seen('3.2.6', alice)]))[0]).toBe(`| yes | userid | ${counts} |`);
  });

  test.each<[Partial<Observation>, string]>([
    [{ rcpt: '550 5.1.1 User unknown' }, '| lmtpd’s reply | HERE | 250 2.1.5 ok | 550 5.1.1 User unknown |'],
    [{ where: ['user/bob'] }, '| delivery | HERE | user/alice@example.jp | user/bob |'],
    [{ lmtp: UNKNOWN }, '| over LMTP | HERE | deliverable | unknown |'],
    [{ imap: { kind: 'deferred', reason: 'no' } }, '| over IMAP | HERE | deliverable | no |'],
    [{ smmapd: 'NOTFOUND no' }, '| smmapd’s reply | HERE | OK | NOTFOUND |'],
    [{ smmapd: NO_REPLY }, '| smmapd | HERE | replies | ends without a reply |'],
  ])('has a line for a difference: %j', (alice, line) => {
    const lines = linesOf(renderMatrix([seen('3.2.6'), seen('3.10.2', alice)])).slice(6);
    expect(lines).toEqual([line.replace('HERE', '`alice@example.jp`, in 1 of 6 setups')]);
  });

  test('has one line for the same difference in several setups, and none for a setup that one was not tried in', () => {
    const setups: Setup[] = [USUAL, { ...USUAL, virtdomains: 'on' }, { ...USUAL, virtdomains: 'off' }];
    const older = setups.map((setup) => seen('3.2.6', {}, setup));
    const newer = setups.slice(0, 2).map((setup) => seen('3.10.2', { rcpt: '451 4.3.0' }, setup));
    expect(linesOf(renderMatrix([...older, ...newer])).slice(6)).toEqual([
      '| lmtpd’s reply | `alice@example.jp`, in 2 of 6 setups | 250 2.1.5 ok | 451 4.3.0 |',
    ]);
  });

  test('names capabilities of concern that not all have', () => {
    const newer = seen('3.10.2');
    const offers = { version: '3.10.2', lmtpd: ['8BITMIME'], imapd: ['IMAP4rev1', 'QUOTASET', 'PREVIEW'] };
    expect(linesOf(renderMatrix([seen('3.2.6'), { ...newer, offers }])).slice(6)).toEqual([
      '| imapd offers | not all of them |  | QUOTASET |',
    ]);
  });
});

import { beforeEach, describe, expect, test } from 'vitest';
import { CreationCheck } from '../../../../src/cyrus/lmtp/creation-check.js';
import type { LmtpReply } from '../../../../src/cyrus/lmtp/reply.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../../src/validation/recipient.js';

const HOUR_MS = 3_600_000;
const SOON_MS = 30_000;
const UNKNOWN: LmtpReply = { code: 550, enhanced: '5.1.1', lines: ['5.1.1 User unknown'] };
const INVALID: LmtpReply = { code: 451, enhanced: '4.3.0', lines: ['4.3.0 Invalid mailbox name'] };

let now: number;
let chance: number;
let told: string[];
let check: CreationCheck;

beforeEach(() => {
  now = 1_000;
  chance = 0.5;
  told = [];
  check = new CreationCheck({
    domains: new Set(['example.jp', 'example.net']),
    rules: DEFAULT_ADDRESS_RULES,
    alarm: { found: (finding, domain, reply) => told.push([finding, domain, reply].join(' | ')) },
    now: () => now,
    random: () => chance,
  });
});

function recipient(key: string): Recipient {
  const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.kind);
  return parsed.recipient;
}

function due(...keys: readonly string[]): string[] {
  return check.due(keys.map(recipient)).map(({ address }) => address);
}

/** Asks about the name that is due for a domain. */
function learn(key: string, reply: LmtpReply): void {
  const [name] = check.due([recipient(key)]);
  if (name === undefined) throw new Error('nothing is due');
  check.learn(name, reply);
}

describe('a name that Cyrus cannot create is due', () => {
  test('once for each domain that has a check of its own', () => {
    expect(due('alice@example.jp', 'bob@example.jp', 'carol@example.net')).toEqual([
      expect.stringMatching(/^cyrusmapd%[a-z0-9]+@example\.jp$/),
      expect.stringMatching(/^cyrusmapd%[a-z0-9]+@example\.net$/),
    ]);
  });

  test('once for all others together, in the domain of the first of them', () => {
    expect(due('a@one.test', 'b@two.test', 'c@three.test')).toEqual([expect.stringMatching(/@one\.test$/)]);
    expect(due('alice')).toEqual([expect.stringMatching(/^cyrusmapd%[a-z0-9]+$/)]);
  });

  test('and is another one each time', () => {
    const [first] = due('alice@example.jp');
    chance = 0.25;
    expect(due('alice@example.jp')).not.toEqual([first]);
  });

  test('not where it would be too long for lmtpd', () => {
    expect(due(`a@${'x'.repeat(1_015)}.test`)).toEqual([]);
  });

  test.each([
    ['nothing is created', UNKNOWN, HOUR_MS],
    ['a mailbox may be', INVALID, SOON_MS],
  ])('again after a while where %s, in that domain alone', (_, reply, lifeMs) => {
    learn('alice@example.jp', reply);
    now += lifeMs - 1;
    expect(due('bob@example.jp')).toEqual([]);
    expect(due('bob@example.net')).toHaveLength(1);
    expect(due('bob@stranger.test')).toHaveLength(1);
    now += 1;
    expect(due('bob@example.jp')).toHaveLength(1);
  });
});

describe('what lmtpd says to it', () => {
  const said = (code: number, enhanced: string): LmtpReply => ({ code, enhanced, lines: [`${enhanced} x`] });

  test.each<[LmtpReply, string]>([
    [UNKNOWN, 'clean'],
    [said(250, '2.1.5'), 'catch-all'],
    [said(452, '4.2.2'), 'catch-all'],
    [said(552, '5.2.2'), 'catch-all'],
    [INVALID, 'autocreate'],
    [said(550, '5.7.1'), 'autocreate'],
    [said(501, '5.5.4'), 'autocreate'],
  ])('%j means: %s', (reply, finding) => {
    learn('alice@example.jp', reply);
    expect(check.finding(recipient('bob@example.jp'))).toBe(finding);
    expect(told).toEqual([`${finding} | example.jp | ${reply.code} ${reply.lines.at(-1)}`]);
  });

  test('holds for its domain, and for no other one', () => {
    learn('alice@example.jp', UNKNOWN);
    expect(check.finding(recipient('bob@example.net'))).toBeUndefined();
    expect(check.finding(recipient('bob@stranger.test'))).toBeUndefined();
    expect(check.finding(recipient('bob'))).toBeUndefined();
  });

  test('about any domain without a check of its own holds for all of these', () => {
    learn('a@one.test', UNKNOWN);
    learn('b@example.net', INVALID);
    expect(check.finding(recipient('c@two.test'))).toBe('clean');
    expect(check.finding(recipient('c'))).toBe('clean');
    expect(check.finding(recipient('c@example.net'))).toBe('autocreate');
  });

  test('is told of where there is no domain, too', () => {
    learn('alice', UNKNOWN);
    expect(told).toEqual(['clean |  | 550 5.1.1 User unknown']);
  });
});

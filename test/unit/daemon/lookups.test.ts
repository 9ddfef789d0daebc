import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Decisions } from '../../../src/daemon/decisions.js';
import { Harvest } from '../../../src/daemon/harvest.js';
import { LookupLog } from '../../../src/daemon/lookup-log.js';
import { Lookups, policiesOf, type MapPolicy } from '../../../src/daemon/lookups.js';
import { silentLog, type Log } from '../../../src/log/log.js';
import { Metrics } from '../../../src/daemon/metrics.js';
import { DownError, UnavailableError } from '../../../src/errors.js';
import { DEFAULT_ADDRESS_RULES } from '../../../src/validation/recipient.js';
import { Room } from '../../../src/validation/room.js';
import { Validator } from '../../../src/validation/validator.js';
import { DEFAULT_BELIEF } from '../../../src/validation/belief.js';
import { VerdictCache } from '../../../src/validation/verdict-cache.js';
import {
  addEvidence,
  DEFAULT_REPLY_POLICY,
  DELIVERABLE,
  OVERQUOTA,
  UNKNOWN,
  type Verdict,
} from '../../../src/validation/verdict.js';
import { HandProbe } from '../../fakes/hand-probe.js';
import { configured } from './configured.js';

const ALICE = 'alice@example.jp';
const ASKER = { gone: false, number: 7 };
const POLICY = { ...DEFAULT_REPLY_POLICY, detail: 'inbox' as const, queueId: false };

type Line = { readonly level: string; readonly message: string; readonly fields: object };

let probe: HandProbe;
let cache: VerdictCache;
let metrics: Metrics;
let decisions: Decisions;
let lines: Line[];
let enabled: ReadonlySet<string>;
let now: number;
let log: LookupLog;
let harvest: Harvest;
let lookups: Lookups;

beforeEach(() => {
  probe = new HandProbe();
  cache = new VerdictCache(
    { maxKnown: 10, maxNegative: 10 },
    { ...DEFAULT_BELIEF, unprovenNegativeMs: 10_000 },
    0,
  );
  metrics = new Metrics();
  lines = [];
  enabled = new Set(['debug', 'info']);
  now = 1000;
  const rules = {
    address: DEFAULT_ADDRESS_RULES,
    deadlineMs: 5000,
    eightBit: 'reject' as const,
    alwaysAccepts: () => false,
  };
  const validator = new Validator(
    cache,
    () => probe,
    rules,
    () => now,
  );
  const policies = (map: string): MapPolicy => ({
    ...POLICY,
    overQuota: map === 'strict' ? 'reject' : POLICY.overQuota,
    queueId: map === 'cyrusid',
    tally: metrics.tallyOf(map),
  });
  log = new LookupLog(recordingLog(), 5, () => now);
  lookups = new Lookups(validator, policies, {
    log,
    metrics,
    decisions: (decisions = new Decisions(10, () => now)),
    harvest: (harvest = new Harvest(
      new Set(),
      100,
      { begun: () => undefined, ended: () => undefined },
      () => now,
    )),
    now: () => now,
  });
});

afterEach(() => {
  vi.useRealTimers();
});

function recordingLog(): Log {
  const at =
    (level: string) =>
    (line: object): void => {
      const { event: message, ...fields } = Object.assign({ event: '' }, line);
      lines.push({ level, message, fields });
    };
  return {
    ...silentLog,
    debug: at('debug'),
    info: at('info'),
    isLevelEnabled: (level) => enabled.has(level),
  };
}

async function later(key: string, map = 'cyrus', verdict: Verdict | Error = DELIVERABLE): Promise<string> {
  const answer = lookups.answerLater(map, key, ASKER);
  now += 3;
  if (verdict instanceof Error) probe.question(key.toLowerCase()).fail(verdict);
  else probe.answer(key.toLowerCase(), verdict);
  const { status, text } = await answer;
  return `${status} ${text}`;
}

test('a map of domains is answered at once, and asks nobody', () => {
  const policy = { ...POLICY, tally: metrics.tallyOf('domains') };
  lookups.policies = (map) =>
    map === 'domains' ? { ...policy, domains: (key) => ({ status: 'OK', text: key }) } : policy;
  expect(lookups.answerNow('domains', 'example.jp')).toEqual({ status: 'OK', text: 'example.jp' });
  expect(lookups.answerNow('cyrus', 'example.jp')).toBeUndefined();
});

describe('a reply', () => {
  test('is given at once where the verdict is known, and only there', () => {
    expect(lookups.answerNow('cyrus', ALICE, ASKER)).toBeUndefined();
    cache.remember(ALICE, DELIVERABLE, now);
    expect(lookups.answerNow('cyrus', ALICE, ASKER)).toEqual({ status: 'OK', text: ALICE });
    expect(lookups.answerNow('cyrus', 'al ice@example.jp', ASKER)).toEqual({
      status: 'NOTFOUND',
      text: 'Mailbox does not exist',
    });
  });

  test('is made as the map wants it', async () => {
    expect(await later('full@example.jp', 'cyrus', OVERQUOTA)).toBe('TEMP Over quota');
    expect(lookups.answerNow('strict', 'full@example.jp', ASKER)).toEqual({
      status: 'NOTFOUND',
      text: 'Over quota',
    });
  });

  test('is TEMP where Cyrus cannot be asked', async () => {
    expect(await later(ALICE, 'cyrus', new UnavailableError('no connection'))).toBe('TEMP no connection');
  });
});

describe('a message of a known size', () => {
  const BYTES = 5000;
  const sized = (messageBytes?: number) => [
    lookups.answerNow('cyrus', ALICE, ASKER, messageBytes)?.status,
    probe.questions.length,
  ];

  beforeEach(() => {
    const { policies } = lookups;
    const room = new Room({ addressRules: DEFAULT_ADDRESS_RULES, route: () => probe }, 5000, () => now);
    lookups.policies = (map) => ({ ...policies(map), room });
    cache.remember(ALICE, DELIVERABLE, now);
  });

  test('is asked about where Cyrus counts it, even if the mailbox is known', async () => {
    probe.judgesSize = true;
    expect(sized()).toEqual(['OK', 0]);
    expect(sized(BYTES)).toEqual([undefined, 0]);
    const answer = lookups.answerLater('cyrus', ALICE, ASKER, 0, BYTES);
    await vi.waitFor(() => expect(probe.questions).toMatchObject([{ messageBytes: BYTES }]));
    probe.answer(ALICE, OVERQUOTA);
    expect(await answer).toEqual({ status: 'TEMP', text: 'Over quota' });
    expect(lines.at(-1)).toMatchObject({
      message: 'overquota',
      fields: { messageBytes: BYTES, source: 'probe' },
    });
    expect(sized()).toEqual(['OK', 1]);
  });

  test('has no more time than its request, which may have waited already', async () => {
    probe.judgesSize = true;
    const answer = lookups.answerLater('cyrus', ALICE, ASKER, 5000, BYTES);
    expect(await answer).toMatchObject({ status: 'OK' });
  });

  test('is none where the front does not tell it: the mailbox alone is asked about', async () => {
    probe.judgesSize = true;
    const answer = lookups.answerLater('cyrus', 'bob@example.jp', ASKER);
    probe.answer('bob@example.jp', DELIVERABLE);
    expect(await answer).toMatchObject({ status: 'OK' });
    expect(probe.questions).toMatchObject([{ messageBytes: undefined }]);
  });

  test('is no matter of a map that judges none', async () => {
    lookups.policies = () => ({ ...POLICY, tally: metrics.tallyOf('cyrus') });
    expect(sized(BYTES)).toEqual(['OK', 0]);
    const answer = lookups.answerLater('cyrus', 'bob@example.jp', ASKER, 0, BYTES);
    probe.answer('bob@example.jp', DELIVERABLE);
    expect(await answer).toMatchObject({ status: 'OK' });
  });

  test('is not, where Cyrus does not count it, or the mailbox takes no mail anyhow', () => {
    expect(sized(BYTES)).toEqual(['OK', 0]);
    probe.judgesSize = true;
    cache.remember(ALICE, OVERQUOTA, now);
    expect(sized(BYTES)).toEqual(['TEMP', 0]);
  });
});

describe("the queue's id before a key", () => {
  const ID = '4asnlrhf000123';

  test('is taken off before anything else, and stands in the log', async () => {
    const answer = lookups.answerLater('cyrusid', `${ID} nobody@example.jp`);
    probe.answer('nobody@example.jp', UNKNOWN);
    expect(await answer).toMatchObject({ status: 'NOTFOUND' });
    expect(lookups.answerNow('cyrusid', `${ID} nobody@example.jp`)).toMatchObject({ status: 'NOTFOUND' });
    expect(lookups.answerNow('cyrus', 'nobody@example.jp')).toMatchObject({ status: 'NOTFOUND' });
    expect(lines.map(({ fields }) => fields)).toMatchObject([
      { map: 'cyrusid', queueId: ID, key: 'nobody@example.jp' },
      { map: 'cyrusid', queueId: ID, key: 'nobody@example.jp' },
      { map: 'cyrus', key: 'nobody@example.jp' },
    ]);
    expect(lines[2]?.fields).not.toHaveProperty('queueId');
  });

  test('is no part of the value', () => {
    cache.remember(ALICE, DELIVERABLE, now);
    expect(lookups.answerNow('cyrusid', `${ID} ${ALICE}`)).toEqual({ status: 'OK', text: ALICE });
    expect(lookups.answerNow('cyrusid', ALICE)).toEqual({ status: 'OK', text: ALICE });
  });

  test('is none in a map that has none', () => {
    cache.remember(ALICE, DELIVERABLE, now);
    expect(lookups.answerNow('cyrus', `${ID} ${ALICE}`)).toMatchObject({ status: 'NOTFOUND' });
  });
});

describe('the log', () => {
  test('has a line with a verb and the fields for each refused and deferred recipient, at info', async () => {
    await later('Nobody@example.jp', 'cyrus', UNKNOWN);
    await later(ALICE, 'cyrus', new UnavailableError('no connection'));
    expect(lines).toEqual([
      {
        level: 'info',
        message: 'notfound',
        fields: {
          map: 'cyrus',
          key: 'Nobody@example.jp',
          verdict: 'unknown',
          source: 'probe',
          ms: 3,
          connection: 7,
        },
      },
      {
        level: 'info',
        message: 'deferred',
        fields: {
          map: 'cyrus',
          key: ALICE,
          verdict: 'deferred',
          source: 'probe',
          ms: 3,
          connection: 7,
          reason: 'no connection',
          backchannel: 'hand',
        },
      },
    ]);
  });

  test('tells what Cyrus said, in which session, what the witness was, and who was asked', async () => {
    const evidence = {
      backchannel: 'cyrus',
      session: 'cyrus-1-2-3',
      said: { code: '550', enhanced: '5.1.1', text: 'User unknown' },
      witness: { address: 'postmaster@example.jp', said: 'deliverable' },
    };
    await later('nobody@example.jp', 'cyrus', addEvidence(UNKNOWN, evidence));
    expect(lines[0]?.fields).toMatchObject({
      backchannel: 'cyrus',
      session: 'cyrus-1-2-3',
      code: '550',
      enhanced: '5.1.1',
      said: 'User unknown',
      witness: 'postmaster@example.jp',
      witnessSaid: 'deliverable',
    });
  });

  test('tells the rule by which a key was refused, and how old a denial was', async () => {
    lookups.answerNow('cyrus', 'caf\xe9@example.jp', ASKER);
    await later('nobody@example.jp', 'cyrus', UNKNOWN);
    now += 2500;
    lookups.answerNow('cyrus', 'NOBODY@example.jp', ASKER);
    expect(lines.map(({ fields }) => fields)).toMatchObject([
      { source: 'rule', rule: '8-bit character' },
      { source: 'probe' },
      { source: 'negative', ageMs: expect.closeTo(2550, -2) as number },
    ]);
  });

  test('does not say that somebody was asked where nobody could be', async () => {
    await later(ALICE, 'cyrus', new DownError('back-channel cyrus is down: connect ECONNREFUSED'));
    expect(lines[0]?.fields).toMatchObject({
      source: 'down',
      backchannel: 'hand',
      reason: 'back-channel cyrus is down: connect ECONNREFUSED',
    });
  });

  test('has one for each accepted recipient at debug', async () => {
    await later(ALICE);
    lookups.answerNow('cyrus', ALICE, ASKER);
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual(['debug found', 'debug found']);
  });

  test('tells what is served stale', async () => {
    cache.remember(ALICE, DELIVERABLE, now);
    now += DEFAULT_BELIEF.knownMs;
    await later(ALICE, 'cyrus', new UnavailableError('no connection'));
    expect(lines.map(({ message }) => message)).toEqual(['stale']);
  });

  test('is not burdened with lines that nobody reads', async () => {
    enabled = new Set();
    await later(ALICE);
    await later('nobody@example.jp', 'cyrus', UNKNOWN);
    expect(lines).toEqual([]);
    log.end();
    expect(lines).toEqual([]);
  });

  test('has no more lines about refused recipients in a second than it may, and counts the others in one', () => {
    vi.useFakeTimers();
    for (let i = 0; i < 9; i++) lookups.answerNow('cyrus', 'al ice@example.jp', ASKER);
    expect(told()).toEqual(Array(5).fill('notfound'));
    now += 999;
    lookups.answerNow('cyrus', 'al ice@example.jp', ASKER);
    vi.advanceTimersByTime(1000);
    expect(told()).toEqual([...Array<string>(5).fill('notfound'), 'unlogged']);
    expect(lines.at(-1)).toEqual({ level: 'info', message: 'unlogged', fields: { counts: { notfound: 5 } } });
    now += 1;
    lookups.answerNow('cyrus', 'al ice@example.jp', ASKER);
    vi.advanceTimersByTime(5000);
    expect(told().slice(6)).toEqual(['notfound']);
  });

  test('tells at its end of those that had no line, by verb', async () => {
    for (let i = 0; i < 7; i++) lookups.answerNow('cyrus', '', ASKER);
    await later(ALICE, 'cyrus', new UnavailableError('no connection'));
    log.end();
    expect(lines.at(-1)).toEqual({
      level: 'info',
      message: 'unlogged',
      fields: { counts: { notfound: 2, deferred: 1 } },
    });
    log.end();
    expect(lines).toHaveLength(6);
  });

  test('has room again a second after its first line, where no more were refused than may be', () => {
    for (let i = 0; i < 5; i++) lookups.answerNow('cyrus', '', ASKER);
    now += 1000;
    for (let i = 0; i < 5; i++) lookups.answerNow('cyrus', '', ASKER);
    expect(told()).toEqual(Array(10).fill('notfound'));
    expect(log.unlogged.size).toBe(0);
  });

  test('tells of those without a line at the end of their second, and counts them all from the start', () => {
    vi.useFakeTimers();
    for (let i = 0; i < 5; i++) lookups.answerNow('cyrus', '', ASKER);
    now += 400;
    for (let i = 0; i < 3; i++) lookups.answerNow('cyrus', '', ASKER);
    vi.advanceTimersByTime(599);
    expect(told()).toHaveLength(5);
    vi.advanceTimersByTime(1);
    expect(told().slice(5)).toEqual(['unlogged']);
    now += 600;
    for (let i = 0; i < 7; i++) lookups.answerNow('cyrus', '', ASKER);
    expect([...log.unlogged]).toEqual([['notfound', 5]]);
    log.end();
  });

  test('names no connection where none asked, and a reason only where there is one', async () => {
    lookups.answerNow('cyrus', '');
    await later('nobody@example.jp', 'cyrus', UNKNOWN);
    await later(ALICE);
    expect(lines[0]?.fields).not.toHaveProperty('connection');
    for (const { fields } of lines) expect(fields).not.toHaveProperty('reason');
    expect(lines).toHaveLength(3);
  });

  test('takes another limit at once', () => {
    log.maxRefusedPerSecond = 1;
    lookups.answerNow('cyrus', '', ASKER);
    lookups.answerNow('cyrus', '', ASKER);
    expect(told()).toEqual(['notfound']);
    log.end();
  });

  function told(): string[] {
    return lines.map(({ message }) => message);
  }
});

test('every verdict and its source are counted, and how long a miss took', async () => {
  await later(ALICE);
  await later('nobody@example.jp', 'cyrus', UNKNOWN);
  lookups.answerNow('cyrus', ALICE, ASKER);
  lookups.answerNow('cyrus', 'nobody@example.jp', ASKER);
  lookups.answerNow('cyrus', '', ASKER);
  expect(metrics.totals.verdicts).toMatchObject({ deliverable: 2, unknown: 3, deferred: 0 });
  expect(metrics.totals.sources).toMatchObject({ probe: 2, known: 1, negative: 1, rule: 1 });
  expect([metrics.missMicroseconds.count, metrics.missMicroseconds.min]).toEqual([2, 3000]);
});

test('each decision is kept with its reasons, also those that have no line in the log', async () => {
  log.maxRefusedPerSecond = 1;
  for (let i = 0; i < 3; i++) lookups.answerNow('cyrus', `a b${i}@example.jp`, ASKER);
  await later(ALICE);
  expect(decisions.newest('all', () => true, 10)).toMatchObject([
    { key: ALICE, status: 'OK', connection: 7, ms: 3 },
    ...[2, 1, 0].map((i) => ({ key: `a b${i}@example.jp`, status: 'NOTFOUND', outcome: { source: 'rule' } })),
  ]);
  log.end();
});

describe('an unknown recipient', () => {
  test('counts towards an attack, with whether Cyrus was asked; nobody else does', async () => {
    const counted = vi.spyOn(harvest, 'unknown');
    await later('nobody@example.jp', 'cyrus', UNKNOWN);
    lookups.answerNow('cyrus', 'nobody@example.jp', ASKER);
    expect(counted.mock.calls.map(([key, source]) => [key, source])).toEqual([
      ['nobody@example.jp', 'probe'],
      ['nobody@example.jp', 'negative'],
    ]);
    await later(ALICE);
    await later('full@example.jp', 'strict', OVERQUOTA);
    await later('bob@example.jp', 'cyrus', new UnavailableError('no connection'));
    expect(counted).toHaveBeenCalledTimes(2);
  });
});

describe('the maps of a configuration', () => {
  const CYRUS = '[backchannel.cyrus]\ntype = "lmtp"\nendpoint = "unix:/run/lmtp"\n';
  const SERVED = '[domains]\n"example.jp" = "cyrus"\n"example.net" = "cyrus"\n';

  /** What they answer of a mailbox that is over quota. */
  async function full(more: string, maps: readonly string[], key = 'full@example.jp') {
    lookups.policies = policiesOf(await configured(`${more}${SERVED}${CYRUS}`), metrics);
    cache.remember(key, OVERQUOTA, now);
    return maps.map((map) => lookups.answerNow(map, key)?.status);
  }

  test('have their own answers, and those that none is named for are as the default one', async () => {
    const more = '[lookup]\nover_quota = "ok"\n[map.strict]\nover_quota = "reject"\n';
    expect(await full(more, ['cyrus', 'strict', 'anything'])).toEqual(['OK', 'NOTFOUND', 'OK']);
    const counts = [...metrics.tallies].map(([map, tally]) => [map, [...tally.entries()].length]);
    expect(counts).toEqual([
      ['cyrus', 1],
      ['strict', 1],
      ['other', 1],
    ]);
  });

  test('are as the one that FEATURE(mrs_cyrus) names, where that has a table', async () => {
    const more = '[map.cyrus]\nover_quota = "reject"\n[map.other]\nover_quota = "ok"\n';
    expect(await full(more, ['cyrus', 'anything', 'other'])).toEqual(['NOTFOUND', 'NOTFOUND', 'OK']);
  });

  test('answer as the domain of a key wants it, where it has answers of its own', async () => {
    const more = '[domain."example.net"]\nover_quota = "ok"\n';
    expect(await full(more, ['cyrus'])).toEqual(['TEMP']);
    expect(await full(more, ['cyrus'], 'full@example.net')).toEqual(['OK']);
    cache.remember('bob@example.net', DELIVERABLE, now);
    expect(lookups.answerNow('cyrus', 'bob@example.net')?.status).toBe('OK');
  });

  test('may have domains for their keys', async () => {
    const config = await configured(`[map.domains]\nkeys = "domains"\n${SERVED}${CYRUS}`);
    lookups.policies = policiesOf(config, metrics);
    expect(lookups.answerNow('domains', 'example.jp')?.status).toBe('OK');
    expect(lookups.answerNow('domains', 'example.org')?.status).toBe('NOTFOUND');
    expect(lookups.answerNow('cyrus', 'example.jp')?.status).not.toBe('OK');
  });
});

import { beforeEach, describe, expect, test } from 'vitest';
import { Witness } from '../../../../src/cyrus/witness/witness.js';
import { WitnessedAsk } from '../../../../src/cyrus/witness/witnessed-ask.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../../../src/validation/recipient.js';
import {
  DELIVERABLE,
  deferred,
  OVERQUOTA,
  REFUSED,
  UNKNOWN,
  type Verdict,
} from '../../../../src/validation/verdict.js';

const ALARM = { missing: () => undefined, failed: () => undefined, recovered: () => undefined };

function recipient(local: string): Recipient {
  const parsed = parseKey(`${local}@example.jp`, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.reason);
  return parsed.recipient;
}

let now: number;
/** What was asked, a line for each turn. */
let turns: string[];
/** What Cyrus says; whoever is not in it is unknown. */
let mailboxes: Map<string, Verdict>;
/** Called before each recipient is answered. */
let before: (local: string, place: number) => void;
let early: string[];
let heard: number;
let asker: WitnessedAsk;

beforeEach(() => {
  now = 0;
  turns = [];
  early = [];
  heard = 0;
  mailboxes = new Map([
    ['canary', DELIVERABLE],
    ['alice', DELIVERABLE],
    ['full', OVERQUOTA],
    ['closed', REFUSED],
    ['damaged', deferred('System I/O error')],
  ]);
  before = () => undefined;
  asker = new WitnessedAsk(
    new Witness([recipient('canary')], ALARM),
    async (recipients, told) => {
      turns.push(recipients.map(({ local }) => local).join(' '));
      return recipients.map(({ local }, place) => {
        before(local, place);
        const verdict = mailboxes.get(local) ?? UNKNOWN;
        told(place, verdict);
        return verdict;
      });
    },
    () => now,
  );
});

async function ask(...locals: readonly string[]): Promise<string[]> {
  const progress = {
    heard: () => void (heard += 1),
    early: (index: number, { kind }: Verdict) => void early.push(`${locals[index] ?? ''} ${kind}`),
  };
  return (await asker.ask(locals.map(recipient), progress)).map(({ kind }) => kind);
}

describe('the witness', () => {
  test('is not asked where nothing is unknown', async () => {
    expect(await ask('alice', 'full')).toEqual(['deliverable', 'overquota']);
    expect(turns).toEqual(['alice full']);
  });

  test('is asked before and behind what is unknown, which is asked anew between', async () => {
    expect(await ask('alice', 'nobody')).toEqual(['deliverable', 'unknown']);
    expect(turns).toEqual(['alice nobody', 'canary nobody canary']);
  });

  test('in a flood is asked along, and its end is the beginning of the next', async () => {
    for (const local of ['n1', 'n2', 'n3']) expect(await ask(local)).toEqual(['unknown']);
    expect(turns).toEqual(['n1', 'canary n1 canary', 'n2 canary', 'n3 canary']);
  });

  test('is asked before again after a pause: mailboxes.db may have been away in between', async () => {
    await ask('n1');
    now += 21;
    expect(await ask('n2')).toEqual(['unknown']);
    expect(turns.at(-1)).toBe('canary n2 canary');
  });
});

describe('several canaries', () => {
  test('are all asked on both sides, and all must exist', async () => {
    const turnsOfAll: string[] = [];
    const all = new WitnessedAsk(
      new Witness([recipient('canary'), recipient('alice')], ALARM),
      (recipients) => {
        turnsOfAll.push(recipients.map(({ local }) => local).join(' '));
        return Promise.resolve(recipients.map(({ local }) => mailboxes.get(local) ?? UNKNOWN));
      },
      () => now,
    );
    const progress = { heard: () => undefined, early: () => undefined };
    const kinds = async () => (await all.ask([recipient('nobody')], progress)).map(({ kind }) => kind);
    expect(await kinds()).toEqual(['unknown']);
    expect(await kinds()).toEqual(['unknown']);
    expect(turnsOfAll).toEqual(['nobody', 'canary alice nobody canary alice', 'nobody canary alice']);
    mailboxes.delete('alice');
    expect(await kinds()).toEqual(['deferred']);
  });
});

describe('where the list of mailboxes goes away', () => {
  test.each([
    ['before the unknown', 'n2'],
    ['behind it', 'canary'],
  ])(
    '%s, in a flood: what the witness says behind the batch counts, whatever vouched before it',
    async (_, at) => {
      await ask('n1');
      before = (local) => {
        if (local === at) mailboxes.clear();
      };
      expect(await ask('n2')).toEqual(['deferred']);
      expect(turns.at(-1)).toBe('n2 canary');
    },
  );

  test.each([
    ['deferred', deferred('System I/O error')],
    ['refused', REFUSED],
  ])('and where the witness is %s', async (_, verdict) => {
    await ask('n1');
    mailboxes.set('canary', verdict);
    expect(await ask('n2')).toEqual(['deferred']);
  });

  test('between the two turns: an existing mailbox is not denied', async () => {
    mailboxes.delete('alice');
    before = (local, place) => {
      if (local === 'canary' && place === 0) mailboxes.set('alice', DELIVERABLE);
    };
    expect(await ask('alice')).toEqual(['deliverable']);
  });

  test('and comes back before the witness is asked: the one before shows it', async () => {
    before = (local, place) => {
      if (turns.length !== 2) return;
      if (place === 0) mailboxes.delete('canary');
      if (local === 'canary' && place > 0) mailboxes.set('canary', DELIVERABLE);
    };
    expect(await ask('nobody')).toEqual(['deferred']);
  });
});

describe('before the end', () => {
  test('is told what no mail is refused for, and nothing of the witness', async () => {
    await ask('n1');
    early = [];
    expect(await ask('alice', 'nobody', 'full', 'closed', 'damaged')).toHaveLength(5);
    expect(early).toEqual(['alice deliverable', 'damaged deferred']);
  });

  test('is heard of each answer, those of the witness too', async () => {
    await ask('alice', 'nobody');
    expect(heard).toBe(5);
  });
});

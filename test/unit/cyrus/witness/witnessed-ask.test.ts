import { beforeEach, describe, expect, test } from 'vitest';
import { Witness } from '../../../../src/cyrus/witness/witness.js';
import { WitnessedAsk } from '../../../../src/cyrus/witness/witnessed-ask.js';
import {
  DEFAULT_ADDRESS_RULES,
  parseKey,
  withMessage,
  type Recipient,
} from '../../../../src/validation/recipient.js';
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

/** What asks Cyrus as it is in `mailboxes`. */
function askerWith(witness: Witness): WitnessedAsk {
  return new WitnessedAsk(
    witness,
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
}

beforeEach(() => {
  // As of a host that has been up for a while.
  now = 1_000_000;
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
  asker = askerWith(new Witness([recipient('canary')], ALARM));
});

async function verdicts(...locals: readonly string[]): Promise<readonly Verdict[]> {
  const progress = {
    heard: () => void (heard += 1),
    early: (index: number, { kind }: Verdict) => void early.push(`${locals[index] ?? ''} ${kind}`),
    unproven: () => undefined,
  };
  return asker.ask(locals.map(recipient), progress);
}

async function ask(...locals: readonly string[]): Promise<string[]> {
  return (await verdicts(...locals)).map(({ kind }) => kind);
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
    now += 20;
    expect(await ask('n2')).toEqual(['unknown']);
    expect(turns.at(-1)).toBe('n2 canary');
    now += 21;
    expect(await ask('n3')).toEqual(['unknown']);
    expect(turns.at(-1)).toBe('canary n3 canary');
  });

  test('is not asked along any more once the flood is over', async () => {
    await ask('n1');
    await ask('alice');
    await ask('alice');
    expect(turns.slice(-2)).toEqual(['alice canary', 'alice']);
  });

  test('that failed behind one batch is asked before the next, however soon that comes', async () => {
    await ask('n1');
    mailboxes.delete('canary');
    expect(await ask('n2')).toEqual(['deferred']);
    // It is back before anything else is said, but not when the next mailbox is denied.
    before = (local, place) => {
      if (local === 'canary' && place > 0) mailboxes.set('canary', DELIVERABLE);
    };
    expect(await ask('n3')).toEqual(['deferred']);
    expect(turns.at(-1)).toBe('canary n3 canary');
  });

  test('that failed defers the unknown, and leaves alone what else was said', async () => {
    mailboxes.delete('canary');
    expect(await ask('alice', 'nobody', 'full', 'closed')).toEqual([
      'deliverable',
      'deferred',
      'overquota',
      'refused',
    ]);
  });
});

describe('where no canary is configured', () => {
  beforeEach(() => {
    asker = askerWith(new Witness([], ALARM));
  });

  test('the mailbox that was confirmed last is the witness', async () => {
    mailboxes.set('bob', DELIVERABLE);
    await ask('alice', 'bob', 'full', 'closed', 'damaged');
    expect(await ask('nobody')).toEqual(['unknown']);
    expect(turns.at(-1)).toBe('bob nobody bob');
  });

  test('and nothing was confirmed, an unknown is deferred, and asked once', async () => {
    expect(await ask('nobody')).toEqual(['deferred']);
    expect(turns).toEqual(['nobody']);
  });

  test('a mailbox that is denied itself is no witness: another one is asked', async () => {
    mailboxes.set('bob', DELIVERABLE);
    await ask('alice', 'bob');
    await ask('nobody');
    mailboxes.delete('bob');
    expect(await ask('bob')).toEqual(['unknown']);
    expect(turns.slice(-2)).toEqual(['bob bob', 'alice bob alice']);
  });

  test('what vouched for one batch vouches not for the next where that has another witness', async () => {
    await ask('alice');
    await ask('n1');
    mailboxes.set('bob', DELIVERABLE);
    await ask('bob');
    expect(await ask('n2')).toEqual(['unknown']);
    expect(turns.slice(-2)).toEqual(['n2', 'bob n2 bob']);
    await ask('alice', 'n3');
    expect(turns.at(-1)).toBe('alice n3 bob');
    expect(await ask('n4')).toEqual(['unknown']);
    expect(turns.at(-1)).toBe('alice n4 alice');
  });
});

describe('what is confirmed', () => {
  test('for one message only makes no witness: smaller ones may be taken, or larger ones not', async () => {
    asker = askerWith(new Witness([], ALARM));
    const progress = { heard: () => undefined, early: () => undefined, unproven: () => undefined };
    const [said] = await asker.ask([withMessage(recipient('alice'), 1_000)], progress);
    expect(said?.kind).toBe('deliverable');
    expect(await ask('nobody')).toEqual(['deferred']);
    await ask('alice');
    expect(await ask('nobody')).toEqual(['unknown']);
  });
});

describe('fewer answers than questions', () => {
  /** Answers the first turn, and of the second nothing. */
  function shortAsker(first: readonly Verdict[]): void {
    let turn = 0;
    asker = new WitnessedAsk(
      new Witness([recipient('canary')], ALARM),
      () => Promise.resolve(turn++ === 0 ? [...first] : []),
      () => now,
    );
  }

  test('are no verdicts', async () => {
    shortAsker([]);
    expect(await ask('alice', 'nobody')).toEqual([]);
  });

  test('around an unknown make it no "unknown"', async () => {
    shortAsker([DELIVERABLE, UNKNOWN]);
    expect(await verdicts('alice', 'nobody')).toMatchObject([
      { kind: 'deliverable' },
      { kind: 'deferred', reason: 'no verdict came' },
    ]);
  });
});

describe('the evidence', () => {
  test('of an unknown has what Cyrus said of it, and that the witness stood', async () => {
    const said = { code: '550', enhanced: '5.1.1', text: 'User unknown' };
    mailboxes.set('gone', { kind: 'unknown', evidence: { said } });
    expect(await verdicts('gone')).toEqual([
      {
        kind: 'unknown',
        evidence: { said, witness: { address: 'canary@example.jp', said: 'deliverable' } },
      },
    ]);
  });

  test('of a doubt has both, and the words of the witness', async () => {
    const said = { code: '550', enhanced: '5.1.1', text: 'User unknown' };
    const lost: Verdict = { kind: 'unknown', evidence: { said } };
    mailboxes.set('gone', lost).set('canary', lost);
    expect(await verdicts('gone')).toMatchObject([
      {
        kind: 'deferred',
        evidence: {
          said,
          witness: { address: 'canary@example.jp', said: 'unknown: 550 5.1.1 User unknown' },
        },
      },
    ]);
  });

  test('names of several canaries the one that failed, or all that stood', async () => {
    asker = askerWith(new Witness([recipient('canary'), recipient('alice'), recipient('full')], ALARM));
    mailboxes.set('full', DELIVERABLE);
    const witness = async () => (await verdicts('nobody'))[0];
    expect(await witness()).toMatchObject({
      evidence: {
        witness: { address: 'canary@example.jp, alice@example.jp, full@example.jp', said: 'deliverable' },
      },
    });
    mailboxes.delete('alice');
    expect(await witness()).toMatchObject({
      evidence: { witness: { address: 'alice@example.jp', said: 'unknown' } },
    });
    mailboxes.set('alice', DELIVERABLE).delete('full');
    before = (local, place) => {
      if (local === 'nobody' && place > 0) mailboxes.delete('alice');
    };
    expect(await witness()).toMatchObject({
      evidence: { witness: { address: 'full@example.jp', said: 'unknown' } },
    });
  });

  test('names no witness where there is none', async () => {
    asker = askerWith(new Witness([], ALARM));
    expect((await verdicts('nobody'))[0]?.kind).toBe('deferred');
    expect((await verdicts('nobody'))[0]).not.toHaveProperty('evidence.witness');
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
    const progress = { heard: () => undefined, early: () => undefined, unproven: () => undefined };
    const kinds = async () => (await all.ask([recipient('nobody')], progress)).map(({ kind }) => kind);
    expect(await kinds()).toEqual(['unknown']);
    expect(await kinds()).toEqual(['unknown']);
    expect(turnsOfAll).toEqual(['nobody', 'canary alice nobody canary alice', 'nobody canary alice']);
    mailboxes.delete('alice');
    expect(await kinds()).toEqual(['deferred']);
  });

  test('of which one failed behind a batch are all asked before the next', async () => {
    asker = askerWith(new Witness([recipient('canary'), recipient('alice')], ALARM));
    await ask('n1');
    mailboxes.delete('alice');
    expect(await ask('n2')).toEqual(['deferred']);
    before = (local, place) => {
      if (local === 'alice' && place > 1) mailboxes.set('alice', DELIVERABLE);
    };
    expect(await ask('n3')).toEqual(['deferred']);
    expect(turns.at(-1)).toBe('canary alice n3 canary alice');
  });

  test('of which one is denied itself do not vouch for it in the same turn', async () => {
    asker = askerWith(new Witness([recipient('canary'), recipient('alice')], ALARM));
    await ask('n1');
    before = (_, place) => {
      if (turns.length === 3 && place === 0) mailboxes.delete('alice');
      else mailboxes.set('alice', DELIVERABLE);
    };
    expect(await ask('alice')).toEqual(['deliverable']);
    expect(turns.slice(-2)).toEqual(['alice canary alice', 'alice canary alice']);
  });

  test('of which one is denied itself, beside others, do not vouch for it in the same turn', async () => {
    asker = askerWith(new Witness([recipient('canary'), recipient('alice')], ALARM));
    await ask('n1');
    before = (_, place) => {
      if (turns.length === 3 && place === 0) mailboxes.delete('alice');
      else mailboxes.set('alice', DELIVERABLE);
    };
    expect(await ask('alice', 'n2')).toEqual(['deliverable', 'unknown']);
    expect(turns.slice(-2)).toEqual(['alice n2 canary alice', 'alice n2 canary alice']);
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
    now += 21;
    early = [];
    expect(await ask('alice', 'nobody', 'full', 'closed', 'damaged')).toHaveLength(5);
    expect(early).toEqual(['alice deliverable', 'damaged deferred']);
  });

  test('is heard of each answer, those of the witness too', async () => {
    await ask('alice', 'nobody');
    expect(heard).toBe(5);
  });
});

// Who is asked in a murder, in which order, and what is believed of it; the master and its servers are played by hand.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Place } from '../../../../src/cyrus/mupdate/entries.js';
import { MurderProbe, type Master } from '../../../../src/cyrus/mupdate/murder-probe.js';
import { UnavailableError } from '../../../../src/errors.js';
import type { Probe } from '../../../../src/validation/probe.js';
import {
  DEFAULT_ADDRESS_RULES,
  parseKey,
  type AddressRules,
  type Recipient,
} from '../../../../src/validation/recipient.js';
import {
  DELIVERABLE,
  OVERQUOTA,
  REFUSED,
  UNKNOWN,
  type Verdict,
} from '../../../../src/validation/verdict.js';

const ABSENT: Place = { kind: 'absent' };
const UNSETTLED: Place = { kind: 'unsettled' };
const on = (server: string): Place => ({ kind: 'on', server });

function recipient(key: string, rules: AddressRules = DEFAULT_ADDRESS_RULES): Recipient {
  const parsed = parseKey(key, rules);
  if (parsed.kind !== 'recipient') throw new Error(`${key} is ${parsed.kind}`);
  return parsed.recipient;
}

/** What its subscribers have been told, and what it would tell at the next NOOP. */
class HandMaster implements Master {
  told = new Map<string, Place>();
  readonly untold = new Map<string, Place>();
  heard = true;
  noops = 0;
  readonly foreign = new Set<string>();
  readonly since = 5;
  readonly tried = Promise.resolve();
  onNoop = (): void => undefined;

  get state() {
    return {
      standing: 'current' as const,
      trouble: undefined,
      mailboxes: 0,
      lists: 1,
      noops: 0,
      answeredAt: 0,
      strangers: [],
    };
  }
  get current() {
    if (!this.heard) return undefined;
    return {
      find: (name: string) => this.told.get(name) ?? ABSENT,
      on: (server: string) =>
        [...this.told.values()].filter((each) => each.kind === 'on' && each.server === server).length,
    };
  }
  async barrier() {
    await Promise.resolve();
    this.noops += 1;
    this.onNoop();
    for (const [name, place] of this.untold) this.told.set(name, place);
    this.untold.clear();
    const { current } = this;
    if (current === undefined) throw new UnavailableError('the mupdate master cannot be asked: gone');
    return current;
  }
  close(): void {
    this.heard = false;
  }
}

class HandServer implements Probe {
  readonly acceptsEightBit = false;
  readonly verdicts = new Map<string, Verdict>();
  readonly asked: string[] = [];
  readonly name: string;
  error: Error | undefined;

  constructor(name: string) {
    this.name = name;
  }

  async check({ address }: Recipient): Promise<Verdict> {
    await Promise.resolve();
    this.asked.push(address);
    if (this.error !== undefined) throw this.error;
    return this.verdicts.get(address) ?? UNKNOWN;
  }
  drain = async () => undefined;
  close = async () => undefined;
}

let master: HandMaster;
let b1: HandServer;
let b2: HandServer;
let murder: MurderProbe;

beforeEach(() => {
  master = new HandMaster();
  [b1, b2] = [new HandServer('first'), new HandServer('second')];
  const canary = (key: string) => [recipient(key)];
  const servers = [
    { name: 'b1', probe: b1, canaries: canary('canary1@example.jp') },
    { name: 'b2', probe: b2, canaries: canary('canary2@example.jp') },
  ];
  murder = new MurderProbe('murder', master, servers, () => performance.now());
  list('canary1', 'b1');
  list('canary2', 'b2');
  list('alice', 'b1', b1);
  list('carol', 'b2', b2);
});

function list(local: string, server: string, has?: HandServer): void {
  master.told.set(`example.jp!user.${local.replaceAll('.', '^')}`, on(server));
  has?.verdicts.set(`${local}@example.jp`, DELIVERABLE);
}

async function ask(key: string, rules?: AddressRules): Promise<string> {
  const { verdict, by } = await murder.search(recipient(key, rules), performance.now() + 1_000);
  return verdict.kind === 'deferred' ? `deferred: ${verdict.reason}` : `${verdict.kind} by ${by.name}`;
}

describe('who is on the list', () => {
  test('is asked about where he is, and nowhere else, without a word to the master', async () => {
    expect(await ask('alice@example.jp')).toBe('deliverable by first');
    expect([b1.asked, b2.asked, master.noops]).toEqual([['alice@example.jp'], [], 0]);
  });

  test('is asked for by each name that leads to his mailbox', async () => {
    list('first.last', 'b2', b2);
    master.told.set('user.home', on('b1'));
    b1.verdicts.set('home@example.net', DELIVERABLE);
    expect(await ask('first.last@example.jp')).toBe('deliverable by second');
    expect(await ask('home@example.net', { ...DEFAULT_ADDRESS_RULES, defaultDomain: 'example.net' })).toBe(
      'deliverable by first',
    );
    expect(master.noops).toBe(0);
  });

  test.each([
    ['over quota', OVERQUOTA, 'overquota by first'],
    ['refused', REFUSED, 'refused by first'],
  ])('is %s by the word of his server', async (_, verdict, said) => {
    b1.verdicts.set('alice@example.jp', verdict);
    expect(await ask('alice@example.jp')).toBe(said);
  });

  test('cannot be told of while his server is away, so that who is known is served', async () => {
    b1.error = new UnavailableError('away');
    await expect(ask('alice@example.jp')).rejects.toThrow('away');
    expect(b2.asked).toEqual([]);
  });

  test('and was moved a moment ago is found where he is now', async () => {
    b1.verdicts.clear();
    b2.verdicts.set('alice@example.jp', DELIVERABLE);
    master.untold.set('example.jp!user.alice', on('b2'));
    expect(await ask('alice@example.jp')).toBe('deliverable by second');
    expect(master.noops).toBe(1);
  });

  test('and was deleted a moment ago is unknown, once all have said so', async () => {
    b1.verdicts.clear();
    master.untold.set('example.jp!user.alice', ABSENT);
    expect(await ask('alice@example.jp')).toBe('unknown by murder');
    expect(b2.asked).toEqual(['alice@example.jp']);
  });

  test('and lacks at his server, as where that lost its mailboxes, is deferred', async () => {
    b1.verdicts.clear();
    expect(await ask('alice@example.jp')).toBe(
      'deferred: the mupdate master lists the mailbox on b1, and no server has it',
    );
  });

  test('and is on another server than the list says is found there', async () => {
    b1.verdicts.clear();
    b2.verdicts.set('alice@example.jp', DELIVERABLE);
    expect(await ask('alice@example.jp')).toBe('deliverable by second');
  });

  test('on a server that is not named is deferred, and nobody is asked', async () => {
    list('dave', 'b3');
    expect(await ask('dave@example.jp')).toBe(
      'deferred: the mailbox is on b3, which backchannel.murder.servers does not name',
    );
    expect([b1.asked, b2.asked]).toEqual([[], []]);
  });

  test.each([
    ['a server has it', DELIVERABLE, 'deliverable by second'],
    [
      'none has',
      UNKNOWN,
      'deferred: the mupdate master lists the mailbox as being made or moved, and no server has it',
    ],
  ])('while he is being made or moved: %s', async (_, verdict, said) => {
    master.told.set('example.jp!user.dave', UNSETTLED);
    b2.verdicts.set('dave@example.jp', verdict);
    expect(await ask('dave@example.jp')).toBe(said);
  });
});

describe('who is not on the list', () => {
  test('is unknown where the master was asked after the question, and every server denies him', async () => {
    expect(await ask('nobody@example.jp')).toBe('unknown by murder');
    expect([b1.asked, b2.asked, master.noops]).toEqual([['nobody@example.jp'], ['nobody@example.jp'], 1]);
  });

  test('and was made a moment ago is found', async () => {
    master.untold.set('example.jp!user.dave', on('b2'));
    b2.verdicts.set('dave@example.jp', DELIVERABLE);
    expect(await ask('dave@example.jp')).toBe('deliverable by second');
    expect(b1.asked).toEqual([]);
  });

  test('and is made between the NOOP and the question to his server is found', async () => {
    master.onNoop = () => {
      if (master.noops === 2) master.untold.set('example.jp!user.dave', on('b2'));
    };
    b2.verdicts.set('dave@example.jp', DELIVERABLE);
    expect(await ask('dave@example.jp')).toBe('deliverable by second');
    expect(master.noops).toBe(2);
  });

  test('and has a mailbox all the same is deferred: the list is not whole', async () => {
    b2.verdicts.set('dave@example.jp', DELIVERABLE);
    expect(await ask('dave@example.jp')).toBe(
      'deferred: second has the mailbox, and the mupdate master does not list example.jp!user.dave',
    );
  });

  test('is deferred where the list lacks the witness of a server, and nobody is asked', async () => {
    master.told.delete('example.jp!user.canary2');
    expect(await ask('nobody@example.jp')).toBe(
      'deferred: the mupdate master does not list the witness canary2@example.jp on b2: it may have lost its list',
    );
    expect([b1.asked, b2.asked]).toEqual([[], []]);
  });

  test('is deferred where the witness of a server is on another one', async () => {
    list('canary2', 'b1');
    expect(await ask('nobody@example.jp')).toContain('does not list the witness canary2@example.jp on b2');
  });

  test('is deferred where nothing is listed on a server that has no canary', async () => {
    murder = new MurderProbe(
      'murder',
      master,
      [
        { name: 'b1', probe: b1, canaries: [] },
        { name: 'b3', probe: b2, canaries: [] },
      ],
      () => performance.now(),
    );
    expect(await ask('nobody@example.jp')).toBe(
      'deferred: the mupdate master lists no mailbox on b3: it may have lost its list',
    );
    list('dave', 'b3');
    expect(await ask('nobody@example.jp')).toBe('unknown by murder');
  });

  test('is deferred where a server cannot be asked, also if he is known', async () => {
    b2.error = new UnavailableError('away');
    expect(await ask('nobody@example.jp')).toBe('deferred: away');
  });

  test('is deferred once a server was seen that is not named, whatever the list says now', async () => {
    master.foreign.add('b3');
    expect(await ask('nobody@example.jp')).toBe(
      'deferred: the murder has the server b3, which backchannel.murder.servers does not name',
    );
    expect(await ask('alice@example.jp')).toBe('deliverable by first');
  });

  test('is deferred where the master does not answer the NOOP', async () => {
    master.onNoop = () => master.close();
    expect(await ask('nobody@example.jp')).toBe('deferred: the mupdate master cannot be asked: gone');
  });
});

describe('while the master is not heard', () => {
  beforeEach(() => {
    master.heard = false;
  });

  test('every server is asked, and whom one has is found', async () => {
    expect(await ask('carol@example.jp')).toBe('deliverable by second');
  });

  test('nobody is unknown', async () => {
    expect(await ask('nobody@example.jp')).toBe('deferred: the mupdate master cannot be asked: gone');
  });

  test('no "no" of before is believed', () => {
    expect(murder.proof.deferUnknown).toBe(true);
    master.heard = true;
    expect(murder.proof.deferUnknown).toBe(false);
    expect([murder.proof.floor(9), murder.proof.vouchesForUnknown]).toEqual([5, false]);
  });
});

describe('a name that the list cannot decide', () => {
  test.each(['postmaster@example.jp', "o'hara@example.jp", 'a..b@example.jp'])(
    '%s is asked of every server, and unknown only with the master and the witnesses',
    async (key) => {
      expect(await ask(key)).toBe('unknown by murder');
      expect([...b1.asked, ...b2.asked]).toContain(key);
      master.told.delete('example.jp!user.canary2');
      expect(await ask(key)).toContain('does not list the witness');
      b2.verdicts.set(key, DELIVERABLE);
      expect(await ask(key)).toBe('deliverable by second');
    },
  );
});

describe('the end', () => {
  test('waits for the questions under way, then closes the subscription', async () => {
    const asked = ask('nobody@example.jp');
    const drained = murder.drain();
    expect(await asked).toBe('unknown by murder');
    await drained;
    expect(master.heard).toBe(false);
  });
});

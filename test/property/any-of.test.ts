// Servers that share a domain, whatever they say, in whatever order, and whatever fails: unknown only where every one of them
// denied it twice, the second time after all had denied it once. So a mailbox that is moved meanwhile is never unknown.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UnavailableError } from '../../src/errors.js';
import { AnyOfProbe } from '../../src/validation/any-of-probe.js';
import type { Found, Probe } from '../../src/validation/probe.js';
import { DEFAULT_ADDRESS_RULES, parseKey, type Recipient } from '../../src/validation/recipient.js';
import {
  deferred,
  DELIVERABLE,
  OVERQUOTA,
  REFUSED,
  UNKNOWN,
  type Verdict,
} from '../../src/validation/verdict.js';

type Said = Verdict | Error;
type Question = { readonly server: number; readonly put: number; answered: number; said: Said | undefined };

const WITNESS_GONE = deferred('the witness mailbox is unknown');
const ALICE = recipient('alice@example.jp');

/** Answers are given by hand, so that every order can happen. */
class World {
  readonly questions: Question[] = [];
  readonly #answers: ((said: Said) => void)[] = [];
  #step = 0;

  server(server: number): Probe {
    return {
      name: `b${server}`,
      acceptsEightBit: false,
      check: () =>
        new Promise((resolve, reject) => {
          const question: Question = { server, put: ++this.#step, answered: Infinity, said: undefined };
          this.questions.push(question);
          this.#answers.push((said) => {
            question.said = said;
            question.answered = ++this.#step;
            if (said instanceof Error) reject(said);
            else resolve(said);
          });
        }),
      drain: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
  }

  get open(): readonly Question[] {
    return this.questions.filter(({ said }) => said === undefined);
  }

  answer(question: Question, said: Said): void {
    this.#answers[this.questions.indexOf(question)]?.(said);
  }
}

test('unknown is what all said twice with their witnesses, a yes what one said', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 4 }),
      fc.option(fc.nat(3), { nil: undefined }),
      fc.array(
        fc.tuple(
          fc.nat(9),
          fc.constantFrom<Said>(
            ...[UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, DELIVERABLE, OVERQUOTA, REFUSED],
            ...[WITNESS_GONE, new UnavailableError('down')],
          ),
        ),
        { minLength: 12, maxLength: 12 },
      ),
      async (size, homeAt, answers) => {
        const world = new World();
        const members = Array.from({ length: size }, (_, i) => world.server(i));
        const anyOf = new AnyOfProbe(members, () => 0, 0);
        const home = homeAt === undefined ? undefined : members[homeAt];
        const search = settled(anyOf.search(ALICE, 1_000_000, undefined, home));
        for (const [which, said] of answers) {
          await turns();
          const question = world.open[which % Math.max(1, world.open.length)];
          if (question === undefined || search.done) break;
          world.answer(question, said);
        }
        await turns();
        if (search.result !== undefined) judge(search.result, world.questions, members, anyOf);
        for (const question of world.open) world.answer(question, UNKNOWN);
        await turns();
        for (const question of world.open) world.answer(question, UNKNOWN);
        await search.end;
      },
    ),
    { numRuns: 3000 },
  );
});

function judge(
  { verdict, by }: Found,
  asked: readonly Question[],
  members: readonly Probe[],
  all: Probe,
): void {
  const last = members.map((_, server) => asked.filter((each) => each.server === server));
  const said = (kind: Verdict['kind']) =>
    asked.filter((each) => each.said !== undefined && 'kind' in each.said && each.said.kind === kind);
  switch (verdict.kind) {
    case 'deliverable':
    case 'overquota':
      expect(said(verdict.kind).map(({ server }) => members[server])).toContain(by);
      return;
    case 'unknown': {
      expect(by).toBe(all);
      const rounds = last.map((each) => each.slice(-2));
      const first = Math.max(...rounds.map(([one]) => one?.answered ?? Infinity));
      for (const [one, two] of rounds) {
        expect(kindOf(one)).toBe('unknown');
        expect(kindOf(two)).toBe('unknown');
        expect(two?.put).toBeGreaterThan(first);
      }
      return;
    }
    case 'refused':
      expect(by).toBe(all);
      expect(said('refused')).not.toEqual([]);
      for (const each of last) expect(['unknown', 'refused']).toContain(kindOf(each.at(-1)));
      return;
    case 'deferred':
      expect(said('deliverable')).toEqual([]);
  }
}

test('a mailbox that is moved once while it is asked about is never unknown', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 4 }),
      fc.tuple(fc.nat(3), fc.nat(3), fc.option(fc.nat(3), { nil: undefined })),
      fc.nat(12),
      fc.array(fc.nat(9), { minLength: 14, maxLength: 14 }),
      async (size, [from, to, homeAt], moved, order) => {
        const world = new World();
        const members = Array.from({ length: size }, (_, i) => world.server(i));
        const home = homeAt === undefined ? undefined : members[homeAt];
        const search = settled(new AnyOfProbe(members, () => 0, 0).search(ALICE, 1_000_000, undefined, home));
        let step = 0;
        for (const which of order) {
          await turns();
          const question = world.open[which % Math.max(1, world.open.length)];
          if (question === undefined || search.done) break;
          const at = (step++ < moved ? from : to) % size;
          world.answer(question, question.server === at ? DELIVERABLE : UNKNOWN);
        }
        await search.end;
        expect(search.result?.verdict.kind).toBe('deliverable');
        for (const question of world.open) world.answer(question, UNKNOWN);
      },
    ),
    { numRuns: 3000 },
  );
});

function settled(work: Promise<Found>) {
  const state: { done: boolean; result: Found | undefined; end: Promise<void> } = {
    done: false,
    result: undefined,
    end: Promise.resolve(),
  };
  state.end = work.then(
    (result) => void Object.assign(state, { done: true, result }),
    () => void Object.assign(state, { done: true }),
  );
  return state;
}

/** Until everything that waits for answers has gone on. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

function kindOf(question: Question | undefined): Verdict['kind'] | undefined {
  const said = question?.said;
  return said !== undefined && 'kind' in said ? said.kind : undefined;
}

function recipient(key: string): Recipient {
  const parsed = parseKey(key, DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(key);
  return parsed.recipient;
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Peer, reply, request, startRig, turns, type Rig } from '../integration/socketmap-rig.js';

/** Sendmail's, after which it takes a reply for that to its next question. */
const GIVEN_UP_MS = 30_000;

type Step =
  | { readonly what: 'ask'; readonly kind: 'known' | 'nobody' | 'later' }
  | { readonly what: 'answer'; readonly which: number }
  | { readonly what: 'pass' | 'standStill'; readonly seconds: number }
  | { readonly what: 'babble' | 'begin' | 'stop' };

const seconds = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(9, 10, 11, 24, 25, 26, 28, 29, 30));

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ what: fc.constant('ask'), kind: fc.constantFrom('known', 'nobody', 'later') }),
    },
    { weight: 4, arbitrary: fc.record({ what: fc.constant('answer'), which: fc.nat({ max: 20 }) }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('pass', 'standStill'), seconds }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('babble', 'begin', 'stop') }) },
  ),
  { maxLength: 25, size: 'max' },
);

/** One conversation, and when its questions were asked and its replies came. */
class Conversation {
  readonly #rig: Rig;
  readonly #peer: Peer;
  #now = 0;
  readonly asked: { readonly key: string; readonly at: number }[] = [];
  /** How much had been received when; the first of each length. */
  readonly received: { readonly length: number; readonly at: number }[] = [];
  #broken = false;

  constructor(rig: Rig, peer: Peer) {
    this.#rig = rig;
    this.#peer = peer;
  }

  async take(step: Step): Promise<void> {
    switch (step.what) {
      case 'ask':
        if (this.#broken) return;
        this.asked.push({ key: `${step.kind}${this.asked.length}`, at: this.#now });
        return this.#peer.send(request(this.asked.at(-1)?.key ?? ''));
      case 'answer':
        this.#rig.lookup.answer(
          this.#rig.lookup.asked.at(step.which % (this.#rig.lookup.asked.length || 1)) ?? '',
        );
        return;
      case 'pass':
        for (let left = step.seconds; left > 0; left--) {
          await this.settle();
          this.#rig.pass(1000);
          this.#now += 1000;
        }
        return this.settle();
      case 'standStill':
        this.#rig.standStill(step.seconds * 1000);
        this.#now += step.seconds * 1000;
        return this.settle();
      case 'babble':
        this.#broken = true;
        return this.#peer.send('x');
      case 'begin':
        this.#broken = true;
        return this.#peer.send('9:cyrus');
      case 'stop':
        void this.#rig.server.stop(GIVEN_UP_MS);
        return this.settle();
    }
  }

  async settle(): Promise<void> {
    await turns(5);
    const { length } = this.#peer.received;
    if (length > (this.received.at(-1)?.length ?? 0)) this.received.push({ length, at: this.#now });
  }
}

describe('a connection, whatever ends it,', () => {
  test('brings whole replies to the first of its requests, in order and in time, one more at most that says what was wrong, and then nothing', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), async (taken, maxPerTurn) => {
        const rig = await startRig({ idleTimeoutMs: 60_000, lingerTimeoutMs: 120_000, maxPerTurn });
        const peer = await rig.connect();
        const conversation = new Conversation(rig, peer);
        for (const step of taken) await conversation.take(step);
        await conversation.settle();
        const got = peer.received;

        const expected = conversation.asked.map(({ key }) => reply(key));
        let replies = 0;
        let at = 0;
        while (replies < expected.length && got.startsWith(expected[replies] ?? '', at)) {
          at += expected[replies]?.length ?? 0;
          const came = conversation.received.find(({ length }) => length >= at)?.at ?? Infinity;
          expect(came - (conversation.asked[replies]?.at ?? 0)).toBeLessThan(GIVEN_UP_MS);
          replies += 1;
        }
        expect(got.slice(at)).toMatch(/^(\d+:TEMP not a netstring: [ -~]*,)?$/);
        if (at < got.length) expect(replies).toBe(expected.length);

        const { requests } = rig.server.counters;
        const over = peer.socket.readableEnded;
        peer.send(request('known'));
        await turns();
        if (over) expect([peer.received, rig.server.counters.requests]).toEqual([got, requests]);
        rig.pass(GIVEN_UP_MS);
        await rig.server.stop(0);
      }),
      { numRuns: 300 },
    );
  });
});

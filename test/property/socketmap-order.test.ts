import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reply, request, startRig, turns } from '../integration/socketmap-rig.js';

/** A conversation: keys in the order they are asked, where the stream is cut, in which order the answers come. */
const conversations = fc
  .array(fc.constantFrom('known', 'nobody', 'later'), { minLength: 1, maxLength: 12 })
  .map((kinds) => kinds.map((kind, i) => `${kind}${i}@example.jp`))
  .chain((keys) => {
    const asked = keys.filter((key) => key.startsWith('later'));
    return fc.record({
      keys: fc.constant(keys),
      cuts: fc.array(fc.nat({ max: 400 }), { maxLength: 6 }),
      answers: fc.shuffledSubarray(asked, { minLength: asked.length, maxLength: asked.length }),
      maxWaiting: fc.integer({ min: 1, max: 5 }),
      maxPerTurn: fc.integer({ min: 1, max: 5 }),
    });
  });

describe('a connection', () => {
  test('gives each request its own reply, in order, however the stream is cut and whenever the answers come', async () => {
    await fc.assert(
      fc.asyncProperty(conversations, async ({ keys, cuts, answers, maxWaiting, maxPerTurn }) => {
        const { connect, lookup, server } = await startRig({ maxWaiting, maxPerTurn });
        const peer = await connect();
        const bytes = keys.map((key) => request(key)).join('');
        let at = 0;
        for (const cut of cuts.toSorted((a, b) => a - b)) {
          peer.send(bytes.slice(at, cut));
          at = Math.max(at, cut);
          await turns(1);
        }
        peer.socket.end(bytes.slice(at), 'latin1');

        const left = [...answers];
        while (left.length > 0) {
          await lookup.hasAsked(answers.length - left.length + 1);
          const open = left.filter((key) => lookup.asked.includes(key));
          for (const key of open) {
            lookup.answer(key);
            left.splice(left.indexOf(key), 1);
            await turns(1);
          }
        }
        expect(await peer.closed()).toBe(keys.map(reply).join(''));
        await server.stop(0);
      }),
      { numRuns: 60 },
    );
  });
});

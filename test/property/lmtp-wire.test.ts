// Whatever a wire does to the replies of lmtpd, short of inventing them: nobody is accepted who does not exist, nobody is refused who
// does, and everybody is answered in time. LMTP counts replies, so one that comes twice shifts all that follow.
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HostileWire, type Harm } from '../fakes/hostile-wire.js';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { Rig, standStill, temporaryFolder } from '../integration/lmtp-rig.js';

standStill();

const DEADLINE_MS = 5_000;
/** Local parts that exist have an even number. */
const MAILBOXES = 40;
/** From one question to the next at most, so that batches follow each other while replies are late. */
const PAUSES_MS = [0, 1, 5, 60, 130, 300];

const at = fc.double({ min: 0, max: 1, noNaN: true });
const afterMs = fc.constantFrom(0, 1, 20, 90, 120, 200, 300, 700, 2_000);
const harm: fc.Arbitrary<Harm> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('none') }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('twice'), afterMs }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('line twice'), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('late'), afterMs }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('in pieces'), at, afterMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut'), at }) },
);
const crowd = fc.record({
  locals: fc.array(fc.nat(MAILBOXES - 1), { minLength: 1, maxLength: 12 }),
  pauseMs: fc.constantFrom(...PAUSES_MS),
});

async function answersOf(
  harms: readonly Harm[],
  crowds: readonly { readonly locals: readonly number[]; readonly pauseMs: number }[],
  buffering: boolean,
): Promise<string[]> {
  const folder = temporaryFolder();
  const lmtpd = await LmtpServer.listen(join(folder, 'lmtp'));
  lmtpd.buffering = buffering;
  lmtpd.mailboxes.set('canary@example.jp', REPLIES.deliverable);
  for (let i = 0; i < MAILBOXES; i += 2) lmtpd.mailboxes.set(`u${i}@example.jp`, REPLIES.deliverable);
  let place = 0;
  const wire = await HostileWire.listen(join(folder, 'wire'), join(folder, 'lmtp'), () => {
    place += 1;
    // The greeting and the reply to LHLO are let through, so that there is a session at all.
    return lmtpd.commands.some((command) => command.startsWith('RCPT'))
      ? (harms[place % harms.length] ?? { kind: 'none' })
      : { kind: 'none' };
  });
  const rig = await Rig.behind(lmtpd, wire.endpoint);
  const wrong: string[] = [];
  const asked: Promise<void>[] = [];
  let answered = 0;
  for (const { locals, pauseMs } of crowds) {
    rig.validator.forgetAll();
    for (const local of locals) {
      const question = rig.ask(`u${local}@example.jp`).outcome.then((said) => {
        answered += 1;
        const opposite = local % 2 === 0 ? 'unknown' : 'deliverable';
        if (said.startsWith(opposite)) wrong.push(`u${local}: ${said}`);
      });
      asked.push(question);
    }
    await rig.pass(pauseMs);
  }
  for (let passed = 0; passed < DEADLINE_MS && answered < asked.length; passed += 100) await rig.pass(100);
  if (answered < asked.length) wrong.push(`${asked.length - answered} without an answer`);
  await Promise.all(rig.backchannels.probes.map((probe) => probe.close()));
  await wire.stop();
  await lmtpd.stop();
  return wrong;
}

test('a reply that comes twice is nobody’s yes and nobody’s no', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(harm, { minLength: 1, maxLength: 8 }),
      fc.array(crowd, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      async (harms, crowds, buffering) => {
        expect(await answersOf(harms, crowds, buffering)).toEqual([]);
      },
    ),
    { numRuns: Number(process.env['WIRE_RUNS'] ?? 200) },
  );
}, 120_000);

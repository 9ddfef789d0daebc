import { expect, test, vi } from 'vitest';
import { DEFAULT_ADDRESS_RULES, parseKey } from '../../../src/validation/recipient.js';
import type { Probe } from '../../../src/validation/probe.js';
import { ReplicaProbe } from '../../../src/validation/replica-probe.js';
import { DELIVERABLE, deferred, OVERQUOTA, REFUSED, UNKNOWN } from '../../../src/validation/verdict.js';
import { HandProbe } from '../../fakes/hand-probe.js';

test.each([
  [DELIVERABLE, 'deliverable'],
  [OVERQUOTA, 'overquota'],
  [deferred('not now'), 'deferred'],
  [UNKNOWN, 'deferred'],
  [REFUSED, 'deferred'],
])('a replica may say yes and over quota, and what it lacks is deferred: %j', async (said, kind) => {
  const probe = new HandProbe();
  const replica = new ReplicaProbe(probe);
  const parsed = parseKey('alice@example.jp', DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.kind);
  const verdict = replica.check(parsed.recipient, 1000);
  probe.answer('alice@example.jp', said);
  expect((await verdict).kind).toBe(kind);
});

test('a replica knows only what was used some time ago: it judges no size', () => {
  const probe = new HandProbe();
  probe.judgesSize = true;
  const replica: Probe = new ReplicaProbe(probe);
  expect(replica.judgesSize).toBeUndefined();
});

test('a replica says what Cyrus said of a mailbox that it lacks', async () => {
  const probe = new HandProbe();
  const parsed = parseKey('alice@example.jp', DEFAULT_ADDRESS_RULES);
  if (parsed.kind !== 'recipient') throw new Error(parsed.kind);
  const verdict = new ReplicaProbe(probe).check(parsed.recipient, 1000);
  probe.answer('alice@example.jp', { kind: 'unknown', evidence: { backchannel: 'copy' } });
  expect(await verdict).toMatchObject({ kind: 'deferred', evidence: { backchannel: 'copy' } });
});

test.each([true, false])(
  'a replica has the name of its server, and can be asked what that can: %j',
  (can) => {
    const probe = Object.assign(new HandProbe('copy'), {
      acceptsEightBit: can,
      asksEightBit: can,
      seesFolders: can,
    });
    const { name, acceptsEightBit, asksEightBit, seesFolders } = new ReplicaProbe(probe);
    expect([name, acceptsEightBit, asksEightBit, seesFolders]).toEqual(['copy', can, can, can]);
  },
);

test('a replica does not close its server', async () => {
  const probe = new HandProbe();
  const closed = [vi.spyOn(probe, 'drain'), vi.spyOn(probe, 'close')];
  const replica: Probe = new ReplicaProbe(probe);
  await expect(replica.drain()).resolves.toBeUndefined();
  await expect(replica.close()).resolves.toBeUndefined();
  for (const each of closed) expect(each).not.toHaveBeenCalled();
});

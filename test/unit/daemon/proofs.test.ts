// Whose events are whose: a Cyrus that pushes nothing to us is not believed as if it did.
import { describe, expect, test } from 'vitest';
import { buildBackchannels } from '../../../src/backchannels/build.js';
import { pushers, vouchedFor } from '../../../src/daemon/proofs.js';
import { silentLog } from '../../../src/log/log.js';
import { HandProof } from '../../fakes/hand-proof.js';
import { configured } from './configured.js';

const EVENTS = '[events]\nlisten = "unix:/run/events/socket"\n';

async function pushing(events: string, backchannels: Readonly<Record<string, string>>): Promise<string[]> {
  const [first = ''] = Object.keys(backchannels);
  const tables = Object.entries(backchannels).map(
    ([name, endpoint]) => `[backchannel.${name}]\ntype = "lmtp"\nendpoint = "${endpoint}"\n`,
  );
  const config = await configured(`domains = { "*" = "${first}" }\n${EVENTS}${events}\n${tables.join('')}`);
  return config.events === undefined ? [] : [...pushers(config.events, config.backchannels)];
}

describe('events are those of', () => {
  test('the back-channels that can be on this machine', async () => {
    const all = { a: 'unix:/lmtp', b: 'inet:24@127.0.0.1', far: 'inet:24@192.0.2.1' };
    expect(await pushing('', all)).toEqual(['a', 'b']);
  });

  test('all of a single far host', async () => {
    expect(await pushing('', { a: 'inet:24@Mail.test', b: 'inet:25@mail.test' })).toEqual(['a', 'b']);
  });

  test('none of several far hosts', async () => {
    expect(await pushing('', { a: 'inet:24@one.test', b: 'inet:24@two.test' })).toEqual([]);
  });

  test('those that the configuration names', async () => {
    const all = { a: 'unix:/lmtp', far: 'inet:24@192.0.2.1' };
    expect(await pushing('backchannels = ["far"]', all)).toEqual(['far']);
    await expect(pushing('backchannels = ["nobody"]', all)).rejects.toThrow(
      /events.backchannels\[1\] is "nobody": must be the name of a back-channel to Cyrus: a, far/,
    );
  });
});

describe('servers that share a domain', () => {
  const SHARED = `domains = { "example.jp" = ["b1", "b2"], "example.net" = ["b2", "b1"] }
${EVENTS}backchannels = ["b1"]
[backchannel.b1]
type = "lmtp"
endpoint = "inet:24@b1.test"
[backchannel.b2]
type = "lmtp"
endpoint = "inet:24@b2.test"
`;

  async function built(text: string) {
    const config = await configured(text);
    const surroundings = { log: silentLog, now: () => 0, random: () => 0 };
    const backchannels = await buildBackchannels(config, surroundings);
    return { config, backchannels, again: () => buildBackchannels(config, surroundings, backchannels) };
  }

  test('are one word together, in whatever order they are named, over reloads too', async () => {
    const { backchannels, again } = await built(SHARED);
    expect(backchannels.shared.map(({ name }) => name)).toEqual(['b1, b2']);
    expect(backchannels.route('example.net')).toBe(backchannels.route('example.jp'));
    expect((await again()).route('example.jp')).toBe(backchannels.route('example.jp'));
  });

  test('of which one is followed over Valkey: a yes is believed as if it pushed its events to us, and no "no" is', async () => {
    const text = `${SHARED.replace('[backchannel.b2]', '[backchannel.b2]\nstream = "two"')}\n[fleet]\nurl = "valkey://h"\n`;
    const { config, backchannels } = await built(text);
    const stream = new HandProof();
    const [b1, b2] = vouchedFor(config, backchannels, {
      events: undefined,
      clock: undefined,
      stream: (name) => (name === 'two' ? stream : undefined),
    });
    expect([b1, b2].map((each) => each?.proof === stream)).toEqual([false, true]);
    expect(b1?.belief.knownMs).toBe(config.cache.knownTtlMs);
    expect(b2?.belief).toMatchObject({ knownMs: config.cache.snapshotIntervalMs, negativeMs: 0 });
  });

  test('vouch for a no only where each would tell of its end, and are believed no longer than the least', async () => {
    const { config, backchannels } = await built(SHARED);
    const tellers = { events: new HandProof(), clock: undefined };
    const [b1, b2, both] = vouchedFor(config, backchannels, tellers);
    expect([b1, b2, both].map((each) => each?.proof.vouchesForUnknown)).toEqual([true, false, false]);
    expect(both?.belief.knownMs).toBe(b2?.belief.knownMs);
    expect(both?.belief.knownMs).toBeLessThan(b1?.belief.knownMs ?? 0);
    const all = vouchedFor(
      { ...config, events: config.events && { ...config.events, backchannels: ['b1', 'b2'] } },
      backchannels,
      tellers,
    );
    expect(all.map(({ proof }) => proof.vouchesForUnknown)).toEqual([true, true, true]);
  });
});

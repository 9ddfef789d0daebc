// Whose events are whose: a Cyrus that pushes nothing to us is not believed as if it did.
import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { buildBackchannels, type Backchannels } from '../../../src/backchannels/build.js';
import { beliefOf } from '../../../src/daemon/belief.js';
import { pushers, vouchedFor } from '../../../src/daemon/proofs.js';
import { silentLog } from '../../../src/log/log.js';
import { HandProof } from '../../fakes/hand-proof.js';
import type { Vouched } from '../../../src/validation/vouchers.js';
import { configured, pathOf } from './configured.js';

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

const open: Backchannels[] = [];
afterEach(async () => {
  for (const { probes } of open.splice(0)) await Promise.all(probes.map((probe) => probe.close()));
});

/** What vouches for each back-channel of a configuration, by its name. */
async function vouchers(text: string, tellers: Partial<Parameters<typeof vouchedFor>[2]> = {}) {
  const config = await configured(text);
  const surroundings = { log: silentLog, now: () => 0, random: () => 0 };
  const backchannels = await buildBackchannels(config, surroundings);
  open.push(backchannels);
  const all = vouchedFor(config, backchannels, { events: undefined, clock: undefined, ...tellers });
  const of = (name: string): Vouched => {
    const found = all.find(({ probe }) => probe.name === name);
    if (found === undefined) throw new Error(`nothing vouches for ${name}`);
    return found;
  };
  return { of, all, config, backchannels };
}

const lmtp = (name: string, endpoint: string, more = ''): string =>
  `[backchannel.${name}]\ntype = "lmtp"\nendpoint = "${endpoint}"\n${more}`;

/** A list of aliases, with so many names. */
function list(name: string, names: number): string {
  writeFileSync(pathOf(name), Array.from({ length: names }, (_, i) => `a${i}@example.jp x\n`).join(''));
  return `[backchannel.${name}]\ntype = "list"\nformat = "virtual"\nfile = "${pathOf(name)}"\n`;
}

describe('the word of a Cyrus is the same over a reload', () => {
  const ONE = 'domains = { "*" = "one" }\n';
  const two = (endpoint: string): string => lmtp('two', endpoint);
  const wordOf = async (text: string): Promise<string | undefined> => (await vouchers(text)).of('one').word;

  test('that changes anything but who is asked', async () => {
    const before = await wordOf(ONE + lmtp('one', 'inet:24@h'));
    expect(before).toBeDefined();
    expect(await wordOf(ONE + lmtp('one', 'inet:24@h', 'reply_timeout = "3s"\n'))).toBe(before);
    expect(await wordOf(ONE + lmtp('one', 'inet:24@h') + two('inet:24@i'))).toBe(before);
    expect(await wordOf(ONE + lmtp('one', 'inet:25@h'))).not.toBe(before);
  });

  test('that leaves who steps in for it', async () => {
    const paired = (endpoint: string): string =>
      ONE + lmtp('one', 'inet:24@h', 'second = "two"\n') + two(endpoint);
    const before = await wordOf(paired('inet:24@i'));
    expect(await wordOf(paired('inet:24@i'))).toBe(before);
    expect(await wordOf(paired('inet:24@j'))).not.toBe(before);
    expect(await wordOf(ONE + lmtp('one', 'inet:24@h'))).not.toBe(before);
  });

  test('never, where a list steps in: its names may be others', async () => {
    const text = ONE + lmtp('one', 'inet:24@h', 'second = "aliases"\n') + list('aliases', 1);
    expect(await wordOf(text)).toBeUndefined();
  });

  test('in a murder too, as long as its master and its servers are the same', async () => {
    writeFileSync(pathOf('password'), 'secret', { mode: 0o600 });
    const murder = (port: number, servers: string): string =>
      `domains = { "*" = "murder" }\n[backchannel.murder]\ntype = "mupdate"\nendpoint = "inet:${port}@127.0.0.1"\nuser = "u"\npassword_file = "${pathOf('password')}"\nservers = { ${servers} }\n${lmtp('one', 'inet:24@h')}${two('inet:24@i')}`;
    const ofMurder = async (text: string): Promise<string | undefined> =>
      (await vouchers(text)).of('murder').word;
    const before = await ofMurder(murder(1, '"h" = "one"'));
    expect(before).toBeDefined();
    expect(await ofMurder(murder(1, '"h" = "one"'))).toBe(before);
    expect(await ofMurder(murder(2, '"h" = "one"'))).not.toBe(before);
    expect(await ofMurder(murder(1, '"h" = "one", "i" = "two"'))).not.toBe(before);
  });
});

describe('in a murder', () => {
  test('the list of the master vouches, and outdates what each of its servers said; a "no" of theirs is not its', async () => {
    writeFileSync(pathOf('password'), 'secret', { mode: 0o600 });
    const text = `domains = { "example.jp" = "murder", "example.org" = "second", "example.net" = "alone", "example.com" = "mine" }
${EVENTS}[backchannel.murder]
type = "mupdate"
endpoint = "inet:1@127.0.0.1"
user = "u"
password_file = "${pathOf('password')}"
servers = { "h" = "one" }
[backchannel.second]
type = "mupdate"
endpoint = "inet:2@127.0.0.1"
user = "u"
password_file = "${pathOf('password')}"
servers = { "i" = "mine" }
${lmtp('one', 'inet:24@192.0.2.1')}${lmtp('alone', 'inet:24@192.0.2.2')}${lmtp('mine', 'unix:/run/lmtp')}`;
    const { of, config, backchannels } = await vouchers(text, { events: new HandProof() });
    const [murder] = backchannels.murders;
    const { proof, belief } = of('murder');
    expect(proof).toBe(murder?.probe.proof);
    expect(of('second').proof).toBe(backchannels.murders[1]?.probe.proof);
    expect(of('second').proof).not.toBe(proof);
    expect(belief).toEqual(beliefOf(config.cache, undefined, false));
    vi.spyOn(proof, 'floor').mockImplementation((now) => now - 7);
    expect(of('one').proof.floor(100)).toBe(93);
    expect(of('one').proof.describe()).toBe(proof.describe());
    expect(of('one').proof.vouchesForUnknown).toBe(false);
    expect(of('alone').proof.floor(1)).toBe(-Infinity);
  });
});

describe('a list', () => {
  test('vouches for itself, and is asked of no proof of Cyrus', async () => {
    const text = `domains = { "example.jp" = "aliases", "example.net" = "one" }\n${EVENTS}${list('aliases', 2)}${lmtp('one', 'unix:/run/lmtp')}`;
    const { of, backchannels, config } = await vouchers(text, { events: new HandProof() });
    const { proof, word, belief } = of('aliases');
    expect(proof).toBe(backchannels.lists.get('aliases')?.proof);
    expect([word, belief]).toEqual([undefined, beliefOf(config.cache, undefined, false)]);
    expect(proof.deferUnknown).toBe(false);
  });

  test.each([
    ['have names', [1, 1], false],
    ['lack them all, in one of them', [1, 0], true],
  ])('beside a Cyrus: where its aliases %s, its unknown is deferred: %s', async (_, names, isDeferred) => {
    const [first = 0, second = 0] = names;
    const text = `domains = { "*" = "one" }\n${lmtp('one', 'inet:24@h', 'also = ["first", "second"]\n')}${list('first', first)}${list('second', second)}`;
    const { proof } = (await vouchers(text)).of('one');
    expect(proof.deferUnknown).toBe(isDeferred);
    expect(proof.describe()).toBe('also first, second');
    expect(proof.floor(1)).toBe(-Infinity);
  });

  test('that is empty beside another one has that defer its unknown, too', async () => {
    const empty = list('empty', 0);
    const text = `domains = { "*" = "aliases" }\n${list('aliases', 1)}also = ["empty"]\n${empty}`;
    expect((await vouchers(text)).of('aliases').proof.deferUnknown).toBe(true);
  });
});

describe('what tells of changes', () => {
  test('is, for a stream, the daemon that is followed, and only for who names it', async () => {
    const text = `domains = { "a.test" = "one", "b.test" = "two" }\n[fleet]\nurl = "valkey://h"\n${lmtp('one', 'inet:24@h')}${lmtp('two', 'inet:24@i', 'stream = "s"\n')}`;
    const followed = new HandProof();
    const { of } = await vouchers(text, { stream: () => followed });
    expect(of('two').proof).toBe(followed);
    expect(of('one').proof).not.toBe(followed);
    expect((await vouchers(text)).of('two').proof.describe()).toContain('age alone');
  });

  test('are not the events of a list or of a murder', async () => {
    writeFileSync(pathOf('password'), 'secret', { mode: 0o600 });
    const murder = `[backchannel.murder]\ntype = "mupdate"\nendpoint = "inet:1@127.0.0.1"\nuser = "u"\npassword_file = "${pathOf('password')}"\nservers = { "h" = "a" }\n`;
    const imap = `[backchannel.b]\ntype = "imap"\nendpoint = "unix:/imap"\nuser = "u"\npassword_file = "${pathOf('password')}"\n`;
    const { config } = await vouchers(
      `domains = { "*" = "murder" }\n${EVENTS}${lmtp('a', 'unix:/lmtp')}${imap}${murder}${list('aliases', 1)}`,
    );
    if (config.events === undefined) throw new Error('no events');
    expect(pushers(config.events, config.backchannels)).toEqual(['a', 'b']);
  });
});

test('servers that share a domain are believed by their own proofs, and not by those of others', async () => {
  const text = `domains = { "a.test" = ["one", "two"], "b.test" = ["two", "one"], "c.test" = "three" }
${EVENTS}backchannels = ["one", "two"]
${lmtp('one', 'inet:24@h')}${lmtp('two', 'inet:24@i')}${lmtp('three', 'inet:24@j')}`;
  const { of } = await vouchers(text, { events: new HandProof() });
  expect(of('one, two').proof.vouchesForUnknown).toBe(true);
  expect(of('one, two').belief).toEqual(of('one').belief);
  expect(of('one, two').belief).not.toEqual(of('three').belief);
  const turned = await vouchers(text.replace('["one", "two"]', '["two", "one"]'), {
    events: new HandProof(),
  });
  const [word] = turned.all.flatMap(({ probe, word: each }) => (probe.members === undefined ? [] : [each]));
  expect(word).toBeDefined();
  expect(word).toBe(of('one, two').word);
});

test('servers that share a domain have no word together, where one of them has none', async () => {
  const text = `domains = { "a.test" = ["one", "two"] }\n${lmtp('one', 'inet:24@h')}${lmtp('two', 'inet:24@i', 'second = "aliases"\n')}${list('aliases', 1)}`;
  const { all } = await vouchers(text);
  const [together] = all.filter(({ probe }) => probe.members !== undefined);
  expect(together).toBeDefined();
  expect(together?.word).toBeUndefined();
});
